package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

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

// The quotas as an account has them before AWS raises any; topology.Derive
// holds the mapping against them.
const (
	namesPerCertificate = 10
	certificatesPerLB   = 26
	hostedZones         = 500
)

type explainOptions struct {
	mapping string
	json    bool
	mermaid bool
	// names is the number of names that ACM puts into a certificate.
	names int
	dns   string
}

func (c *cli) explainCommand() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain --mapping FILE",
		Short: "Show what becomes of each row: zone, certificate, front door, account, and the limits used",
		Args:  cobra.NoArgs,
		RunE:  c.action(func(context.Context) error { return c.explain(o) }),
	}
	mappingFlag(cmd, &o.mapping)
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.mermaid, "mermaid", false, "print a Mermaid diagram of the requests' paths")
	f.IntVar(&o.names, "names-per-certificate", namesPerCertificate,
		"names in a certificate, as in portico:certificates.namesPerCertificate")
	f.StringVar(&o.dns, "records", "wildcard", "alias records, as in portico:dns.records: wildcard or host")
	cmd.MarkFlagsMutuallyExclusive("json", "mermaid")
	return cmd
}

func (c *cli) explain(o explainOptions) error {
	if o.names < 1 || o.names > topology.MaxNamesPerCertificate {
		return usagef("--names-per-certificate %d: expected 1 to %d", o.names, topology.MaxNamesPerCertificate)
	}
	if o.dns != "wildcard" && o.dns != "host" {
		return usagef("--records %q: expected wildcard or host", o.dns)
	}
	m, err := c.load(o.mapping)
	if err != nil {
		return err
	}
	t, err := topology.Derive(m, topology.Limits{NamesPerCertificate: o.names, HostRecords: o.dns == "host"})
	if err != nil {
		return err
	}
	e, err := explainMapping(m, t, o.names)
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

func explainMapping(m *mapping.Mapping, t *topology.Topology, names int) (*explanation, error) {
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
		e.Zones = append(e.Zones, explainedZone{string(zone.Name), texts(zone.Records), len(zone.Hosts)})
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
	if err := e.addAPIs(t.APIs); err != nil {
		return nil, err
	}
	e.addLimits(names)
	return e, nil
}

// The values that stand in for those that only a deployed environment has. They
// are as long as real ones, so that a policy's size comes out right.
const (
	anyAccount  = "000000000000"
	anyEndpoint = "vpce-00000000000000000"
)

func (e *explanation) addAPIs(apis []topology.API) error {
	var errs []error
	for _, api := range apis {
		account := string(api.Account)
		if account == "" {
			account = anyAccount
		}
		result, err := resourcepolicy.Merge(resourcepolicy.Request{
			Partition: api.Partition, Region: api.Region, AccountID: account, APIID: string(api.ID),
			VPCEndpointID: anyEndpoint, Grants: grants(api.Rows),
		})
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

func (e *explanation) addLimits(names int) {
	e.Limits = []explainedLimit{
		{What: "certificates of the load balancer", Used: len(e.Certificates), Max: certificatesPerLB},
		{What: "private hosted zones of the account", Used: len(e.Zones), Max: hostedZones},
	}
	if len(e.Certificates) > 0 {
		fullest := slices.MaxFunc(e.Certificates, func(a, b explainedCertificate) int { return len(a.Names) - len(b.Names) })
		e.Limits = append(e.Limits, explainedLimit{"names of a certificate", len(fullest.Names), names,
			fmt.Sprintf("certificate %d", fullest.Number)})
	}
	if len(e.APIs) > 0 {
		longest := slices.MaxFunc(e.APIs, func(a, b explainedAPI) int { return a.PolicySize - b.PolicySize })
		e.Limits = append(e.Limits, explainedLimit{"characters of an API's resource policy",
			longest.PolicySize, resourcepolicy.DefaultMaxSize, "API " + longest.ID})
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
