package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/mapping"
)

// policyOptions are the flags of the policy command.
type policyOptions struct {
	mapping, api, account, region, endpoint string
	existing                                string
	additional                              []string
	form                                    string
}

func (c *cli) policyCommand() *cobra.Command {
	var o policyOptions
	cmd := &cobra.Command{
		Use:   "policy --mapping FILE --api ID --account N --region R --vpc-endpoint ID",
		Short: "Print the resource policy of one API: Portico's statements merged into the owner's",
		Long: `Print the resource policy of one API as canonical JSON: Portico's statements for
the API's rows, merged into the policy that the API has (--existing), of which
every statement is kept. How much of API Gateway's quota it takes is told on
standard error.`,
		Args: cobra.NoArgs,
		RunE: c.immediate(func() error { return c.policy(o) }),
	}
	mappingFlag(cmd, &o.mapping)
	f := cmd.Flags()
	f.StringVar(&o.api, "api", "", "the REST API's ID")
	f.StringVar(&o.account, "account", "", "the account that owns the API, 12 digits")
	f.StringVar(&o.region, "region", "", "the API's region")
	f.StringVar(&o.endpoint, "vpc-endpoint", "", "the execute-api VPC endpoint that the proxy calls")
	f.StringVar(&o.existing, "existing", "", `the API's policy as it stands: a file, or "-" for standard input`)
	f.StringSliceVar(&o.additional, "additional-vpc-endpoint", nil,
		"another VPC endpoint that may call the whole API; may be repeated")
	f.StringVar(&o.form, "deny-form", string(resourcepolicy.DenyNotResource),
		"how to deny what the rows don't name: notResource or verbs")
	for _, name := range []string{"api", "account", "region", "vpc-endpoint"} {
		required(cmd, name)
	}
	return cmd
}

var (
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
	endpointID = regexp.MustCompile(`^vpce-[0-9a-z]+$`)
)

// check refuses values that no mapping and no account could make right.
func (o policyOptions) check() error {
	if !accountID.MatchString(o.account) {
		return usagef("--account %q: expected the account's number, 12 digits", o.account)
	}
	for _, id := range append([]string{o.endpoint}, o.additional...) {
		if !endpointID.MatchString(id) {
			return usagef("VPC endpoint %q: expected something like vpce-0123456789abcdef0", id)
		}
	}
	if o.form != string(resourcepolicy.DenyNotResource) && o.form != string(resourcepolicy.DenyVerbs) {
		return usagef("--deny-form %q: expected %q or %q", o.form,
			resourcepolicy.DenyNotResource, resourcepolicy.DenyVerbs)
	}
	if o.mapping == "-" && o.existing == "-" {
		return usagef(`--mapping and --existing are both "-": standard input can be read once only`)
	}
	return nil
}

func (c *cli) policy(o policyOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	m, err := c.load(o.mapping)
	if err != nil {
		return err
	}
	rows, err := o.rows(m)
	if err != nil {
		return err
	}
	existing, err := c.existingPolicy(o.existing)
	if err != nil {
		return err
	}
	result, err := resourcepolicy.Merge(resourcepolicy.Request{
		Partition:                rows[0].API.Partition,
		Region:                   o.region,
		AccountID:                o.account,
		APIID:                    o.api,
		VPCEndpointID:            o.endpoint,
		AdditionalVPCEndpointIDs: o.additional,
		Grants:                   apipolicy.Grants(rows),
		Existing:                 existing,
		Form:                     resourcepolicy.DenyForm(o.form),
	})
	if err != nil {
		return err
	}
	for _, notice := range result.Notices {
		fmt.Fprintf(c.err, "portico: notice: %s\n", notice)
	}
	if len(result.Policy) == 0 {
		fmt.Fprintf(c.err, "portico: nothing is left to say: without a resource policy API %s admits nobody; "+
			"a provider stack writes that out as a policy, since AWS deploys no private API without one\n", o.api)
		return nil
	}
	fmt.Fprintf(c.err, "portico: %d of %d characters, %s of the owner's\n",
		result.Size, result.MaxSize, count(result.OwnerStatements, "statement"))
	fmt.Fprintf(c.out, "%s\n", result.Policy)
	return nil
}

// rows are the API's; it is an error if there are none, or if one says that
// the API is somewhere else than the flags say.
func (o policyOptions) rows(m *mapping.Mapping) ([]mapping.Row, error) {
	var rows []mapping.Row
	var errs []error
	for _, row := range m.Rows {
		if string(row.API.ID) != o.api {
			continue
		}
		if row.API.Region != o.region {
			errs = append(errs, fmt.Errorf("%s: %s is in %s, and --region says %s",
				place(m, row), o.api, row.API.Region, o.region))
		}
		if row.Account != "" && string(row.Account) != o.account {
			errs = append(errs, fmt.Errorf("%s: %s belongs to account %s, and --account says %s",
				place(m, row), o.api, row.Account, o.account))
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no row names API %q: name one of %s", m.Source, o.api, apiIDs(m))
	}
	return rows, errors.Join(errs...)
}

// place is where a row stands, as in the mapping's own messages.
func place(m *mapping.Mapping, row mapping.Row) string {
	return fmt.Sprintf("%s:%d:%d: APIS[%d]", m.Source, row.Pos.Line, row.Pos.Column, row.Index)
}

// apiIDs are the first few API IDs of a mapping, for a message.
func apiIDs(m *mapping.Mapping) string {
	const shown = 10
	var ids []string
	seen := map[mapping.APIID]bool{}
	for _, row := range m.Rows {
		if seen[row.API.ID] {
			continue
		}
		seen[row.API.ID] = true
		if len(ids) == shown {
			return strings.Join(ids, ", ") + ", ..."
		}
		ids = append(ids, string(row.API.ID))
	}
	return strings.Join(ids, ", ")
}

func (c *cli) existingPolicy(path string) ([]byte, error) {
	from := c.in
	switch path {
	case "":
		return nil, nil
	case "-":
	default:
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the existing policy: %w", err)
		}
		defer f.Close()
		from = f
	}
	data, err := io.ReadAll(io.LimitReader(from, maxExisting+1))
	if err != nil {
		return nil, fmt.Errorf("read the existing policy: %w", err)
	}
	if len(data) > maxExisting {
		return nil, fmt.Errorf("read the existing policy: %s is larger than 1 MiB, and no API's policy is: name a file that holds the policy alone", path)
	}
	return data, nil
}

// maxExisting bounds the bytes of an existing policy; the quota, which can be
// raised, is 8,192 characters.
const maxExisting = 1 << 20
