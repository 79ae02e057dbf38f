package main

import (
	"errors"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// explanation is what becomes of a mapping: explain --json prints it as it is.
type explanation struct {
	Mapping string `json:"mapping"`
	// Digest is the SHA-256 of the mapping's meaning; spelling and comments
	// don't change it.
	Digest       string                 `json:"digest"`
	Rows         []explainedRow         `json:"rows"`
	Certificates []explainedCertificate `json:"certificates"`
	Zones        []explainedZone        `json:"zones"`
	APIs         []explainedAPI         `json:"apis"`
	Limits       []explainedLimit       `json:"limits"`
	// Recommendation is there with --recommend only.
	Recommendation *recommendation `json:"recommendation,omitempty"`
}

type explainedRow struct {
	// Row is the row's index in the mapping, Line its line in the file.
	Row  int `json:"row"`
	Line int `json:"line"`
	// File and Team are there in a mapping directory alone.
	File     string `json:"file,omitempty"`
	Team     string `json:"team,omitempty"`
	Host     string `json:"host"`
	BasePath string `json:"basePath"`
	API      string `json:"api"`
	Region   string `json:"region"`
	Stage    string `json:"stage"`
	Path     string `json:"path"`
	// Methods is empty where every verb is allowed.
	Methods []string `json:"methods"`
	// Account is empty where the row names none: the provider stack that lists
	// the API's ID takes it.
	Account   string `json:"account"`
	FrontDoor string `json:"frontDoor"`
	Timeout   int    `json:"timeoutSeconds"`
	Retired   bool   `json:"retired"`
	// Zone is empty for retired rows.
	Zone string `json:"zone"`
	// Certificate is 0 for rows that no load balancer serves.
	Certificate int `json:"certificate"`
}

type explainedCertificate struct {
	// Number counts from 1 over all load balancers.
	Number int      `json:"number"`
	Names  []string `json:"names"`
}

type explainedZone struct {
	Name    string   `json:"name"`
	Records []string `json:"records"`
	Hosts   int      `json:"hosts"`
}

type explainedAPI struct {
	ID      string `json:"id"`
	Region  string `json:"region"`
	Account string `json:"account"`
	Rows    []int  `json:"rows"`
	// PolicySize is the length of the API's resource policy in characters, as
	// long as its owner has no statements of their own.
	PolicySize int `json:"policySize"`
}

type explainedLimit struct {
	What string `json:"what"`
	Used int    `json:"used"`
	Max  int    `json:"max"`
	// Of names what has the limit, where it is not the environment as a whole.
	Of string `json:"of,omitempty"`
}

type explainOptions struct {
	mapping string
	json    bool
	mermaid bool
	// quotas are the stack's, as AWS counts them.
	quotas explainQuotas
	dns    string
	scope  string
	// balancer is the proxy's load balancer's type, and ownALB whether rows of
	// alb have one of their own.
	balancer string
	ownALB   bool
	advice   adviceOptions
	// controls asks for Security Hub's controls instead; environment and dir then
	// name a stack whose settings count, instead of the mapping.
	controls         bool
	environment, dir string
}

// explainQuotas are the keys of portico:quotas.
type explainQuotas struct {
	// names is the number of names that ACM puts into a certificate.
	names int
	// certificates is how many a load balancer takes beside its default one.
	certificates, balancers, rules int
	zones, zoneRecords             int
	private, regional              int
	associations                   int
	policySize                     int
}

func (c *cli) explainCommand() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain {--mapping FILE | --controls --env NAME}",
		Short: "Show what becomes of each row: zone, certificate, front door, account, and the limits used",
		Long: `Show what becomes of each row: zone, certificate, front door, account, and the
limits used.

With --recommend, show for each row which front door fits best and why, what its
API would see differently there, and what the environment costs a month as it is
and as it would be: the fixed cost by AWS's list prices of us-east-1, without
what traffic costs.

With --controls, show which controls of AWS Security Hub the shared-services
account's stack meets, which it would meet with a setting, and which it doesn't
meet and why: for an environment's settings with --env, or for the default
settings with --mapping.`,
		Args: noArguments,
		RunE: c.immediate(func() error { return c.explain(o) }),
	}
	f := cmd.Flags()
	f.StringVarP(&o.mapping, "mapping", "m", "", mappingUsage)
	f.BoolVar(&o.controls, "controls", false, "show the controls of AWS Security Hub")
	f.StringVarP(&o.environment, "env", "e", "", "with --controls: the environment, the `NAME` of the shared account's stack")
	f.StringVarP(&o.dir, "dir", "C", ".", "with --env: the `DIR` of the shared account's project")
	cmd.MarkFlagsMutuallyExclusive("mapping", "env")
	cmd.MarkFlagsOneRequired("mapping", "env")
	completeEnvironments(cmd, &o.dir)
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.mermaid, "mermaid", false, "print a Mermaid diagram of the requests' paths")
	f.StringVar(&o.scope, "scope", "parent", "the private hosted zones, as in portico:dns.scope: `parent|host`")
	f.StringVar(&o.dns, "records", "wildcard", "the alias records, as in portico:dns.records: `wildcard|host`")
	f.StringVar(&o.balancer, "load-balancer", "ALB", "as in portico:loadBalancer.type: `ALB|NLB`")
	f.BoolVar(&o.ownALB, "own-alb", false, "rows of front door alb have a load balancer of their own, as with portico:alb.loadBalancer: own")
	for _, quota := range o.quotas.flags() {
		f.IntVar(quota.value, quota.flag, quota.byDefault, "the `NUMBER` in portico:quotas."+quota.key)
	}
	o.advice.flags(f)
	cmd.MarkFlagsMutuallyExclusive("json", "mermaid")
	cmd.MarkFlagsMutuallyExclusive("controls", "recommend", "mermaid")
	return cmd
}

// quotaFlag is a flag for a key of portico:quotas.
type quotaFlag struct {
	flag, key              string
	value                  *int
	byDefault, least, most int
}

func (q *explainQuotas) flags() []quotaFlag {
	byDefault := topology.DefaultQuotas()
	return []quotaFlag{
		{"names-per-certificate", "namesPerCertificate", &q.names, byDefault.NamesPerCertificate, 1, topology.MaxNamesPerCertificate},
		{"certificates-per-load-balancer", "certificatesPerLoadBalancer", &q.certificates, byDefault.CertificatesPerLoadBalancer, 1, math.MaxInt},
		{"load-balancers", "loadBalancers", &q.balancers, byDefault.LoadBalancers, 1, topology.MaxLoadBalancers},
		{"rules-per-load-balancer", "rulesPerLoadBalancer", &q.rules, byDefault.RulesPerLoadBalancer, 1, math.MaxInt},
		{"hosted-zones", "hostedZones", &q.zones, byDefault.HostedZones, 1, math.MaxInt},
		{"records-per-zone", "recordsPerZone", &q.zoneRecords, byDefault.RecordsPerZone, topology.OwnRecordsPerZone + 1, math.MaxInt},
		{"private-domains", "privateDomains", &q.private, byDefault.PrivateDomains, 1, math.MaxInt},
		{"regional-domains", "regionalDomains", &q.regional, byDefault.RegionalDomains, 1, math.MaxInt},
		{"associations", "associations", &q.associations, byDefault.Associations, 1, math.MaxInt},
		{"resource-policy-size", "resourcePolicySize", &q.policySize, resourcepolicy.DefaultMaxSize, 1, math.MaxInt},
	}
}

// check refuses values that no account and no stack could have.
func (o explainOptions) check() error {
	for _, quota := range o.quotas.flags() {
		if *quota.value < quota.least || *quota.value > quota.most {
			if quota.most == math.MaxInt {
				return usagef("--%s %d: expected an account's quota, %d or more", quota.flag, *quota.value, quota.least)
			}
			return usagef("--%s %d: expected %d to %d", quota.flag, *quota.value, quota.least, quota.most)
		}
	}
	for flag, choice := range map[string]struct{ value, first, second string }{
		"records": {o.dns, "wildcard", "host"}, "scope": {o.scope, "parent", "host"}, "load-balancer": {o.balancer, "ALB", "NLB"},
	} {
		if choice.value != choice.first && choice.value != choice.second {
			return usagef("--%s %q: expected %s or %s", flag, choice.value, choice.first, choice.second)
		}
	}
	if o.environment != "" && !o.controls {
		return usagef("--env is for --controls: give the mapping by --mapping")
	}
	return o.advice.check(o.balancer)
}

func (c *cli) explain(o explainOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.controls {
		return c.explainControls(o)
	}
	m, err := c.load(o.mapping)
	if err != nil {
		return err
	}
	options := o.topology()
	t, err := topology.Derive(m, options)
	if err != nil {
		return err
	}
	e, err := explainMapping(m, t, options, o.quotas.policySize)
	if err != nil {
		return err
	}
	if o.advice.recommend {
		if e.Recommendation, err = o.advice.recommendation(m, t, options, o.advice.size(o.balancer)); err != nil {
			return err
		}
	}
	switch {
	case o.json:
		return c.writeJSON(e)
	case o.mermaid:
		return c.writeMermaid(e)
	case o.advice.recommend:
		return c.writeRecommendation(e.Recommendation)
	}
	return c.writeExplanation(e)
}

// topology are the options of the environment that the flags describe.
func (o explainOptions) topology() topology.Options {
	return topology.Options{
		Quotas: topology.Quotas{
			NamesPerCertificate:         o.quotas.names,
			CertificatesPerLoadBalancer: o.quotas.certificates,
			LoadBalancers:               o.quotas.balancers,
			RulesPerLoadBalancer:        o.quotas.rules,
			HostedZones:                 o.quotas.zones,
			RecordsPerZone:              o.quotas.zoneRecords,
			PrivateDomains:              o.quotas.private,
			RegionalDomains:             o.quotas.regional,
			Associations:                o.quotas.associations,
		},
		DNS:       topology.DNS{HostRecords: o.dns == "host", HostZones: o.scope == "host"},
		SharedALB: !o.ownALB && o.balancer != "NLB",
	}
}

func explainMapping(m *mapping.Mapping, t *topology.Topology, options topology.Options, policySize int) (*explanation, error) {
	e := explainRows(m, t)
	if err := e.addAPIs(t.APIs, policySize); err != nil {
		return nil, err
	}
	usage, err := t.Usage(options)
	if err != nil {
		return nil, err
	}
	e.addLimits(usage, policySize)
	return e, nil
}

// explainRows is what becomes of a mapping's rows, with the certificates and zones
// that they need.
func explainRows(m *mapping.Mapping, t *topology.Topology) *explanation {
	e := &explanation{
		Mapping: m.Source, Digest: m.Digest,
		Rows: []explainedRow{}, Certificates: []explainedCertificate{}, Zones: []explainedZone{}, APIs: []explainedAPI{},
	}
	number := map[*topology.Certificate]int{}
	for i, certificate := range t.Issued() {
		e.Certificates = append(e.Certificates, explainedCertificate{Number: i + 1, Names: texts(certificate.Names)})
		number[certificate] = i + 1
	}
	coverage := map[mapping.FrontDoor]topology.Coverage{}
	for _, frontDoor := range t.FrontDoors {
		coverage[frontDoor] = t.Coverage(frontDoor)
	}
	zoneOf := map[mapping.Host]string{}
	for _, zone := range t.Zones {
		e.Zones = append(e.Zones, explainedZone{string(zone.Name), texts(zone.RecordNames()), len(zone.Hosts)})
		for _, host := range zone.Hosts {
			zoneOf[host] = string(zone.Name)
		}
	}
	for _, row := range m.Rows {
		r := explainedRow{
			Row: row.Index, File: teamFile(&row), Line: row.Pos.Line, Team: row.Team, Host: string(row.Host), BasePath: string(row.BasePath),
			API: string(row.API.ID), Region: row.API.Region, Stage: string(row.API.Stage), Path: string(row.API.Path),
			Methods: texts(row.Methods), Account: string(row.Account), FrontDoor: string(row.FrontDoor),
			Timeout: int(row.Timeout.Seconds()), Retired: row.Retired,
		}
		if !row.Retired {
			r.Zone = zoneOf[row.Host]
			r.Certificate = number[coverage[row.FrontDoor].Of(row.Host)]
		}
		e.Rows = append(e.Rows, r)
	}
	return e
}

// The values that stand in for those that only a deployed environment has. They
// are as long as real ones, so that a policy's size comes out right.
const (
	anyAccount        = "000000000000"
	anyEndpoint       = "vpce-00000000000000000"
	anyALBEndpoint    = "vpce-00000000000000001"
	anyNativeEndpoint = "vpce-00000000000000002"
)

func (e *explanation) addAPIs(apis []topology.API, policySize int) error {
	var errs []error
	for _, api := range apis {
		account := api.Account
		if account == "" {
			account = anyAccount
		}
		request := apipolicy.Request(api, account, nil, apipolicy.AnyDomainARN(api, account))
		request.VPCEndpointID, request.ALBEndpointID = anyEndpoint, anyALBEndpoint
		request.NativeEndpointIDs, request.MaxSize = []string{anyNativeEndpoint}, policySize
		result, err := resourcepolicy.Merge(request)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		explained := explainedAPI{
			ID: string(api.ID), Region: api.Region, Account: string(api.Account), PolicySize: result.Size,
		}
		for _, row := range api.Rows {
			explained.Rows = append(explained.Rows, row.Index)
		}
		e.APIs = append(e.APIs, explained)
	}
	return errors.Join(errs...)
}

// teamFile is the file of a row in a mapping directory.
func teamFile(row *mapping.Row) string {
	if row.Team == "" {
		return ""
	}
	return row.Pos.File
}

func (e *explanation) addLimits(usage []topology.Usage, policySize int) {
	for _, u := range usage {
		e.Limits = append(e.Limits, explainedLimit{What: u.What, Used: u.Used, Max: u.Max, Of: u.Of})
	}
	if len(e.APIs) > 0 {
		longest := slices.MaxFunc(e.APIs, func(a, b explainedAPI) int { return a.PolicySize - b.PolicySize })
		e.Limits = append(e.Limits, explainedLimit{"characters of an API's resource policy",
			longest.PolicySize, policySize, "API " + longest.ID})
	}
}

// texts turns typed strings into plain ones; the result is never nil, so that
// it is a list in JSON too.
func texts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}
