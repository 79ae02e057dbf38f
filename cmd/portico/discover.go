package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/discovery"
	"github.com/portico-iac/portico/mapping"
)

type discoverOptions struct {
	environment environmentOptions
	json, yaml  bool
	template    string
}

func (c *cli) discoverCommand() *cobra.Command {
	var o discoverOptions
	cmd := &cobra.Command{
		Use:   "discover --env NAME",
		Short: "List the accounts' private APIs, who may call them, and propose rows for them",
		Long: `List the private APIs of the accounts that own APIs, with their stages: who may
call each by its saved resource policy, and which rows of the mapping lead to it. For
the stages to which none leads it proposes rows; --yaml prints those alone, as
mapping YAML. Reads by at most 8 calls of API Gateway's management a second in an
account: 500 APIs take about a minute.`,
		Args: noArguments,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := discovery.Template(o.template).Check(); err != nil {
			return usagef("--%v", err)
		}
		return c.action(func(ctx context.Context) error { return c.discover(ctx, o) })(cmd, args)
	}
	environmentFlags(cmd, &o.environment)
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print what was found as JSON")
	f.BoolVar(&o.yaml, "yaml", false, "print the proposed rows as mapping YAML")
	f.StringVar(&o.template, "template", string(discovery.DefaultTemplate), "the `TEMPLATE` of proposed rows' hosts: {api}, {team}, {stage} and {id} are filled in")
	cmd.MarkFlagsMutuallyExclusive("json", "yaml")
	return cmd
}

func (c *cli) discover(ctx context.Context, o discoverOptions) error {
	result, err := c.readAPIs(ctx, o)
	if err != nil {
		return err
	}
	for _, one := range result.Unread {
		fmt.Fprintf(c.err, "portico: not read: account %s: %s\n", one.Account, one.Why)
	}
	switch {
	case o.json:
		err = c.writeJSON(result)
	case o.yaml:
		err = c.writeProposed(result)
	default:
		_, err = io.WriteString(c.out, discovered(result).text(c.screen))
	}
	if err != nil {
		return fmt.Errorf("write what was discovered: %w", err)
	}
	if len(result.APIs) == 0 && len(result.Unread) > 0 {
		return errReported
	}
	return nil
}

// readAPIs reads the private APIs of the accounts that own APIs.
func (c *cli) readAPIs(ctx context.Context, o discoverOptions) (*discovery.Result, error) {
	at := c.status("reading what the shared stack reports")
	defer at.end()
	known, err := findEnvironment(ctx, o.environment)
	if err != nil {
		return nil, err
	}
	region := known.environment.Shared.Region
	partition, _ := aws.PartitionOf(region)
	options := discovery.Options{
		Mapping: known.environment.Mapping, Partition: partition.ID, Region: region, VPCID: known.environment.Shared.VPCID,
		Template: discovery.Template(o.template),
	}
	for _, owner := range known.owners {
		if id := mapping.AccountID(owner.ID); !slices.Contains(options.Owners, id) {
			options.Owners = append(options.Owners, id)
		}
	}
	var read atomic.Int64
	options.Reading = func(mapping.AccountID) {
		at.set("reading %d accounts, private API %d", len(options.Owners), read.Add(1))
	}
	return discovery.Discover(ctx, known.accounts, options), nil
}

// writeProposed writes the proposed rows as a mapping.
func (c *cli) writeProposed(result *discovery.Result) error {
	var document struct {
		APIs []discovery.Row `yaml:"APIS"`
	}
	for _, api := range result.APIs {
		document.APIs = append(document.APIs, api.Proposed...)
	}
	encoder := yaml.NewEncoder(c.out)
	encoder.SetIndent(2)
	return encoder.Encode(document)
}

// discovered is a table of the APIs.
func discovered(result *discovery.Result) *listing {
	t := newTable(table.Row{"ACCOUNT", "API", "NAME", "STAGES", "CALLERS", "ROWS"})
	for _, api := range result.APIs {
		callers := string(api.Callers)
		if api.Callers == discovery.Endpoints {
			callers = strings.Join(api.Endpoints, ", ")
		}
		rows := strings.Join(api.Rows, ", ")
		if len(api.Rows) == 0 && len(api.Proposed) > 0 {
			rows = "none; proposed: " + api.Proposed[0].CustomDomainURL
		}
		t.AppendRow(table.Row{api.Account, api.ID, orDash(api.Name), orDash(strings.Join(api.Stages, ", ")), callers, orDash(rows)})
	}
	return t
}
