package accounts

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// ProviderDigestsIn makes a function that gives digests of what updates of provider
// stacks are for, by the stacks' names. It is given the outputs of the shared stack, and
// those that each stack had after its last update. An update whose digest is its output
// digest changes nothing, unless the account has changed. A stack is left out if its
// next update has something to do in any case, or may fail.
//
// A digest covers the program's version, the stack's settings, the rows that are about
// its account, and what it takes from the shared stack's outputs.
func ProviderDigestsIn(dir string) func(stacks []string, shared map[string]any, last map[string]map[string]any) map[string]string {
	return func(stacks []string, shared map[string]any, last map[string]map[string]any) map[string]string {
		digests := map[string]string{}
		reported, err := outputs.DecodeShared(shared)
		if err != nil {
			return digests
		}
		views := map[string]*environmentView{}
		for _, name := range stacks {
			config, err := filesOf(dir, name).Provider()
			if err != nil {
				continue
			}
			own, err := outputs.DecodeProvider(last[name])
			if err != nil {
				continue
			}
			path := config.Mapping
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			view, known := views[path]
			if !known {
				view = viewOf(path, reported)
				views[path] = view
			}
			if digest := view.digestOf(name, config, own); digest != "" {
				digests[name] = digest
			}
		}
		return digests
	}
}

// environmentView is what the provider stacks of an environment have in common.
type environmentView struct {
	rows   *mapping.Mapping
	apis   []topology.API
	shared *outputs.Shared
	// state has where all hosts are between front doors, and domains are the custom
	// domains of all accounts.
	state   *migration.State
	domains []topology.Domain
	// through are the rows of the mapping whose requests come by the proxy, and
	// contested those that it serves.
	through, contested []outputs.ServedRow
}

// viewOf reads the mapping of a path; nil: it has mistakes.
func viewOf(path string, shared *outputs.Shared) *environmentView {
	rows, err := mapping.Load(path)
	if err != nil || topology.Check(rows) != nil {
		return nil
	}
	view, err := newEnvironmentView(rows, topology.APIs(rows), shared)
	if err != nil {
		return nil
	}
	return view
}

func newEnvironmentView(rows *mapping.Mapping, apis []topology.API, shared *outputs.Shared) (*environmentView, error) {
	v := &environmentView{rows: rows, apis: apis, shared: shared, state: migration.New(migration.WantedBy(rows.Rows), shared, nil)}
	v.through = v.state.ThroughProxy(rows.Rows, v.state.Reported())
	v.contested = v.state.Contested(v.through)
	var err error
	v.domains, err = topology.Domains(rows, apis, v.state.Reported())
	return v, err
}

// digestOf is the digest of a stack's next update; empty: the update has something to
// do in any case, or may fail.
func (v *environmentView) digestOf(name string, config *settings.Provider, own *outputs.Provider) string {
	if v == nil {
		return ""
	}
	s, err := providerStackBeside(name, config, v.rows, v.apis, own)
	if err != nil || s.check() != nil {
		return ""
	}
	digest, err := v.digest(s)
	if err != nil || v.leftOver(s) {
		return ""
	}
	return digest
}

// admission is what a stack's policies have to admit through the proxy after an update.
func (v *environmentView) admission(s *providerStack) migration.Admission {
	return v.state.AdmissionBeside(v.contested, v.through, s.owns)
}

// leftOver reports whether the last update has left something to the next, though
// neither settings nor rows have changed since: to let go of an API, or to report that
// a waiting row is admitted.
func (v *environmentView) leftOver(s *providerStack) bool {
	beside := *s
	beside.admission = v.admission(s)
	served, err := beside.servedRows()
	if err != nil || len(s.own.TakenBack)+len(beside.leftRows(served)) > 0 {
		return true
	}
	for address, number := range beside.admission.Waiting {
		if s.own.Admits[address] != number {
			return true
		}
	}
	return false
}

// digested is what a digest covers. Places of rows in the mapping, and what of them only
// the shared stack uses, are left out.
type digested struct {
	Program  string
	Contract int
	Settings settings.Provider
	Account  mapping.AccountID
	RoleARN  string

	SharedAccount mapping.AccountID
	SharedRegion  string
	VPCID         string
	Endpoints     map[mapping.FrontDoor]string

	APIs    []digestedAPI
	Domains []topology.Domain
	// Served are the rows that the proxy serves, and Widens the addresses for which
	// policies admit more than the mapping asks.
	Served []digestedRow
	Widens []string
}

type digestedAPI struct {
	ID                mapping.APIID
	Region, Partition string
	Rows              []digestedRow
}

type digestedRow struct {
	Host       mapping.Host
	BasePath   mapping.BasePath
	API        mapping.PrivateAPI
	Methods    []mapping.Method
	FrontDoor  mapping.FrontDoor
	Auth       mapping.Auth
	PublicZone mapping.Zone
	Retired    bool
	// Admitted are the front doors that the policy admits for the host, and Awaited
	// says that the shared stack needs to know of its rows.
	Admitted []mapping.FrontDoor
	Awaited  bool
}

// digest is the digest of a stack's update.
func (v *environmentView) digest(s *providerStack) (string, error) {
	program := programVersion()
	if program == "" {
		return "", errors.New("make the digest of the update: the program's file can't be read")
	}
	admission := v.admission(s)
	d := digested{
		Program: program, Contract: outputs.Contract,
		Settings: withoutKeys(*s.config), Account: s.account.ID, RoleARN: s.account.RoleARN,
		SharedAccount: v.shared.AccountID, SharedRegion: v.shared.Region, VPCID: v.shared.VPCID, Endpoints: v.shared.Endpoints,
		Widens: admission.Widens,
	}
	for _, api := range topology.APIsOf(v.apis, s.account.ID, apiIDs(s.config.APIs)) {
		one := digestedAPI{ID: api.ID, Region: api.Region, Partition: api.Partition}
		for _, row := range api.Rows {
			one.Rows = append(one.Rows, digestedRow{
				Host: row.Host, BasePath: row.BasePath, API: row.API, Methods: row.Methods, FrontDoor: row.FrontDoor,
				Auth: row.Auth, PublicZone: row.PublicZone, Retired: row.Retired,
				Admitted: v.state.Admitted(row.Host), Awaited: v.state.Awaited(row.Host),
			})
		}
		slices.SortStableFunc(one.Rows, func(a, b digestedRow) int {
			return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.BasePath, b.BasePath), cmp.Compare(a.API.URL(), b.API.URL()))
		})
		d.APIs = append(d.APIs, one)
	}
	for _, row := range admission.Served {
		served, err := row.Row()
		if err != nil {
			return "", fmt.Errorf("read output served of stack %s: %w", s.config.Shared.Stack, err)
		}
		d.Served = append(d.Served, digestedRow{Host: served.Host, BasePath: served.BasePath, API: served.API, Methods: served.Methods})
	}
	for _, domain := range topology.DomainsOf(v.domains, s.account.ID, apiIDs(s.config.APIs)) {
		domain.Paths = slices.Clone(domain.Paths)
		for i := range domain.Paths {
			domain.Paths[i].Row = 0
		}
		d.Domains = append(d.Domains, domain)
	}
	data, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("make the digest of the update: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// withoutKeys are settings without the private keys of certificates to import, which
// are known to a running program alone. Another key has another certificate.
func withoutKeys(c settings.Provider) settings.Provider {
	c.Certificates.Import = slices.Clone(c.Certificates.Import)
	for i := range c.Certificates.Import {
		c.Certificates.Import[i].PrivateKey = ""
	}
	c.Certificates.Imported = slices.Clone(c.Certificates.Imported)
	for i := range c.Certificates.Imported {
		c.Certificates.Imported[i].PrivateKey = ""
	}
	return c
}

// begin notes what the update is for, before it changes anything.
func (s *providerStack) begin() error {
	view, err := newEnvironmentView(s.rows, s.allAPIs, s.shared)
	if err != nil {
		return err
	}
	if s.digest, err = view.digest(s); err != nil {
		return err
	}
	_, err = components.NewRun(s.ctx, "run", &components.RunArgs{Digest: s.digest})
	return err
}
