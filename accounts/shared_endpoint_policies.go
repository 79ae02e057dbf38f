package accounts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// rowPolicies are the policies of the execute-api endpoints that are made of rows. Each
// endpoint has the rows of all front doors, so that hosts can go from one to another.
//
// An endpoint and the tasks behind it don't change at once: while the proxy turns to other
// targets, its tasks send to the former ones too, and their clients' connections last. So
// the policy of a run lets through what the last run served, and what this one serves;
// the next run takes out what only the last one did.
type rowPolicies struct {
	// during is the policy of this run, and after what it is to come to.
	during, after string
}

// newRowPolicies makes the policies of a run.
func (r *reports) newRowPolicies(rows *mapping.Mapping, derived *topology.Topology) (rowPolicies, error) {
	own, served := []mapping.Row{}, []*outputs.Served{r.served, migration.DirectRows(rows.Rows, derived.Plan)}
	for _, row := range rows.Rows {
		if !row.Retired {
			own = append(own, row)
		}
	}
	after, err := withServed(own, served...)
	if err != nil {
		return rowPolicies{}, err
	}
	during, err := withServed(after, r.own.Served, r.own.Direct)
	if err != nil {
		return rowPolicies{}, err
	}
	var policies rowPolicies
	native := atNative(derived.Plan)
	if policies.after, err = policyOfRows(after, native); err != nil {
		return policies, err
	}
	policies.during, err = policyOfRows(during, slices.Concat(native, atNative(r.own.FrontDoors)))
	return policies, err
}

// atNative are the hosts that native serves, or still serves to clients that hold its
// address, whatever the mapping wants.
func atNative(states map[mapping.Host]outputs.HostState) []mapping.Host {
	var hosts []mapping.Host
	for host, state := range states {
		if state.Current == mapping.FrontDoorNative || slices.Contains(state.Retains, mapping.FrontDoorNative) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// withServed adds the rows that outputs have.
func withServed(rows []mapping.Row, all ...*outputs.Served) ([]mapping.Row, error) {
	rows = slices.Clone(rows)
	for _, served := range all {
		if served == nil {
			continue
		}
		for _, one := range served.Rows {
			row, err := one.Row()
			if err != nil {
				return nil, fmt.Errorf("read the stack's own outputs: %w", err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// policyOfRows lets requests through to the APIs and stages of rows. Verbs and paths are
// the APIs' own policies' to allow: a statement for each would not fit for 100 rows.
// Private custom domain names, those of rows and of hosts that native serves, are asked
// for by their own ARNs.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-endpoint-policies.html
func policyOfRows(rows []mapping.Row, native []mapping.Host) (string, error) {
	resources := map[string]bool{}
	native = slices.Clone(native)
	var domain aws.ARN // of the region that all rows have, or the run is refused
	for _, row := range rows {
		account := string(row.Account)
		if account == "" {
			account = "*"
		}
		arn := aws.ARN{Partition: row.API.Partition, Service: "execute-api", Region: row.API.Region, AccountID: account}
		arn.Resource = string(row.API.ID) + "/" + string(row.API.Stage) + "/*"
		resources[arn.String()] = true
		domain = arn
		domain.AccountID = "*"
		if row.FrontDoor == mapping.FrontDoorNative {
			native = append(native, row.Host)
		}
	}
	for _, host := range native {
		domain.Resource = "/domainnames/" + string(host) + "+*"
		resources[domain.String()] = true
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": slices.Sorted(maps.Keys(resources)),
	}}})
	if err != nil {
		return "", fmt.Errorf("write the endpoints' policy: %w", err)
	}
	return string(text), nil
}

// ofRows are the keys of the endpoints whose policy is made of the rows.
func ofRows(config settings.Endpoints) []string {
	var keys []string
	for _, one := range []struct {
		key      string
		endpoint settings.APIEndpoint
	}{{"executeApi", config.ExecuteAPI}, {"alb", config.ALB}, {"native", config.Native}} {
		if one.endpoint.Policy == settings.PolicyOfRows {
			keys = append(keys, "portico:endpoints."+one.key+".policy")
		}
	}
	return keys
}

// check reports policies that AWS would refuse.
func (p rowPolicies) check(config settings.Endpoints) error {
	keys := ofRows(config)
	if len(keys) == 0 || len(p.during) <= settings.MaxEndpointPolicy {
		return nil
	}
	return fmt.Errorf("%s: the policy of the rows has %d characters, and AWS takes %d: name fewer APIs in the mapping, write the path of a policy of your own, or take it out",
		keys[0], len(p.during), settings.MaxEndpointPolicy)
}

// endpointPolicy is an endpoint's policy; "": full access.
func (s *sharedStack) endpointPolicy(c settings.APIEndpoint) string {
	if c.Policy == settings.PolicyOfRows {
		return s.rowPolicies.during
	}
	return c.Document
}

// widePolicies reports whether an endpoint's policy lets more through than the rows need,
// so that the next run narrows it.
func (s *sharedStack) widePolicies() bool {
	return len(ofRows(s.config.Endpoints)) > 0 && s.rowPolicies.during != s.rowPolicies.after
}
