// Package discovery lists the private APIs of an environment's accounts: who may call
// each of them today, which rows of the mapping lead to it, and a row for those that
// have none.
package discovery

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/mapping"
)

// Options say what to discover.
type Options struct {
	// Mapping is the environment's.
	Mapping *mapping.Mapping
	// Partition and Region are where the accounts are read.
	Partition, Region string
	// VPCID is the VPC of the shared account.
	VPCID string
	// Owners are the accounts to read, by number.
	Owners []mapping.AccountID
	// Template makes the hosts of proposed rows; see Template.
	Template Template
	// Reading is called before each private API is read, of several accounts side by
	// side; nil: nothing is called.
	Reading func(mapping.AccountID)
}

// Callers are who a saved resource policy admits, at most.
type Callers string

// The callers, the most first.
const (
	// Everybody is every client of any execute-api endpoint, in any account.
	Everybody Callers = "everybody"
	// WholeVPC is every workload of the shared VPC, through any endpoint there.
	WholeVPC Callers = "the whole VPC"
	// Endpoints are those that come through the listed endpoints.
	Endpoints Callers = "listed endpoints"
	// Others are callers whom the policy tells apart by something else, such as an
	// account or an address.
	Others Callers = "others"
	// None is no caller: the API has no policy, or one that admits none.
	None Callers = "none"
)

// API is a private REST API.
type API struct {
	Account mapping.AccountID `json:"account"`
	ID      mapping.APIID     `json:"id"`
	Name    string            `json:"name"`
	Stages  []string          `json:"stages"`
	// Callers are who the saved policy admits. A stage enforces the policy with which
	// it was deployed, which no call of AWS's reads.
	Callers Callers `json:"callers"`
	// Endpoints are the VPC endpoints that the policy names and admits.
	Endpoints []string `json:"endpoints"`
	// Rows are the addresses of the mapping's rows that lead to the API.
	Rows []string `json:"rows"`
	// Proposed are rows for the stages to which none leads.
	Proposed []Row `json:"proposed"`
}

// Row is a row of a mapping, by the names that the mapping has.
type Row struct {
	CustomDomainURL string `json:"CUSTOM_DOMAIN_URL" yaml:"CUSTOM_DOMAIN_URL"`
	PrivateAPIURL   string `json:"PRIVATE_API_URL" yaml:"PRIVATE_API_URL"`
	Account         string `json:"ACCOUNT" yaml:"ACCOUNT"`
}

// Unread is what could not be read of an account.
type Unread struct {
	Account mapping.AccountID `json:"account"`
	Why     string            `json:"why"`
}

// Result is what was found. Its JSON form is a contract: fields are added, never
// renamed or removed.
type Result struct {
	// APIs are sorted by account and ID.
	APIs   []API    `json:"apis"`
	Unread []Unread `json:"unread"`
}

// Discover reads the accounts, side by side.
func Discover(ctx context.Context, accounts doctor.Accounts, o Options) *Result {
	found := make([][]API, len(o.Owners))
	unread := make([][]Unread, len(o.Owners))
	var group errgroup.Group
	group.SetLimit(accountsAtOnce)
	for i, owner := range o.Owners {
		group.Go(func() error {
			found[i], unread[i] = o.account(ctx, accounts, owner)
			return nil
		})
	}
	_ = group.Wait() // always nil: what failed is unread
	result := &Result{APIs: append([]API{}, slices.Concat(found...)...), Unread: append([]Unread{}, slices.Concat(unread...)...)}
	slices.SortFunc(result.APIs, func(a, b API) int { return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID)) })
	o.propose(result.APIs)
	return result
}

// accountsAtOnce is how many accounts are read side by side. API Gateway counts calls
// by account.
const accountsAtOnce = 16

// account reads one account. An API whose stages can't be read is listed without.
func (o *Options) account(ctx context.Context, accounts doctor.Accounts, owner mapping.AccountID) ([]API, []Unread) {
	reader, err := accounts(string(owner))
	if err != nil {
		return nil, []Unread{{owner, err.Error()}}
	}
	all, err := reader.RESTAPIs(ctx)
	if err != nil {
		return nil, []Unread{{owner, err.Error()}}
	}
	var apis []API
	var unread []Unread
	for _, one := range all {
		if one.EndpointType != "PRIVATE" {
			continue
		}
		if o.Reading != nil {
			o.Reading(owner)
		}
		api := API{Account: owner, ID: mapping.APIID(one.ID), Name: one.Name, Stages: []string{}, Rows: []string{}, Proposed: []Row{}}
		stages, err := reader.Stages(ctx, one.ID)
		if err != nil {
			if note := (Unread{owner, "stages: " + err.Error()}); !slices.Contains(unread, note) {
				unread = append(unread, note)
			}
		}
		for _, stage := range stages {
			api.Stages = append(api.Stages, stage.Name)
		}
		slices.Sort(api.Stages)
		for _, row := range o.Mapping.Rows {
			if row.API.ID == api.ID && row.API.Region == o.Region && !row.Retired {
				api.Rows = append(api.Rows, row.URL())
			}
		}
		named := resourcepolicy.API{Partition: o.Partition, Region: o.Region, AccountID: string(owner), APIID: one.ID}
		var wrong error
		if api.Callers, api.Endpoints, wrong = callersOf(one.Policy, named, api.Stages, o.VPCID); wrong != nil {
			unread = append(unread, Unread{owner, "policy: " + strings.TrimSpace(wrong.Error())})
		}
		apis = append(apis, api)
	}
	return apis, unread
}
