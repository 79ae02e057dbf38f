package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// policyOptions are the flags of the policy command.
type policyOptions struct {
	mapping, api, account, region string
	// endpoint, alb and native are the endpoints of the front doors.
	endpoint, alb string
	native        []string
	domains       map[string]string
	existing      string
	additional    []string
	form          string
	// app and environment name the installation whose statements are written.
	app, environment string
}

func (c *cli) policyCommand() *cobra.Command {
	var o policyOptions
	cmd := &cobra.Command{
		Use:   "policy --mapping FILE --api ID --account N --region R [--vpc-endpoint ID] [--alb-endpoint ID] [--native-endpoint ID]",
		Short: "Print the resource policy of one API: Portico's statements merged into the owner's",
		Long: `Print the resource policy of one API as canonical JSON: Portico's statements for
the API's rows, merged into the policy that the API has (--existing), of which
every statement is kept. Standard error
says how much of API Gateway's quota it takes.

With --environment the statements are the ones that the environment's stack writes:
only its own are replaced, and another environment's stay.

Each front door that the API's rows name needs its endpoint: --vpc-endpoint for
nginx, --alb-endpoint for alb, --native-endpoint and --domain-arn for native. An
endpoint without rows of the API is shut out.`,
		Args: noArguments,
		RunE: c.immediate(func() error { return c.policy(o) }),
	}
	cmd.Flags().StringVarP(&o.mapping, "mapping", "m", "", mappingUsage)
	f := cmd.Flags()
	f.StringVar(&o.api, "api", "", "the REST API's `ID`")
	f.StringVar(&o.account, "account", "", "the `NUMBER` of the account that owns the API, 12 digits")
	f.StringVar(&o.region, "region", "", "the API's `REGION`")
	f.StringVar(&o.endpoint, "vpc-endpoint", "", "the `ID` of the execute-api VPC endpoint that the proxy calls")
	f.StringVar(&o.alb, "alb-endpoint", "", "the `ID` of the execute-api VPC endpoint of front door alb")
	f.StringSliceVar(&o.native, "native-endpoint", nil,
		"the `ID` of an execute-api VPC endpoint of front door native, the shared account's first; may be repeated")
	f.StringToStringVar(&o.domains, "domain-arn", nil,
		"the ARN of a host's PRIVATE custom domain, as `HOST=ARN`; may be repeated")
	f.StringVar(&o.existing, "existing", "", "the `FILE` with the API's present policy, as \"aws apigateway get-rest-api\" prints it; \"-\" reads standard input")
	f.StringSliceVar(&o.additional, "additional-vpc-endpoint", nil,
		"the `ID` of another VPC endpoint that may call the whole API; may be repeated")
	f.StringVar(&o.form, "deny-form", string(resourcepolicy.DenyNotResource),
		"how to deny what the rows don't name: `notResource|verbs`")
	f.StringVar(&o.environment, "environment", "",
		"the `NAME` of the environment whose statements are written, as portico:app.environment of its stacks; empty: statements without an environment's name")
	f.StringVar(&o.app, "app", settings.DefaultShared().App.Name, "the installation's `NAME`, as portico:app.name of its stacks")
	return cmd
}

func (c *cli) policy(o policyOptions) error {
	wrong := o.check()
	if len(wrong) > 0 && (o.mapping == "" || o.mapping == "-" || o.api == "") {
		return wrong.err()
	}
	m, err := c.load(o.mapping)
	if err != nil {
		if len(wrong) > 0 {
			return wrong.err()
		}
		return err
	}
	request, missing, err := o.request(m)
	if wrong = append(wrong, missing...); len(wrong) > 0 {
		return wrong.err()
	}
	if err != nil {
		return err
	}
	if request.Existing, err = c.existingPolicy(o.existing); err != nil {
		return err
	}
	result, err := resourcepolicy.Merge(request)
	if err != nil {
		return err
	}
	for _, notice := range result.Notices {
		fmt.Fprintf(c.err, "portico: notice: %s\n", notice)
	}
	if len(result.Policy) == 0 {
		fmt.Fprintf(c.err, "portico: nothing is left to say: without a resource policy API %s admits no caller; "+
			"a provider stack writes that out as a policy, since AWS deploys no private API without one\n", o.api)
		return nil
	}
	fmt.Fprintf(c.err, "portico: %d of %d characters, %s of the owner's\n",
		result.Size, result.MaxSize, count(result.OwnerStatements, "statement"))
	fmt.Fprintf(c.out, "%s\n", result.Policy)
	return nil
}

// request asks for the policy of the API's rows. missing are the flags that the
// rows demand: an endpoint for each front door, an ARN for each custom domain.
func (o policyOptions) request(m *mapping.Mapping) (r resourcepolicy.Request, missing usageErrors, err error) {
	rows, err := o.rows(m)
	if len(rows) == 0 {
		return r, nil, err
	}
	api := topology.API{
		ID: mapping.APIID(o.api), Region: o.region, Partition: rows[0].API.Partition, Rows: rows,
	}
	arn := func(host mapping.Host) string { return o.domains[string(host)] }
	r = apipolicy.Request(api, mapping.AccountID(o.account), nil, arn)
	r.App, r.Environment = o.app, o.environment
	r.VPCEndpointID, r.ALBEndpointID, r.NativeEndpointIDs = o.endpoint, o.alb, o.native
	r.AdditionalVPCEndpointIDs, r.Form = o.additional, resourcepolicy.DenyForm(o.form)
	if o.endpoint == "" && o.alb == "" && len(o.native) == 0 {
		// check has said so.
		return r, nil, err
	}
	for _, need := range []struct {
		frontDoor mapping.FrontDoor
		grants    []resourcepolicy.Grant
		has       bool
		flag      string
	}{
		{mapping.FrontDoorNGINX, r.Grants, o.endpoint != "", "vpc-endpoint"},
		{mapping.FrontDoorALB, r.ALBGrants, o.alb != "", "alb-endpoint"},
		{mapping.FrontDoorNative, r.NativeGrants, len(o.native) > 0, "native-endpoint"},
	} {
		if len(need.grants) > 0 && !need.has {
			missing.add("%s has FRONT_DOOR %s: --%s is missing", need.grants[0].Source, need.frontDoor, need.flag)
		}
	}
	for _, grant := range r.NativeGrants {
		if grant.DomainARN == "" {
			missing.add("%s has FRONT_DOOR %s: --domain-arn %s=ARN is missing: the provider stack's output domainNameArns has it",
				grant.Source, mapping.FrontDoorNative, grant.Host)
		}
	}
	return r, missing, err
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
				row.Position(), o.api, row.API.Region, o.region))
		}
		if row.Account != "" && string(row.Account) != o.account {
			errs = append(errs, fmt.Errorf("%s: %s belongs to account %s, and --account says %s",
				row.Position(), o.api, row.Account, o.account))
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: no row names API %q: name one of %s", m.Source, o.api, apiIDs(m))
	}
	return rows, errors.Join(errs...)
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
