package main

import (
	"errors"
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
}

type explainedRow struct {
	// Row is the row's index in APIS, Line its line in the file.
	Row      int    `json:"row"`
	Line     int    `json:"line"`
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
	// Zone and Certificate are empty and 0 for rows without a route.
	Zone        string `json:"zone"`
	Certificate int    `json:"certificate"`
}

type explainedCertificate struct {
	// Number counts from 1; certificate 1 is the load balancer's default.
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
	// Of says what has the limit, where it is not the estate as a whole.
	Of string `json:"of,omitempty"`
}

type explainOptions struct {
	mapping string
	json    bool
	mermaid bool
	// names is the number of names that ACM puts into a certificate.
	names int
	// certificates is how many a load balancer takes beside its default one.
	certificates int
	zones        int
	zoneRecords  int
	policySize   int
	dns          string
	scope        string
}

func (c *cli) explainCommand() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain --mapping FILE",
		Short: "Show what becomes of each row: zone, certificate, front door, account, and the limits used",
		Args:  cobra.NoArgs,
		RunE:  c.immediate(func() error { return c.explain(o) }),
	}
	mappingFlag(cmd, &o.mapping)
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.mermaid, "mermaid", false, "print a Mermaid diagram of the requests' paths")
	f.IntVar(&o.names, "names-per-certificate", 10,
		"names in a certificate, as in portico:quotas.namesPerCertificate")
	f.IntVar(&o.certificates, "certificates-per-load-balancer", 25,
		"certificates beside the default one, as in portico:quotas.certificatesPerLoadBalancer")
	f.IntVar(&o.zones, "hosted-zones", 500, "as in portico:quotas.hostedZones")
	f.IntVar(&o.zoneRecords, "records-per-zone", 10000, "as in portico:quotas.recordsPerZone")
	f.IntVar(&o.policySize, "resource-policy-size", resourcepolicy.DefaultMaxSize, "as in portico:quotas.resourcePolicySize")
	f.StringVar(&o.scope, "scope", "parent", "private hosted zones, as in portico:dns.scope: parent or host")
	f.StringVar(&o.dns, "records", "wildcard", "alias records, as in portico:dns.records: wildcard or host")
	cmd.MarkFlagsMutuallyExclusive("json", "mermaid")
	return cmd
}

func (c *cli) explain(o explainOptions) error {
	if o.names < 1 || o.names > topology.MaxNamesPerCertificate {
		return usagef("--names-per-certificate %d: expected 1 to %d", o.names, topology.MaxNamesPerCertificate)
	}
	for flag, value := range map[string]int{
		"certificates-per-load-balancer": o.certificates, "hosted-zones": o.zones,
		"records-per-zone": o.zoneRecords - 2, "resource-policy-size": o.policySize,
	} {
		if value < 1 {
			return usagef("--%s: expected an account's quota", flag)
		}
	}
	if o.dns != "wildcard" && o.dns != "host" {
		return usagef("--records %q: expected wildcard or host", o.dns)
	}
	if o.scope != "parent" && o.scope != "host" {
		return usagef("--scope %q: expected parent or host", o.scope)
	}
	m, err := c.load(o.mapping)
	if err != nil {
		return err
	}
	limits := o.limits()
	t, err := topology.Derive(m, limits)
	if err != nil {
		return err
	}
	e, err := explainMapping(m, t, limits, o.policySize)
	if err != nil {
		return err
	}
	switch {
	case o.json:
		return c.writeJSON(e)
	case o.mermaid:
		return c.writeMermaid(e)
	}
	return c.writeExplanation(e)
}

// limits are the quotas as topology counts them: with the load balancer's
// default certificate, and without a zone's own NS and SOA records.
func (o explainOptions) limits() topology.Limits {
	return topology.Limits{
		NamesPerCertificate: o.names,
		Certificates:        o.certificates + 1,
		HostedZones:         o.zones,
		RecordsPerZone:      o.zoneRecords - 2,
		HostRecords:         o.dns == "host",
		HostZones:           o.scope == "host",
	}
}

func explainMapping(m *mapping.Mapping, t *topology.Topology, limits topology.Limits, policySize int) (*explanation, error) {
	e := &explanation{
		Mapping: m.Source, Digest: m.Digest,
		Rows: []explainedRow{}, Certificates: []explainedCertificate{}, Zones: []explainedZone{}, APIs: []explainedAPI{},
	}
	certificateOf := map[mapping.Host]int{}
	for i, certificate := range t.Certificates {
		e.Certificates = append(e.Certificates, explainedCertificate{Number: i + 1, Names: texts(certificate.Names)})
		for _, name := range certificate.Names {
			certificateOf[name] = i + 1
		}
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
			Row: row.Index, Line: row.Pos.Line, Host: string(row.Host), BasePath: string(row.BasePath),
			API: string(row.API.ID), Region: row.API.Region, Stage: string(row.API.Stage), Path: string(row.API.Path),
			Methods: texts(row.Methods), Account: string(row.Account), FrontDoor: string(row.FrontDoor),
			Timeout: int(row.Timeout.Seconds()), Retired: row.Retired,
		}
		if !row.Retired && row.FrontDoor == mapping.FrontDoorNGINX {
			r.Zone = zoneOf[row.Host]
			// A certificate's wildcard covers one label (RFC 6125 6.4.3).
			r.Certificate = certificateOf["*."+mapping.Host(row.Host.Parent())]
		}
		e.Rows = append(e.Rows, r)
	}
	if err := e.addAPIs(t.APIs, policySize); err != nil {
		return nil, err
	}
	usage, err := t.Usage(limits)
	if err != nil {
		return nil, err
	}
	e.addLimits(usage, policySize)
	return e, nil
}

// The values that stand in for those that only a deployed environment has. They
// are as long as real ones, so that a policy's size comes out right.
const (
	anyAccount  = "000000000000"
	anyEndpoint = "vpce-00000000000000000"
)

func (e *explanation) addAPIs(apis []topology.API, policySize int) error {
	var errs []error
	for _, api := range apis {
		account := api.Account
		if account == "" {
			account = anyAccount
		}
		request := apipolicy.Request(api, account, nil, apipolicy.AnyDomainARN(api, account))
		request.VPCEndpointID, request.MaxSize = anyEndpoint, policySize
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
