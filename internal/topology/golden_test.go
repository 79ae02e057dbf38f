package topology_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

var updateGolden = flag.Bool("update", false, "write what is derived as the golden files")

// written is what of a topology decides about resources: records, load
// balancers, certificates, custom domains. Certificates that change are issued
// anew, so that a difference to a golden file is a change of every environment.
func written(m *mapping.Mapping, top *topology.Topology) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("front doors %v, %d routes, hosts %d resolvable %d alb %d native %d", top.FrontDoors, len(top.Routes), len(top.Hosts), len(top.Resolvable), len(top.ALBHosts), len(top.NativeHosts))
	for _, zone := range top.Zones {
		var records []string
		for _, r := range zone.Records {
			target := ""
			if r.FrontDoor != mapping.FrontDoorNative {
				target = fmt.Sprintf(" %q", r.LoadBalancer)
			}
			records = append(records, fmt.Sprintf("%s %s%s", strings.TrimSuffix(string(r.Name), string(zone.Name)), r.FrontDoor, target))
		}
		line("zone %s, %d hosts: %s", zone.Name, len(zone.Hosts), strings.Join(records, ", "))
	}
	for _, balancer := range top.LoadBalancers {
		line("load balancer %q of %s, %d rules", balancer.Name, balancer.FrontDoor, len(balancer.ALBHosts))
		for _, c := range balancer.Certificates {
			if c.Origin == topology.Issued {
				line("  issued %v %v", c.Names, c.PublicZones)
			} else {
				line("  supplied %v", c.Names)
			}
		}
	}
	for _, api := range top.APIs {
		line("API %s %s %q: %d rows", api.Region, api.ID, api.Account, len(api.Rows))
	}
	for _, account := range []mapping.AccountID{orders, shop} {
		for _, d := range topology.DomainsOf(top.Domains, account, nil) {
			line("domain of %s: %s %s %s %q %d paths", account, d.Host, d.FrontDoor, d.Region, d.PublicZone, len(d.Paths))
		}
	}
	for _, notice := range top.Notices {
		line("notice: %s", notice)
	}
	return b.String()
}

// golden are supplied certificates of the golden files.
var golden = supply([]mapping.Host{"*.d000.example.com", "*.d001.example.com"}, []mapping.Host{"a.d002.example.com"}, []mapping.Host{"*.alb.example.com"})

// drawn are rows of every front door under so many parent domains, the same
// ones for a seed.
func drawn(seed uint64, rows, parents int) (*mapping.Mapping, migration.Plan) {
	random := rand.New(rand.NewPCG(seed, 1))
	var all []mapping.Row
	at := migration.Plan{}
	for i := range rows {
		parent := random.IntN(parents)
		suffix := "example.com"
		if parent%17 == 3 {
			suffix = strings.Repeat("long", 12) + ".example.com"
		}
		host := mapping.Host(fmt.Sprintf("h%d.d%03d.%s", i, parent, suffix))
		if i%29 == 5 {
			host = mapping.Host(fmt.Sprintf("*.d%03d.%s", parent, suffix))
		}
		if _, twice := at[host]; twice {
			continue
		}
		frontDoor := frontDoors[random.IntN(3)]
		if host.IsWildcard() {
			frontDoor = nginx
		}
		r := owned(frontDoor, []mapping.AccountID{orders, shop}[i%2], mapping.APIID(fmt.Sprintf("api%d", i)), host, "")
		if parent%5 == 0 {
			r.PublicZone = "example.com"
		}
		r.Retired = random.IntN(12) == 0
		all = append(all, r)
		name := []mapping.FrontDoor{"", nginx, alb, native, frontDoor, frontDoor, frontDoor}[random.IntN(7)]
		p := outputs.HostState{Current: name}
		if host.IsWildcard() { // alb and native have none
			p.Current = nginx
		} else if kept := frontDoors[random.IntN(3)]; kept != name && name == frontDoor {
			p.Retains, p.Pending = []mapping.FrontDoor{kept}, outputs.PendingClients
		}
		at[host] = p
	}
	return of(all...), at
}

// TestDerivationIsWhatItWas holds derivation against files that were written
// when the environments were that exist.
func TestDerivationIsWhatItWas(t *testing.T) {
	example := func(name string) *mapping.Mapping {
		m, err := mapping.Load("../../examples/" + name)
		require.NoError(t, err)
		return m
	}
	wide := topology.Options{Quotas: topology.Quotas{RulesPerLoadBalancer: 5000, PrivateDomains: 5000, RegionalDomains: 5000, Associations: 5000, HostedZones: 5000}}
	with := func(change func(*topology.Options)) topology.Options {
		options := wide
		change(&options)
		return options
	}
	small := func(l *topology.Options) { l.Quotas.CertificatesPerLoadBalancer, l.Quotas.NamesPerCertificate = 2, 4 }
	type derivation struct {
		m       *mapping.Mapping
		at      migration.Plan
		options topology.Options
	}
	cases := map[string]derivation{
		"example-dev":              {m: example("mapping.dev.yaml"), options: topology.Options{}},
		"example-prod":             {m: example("mapping.prod.yaml"), options: topology.Options{SharedALB: true}},
		"example-dev-host-records": {m: example("mapping.dev.yaml"), options: topology.Options{DNS: topology.DNS{HostRecords: true, HostZones: true}}},
		"existing-zones":           {m: hosts(parents(0, 12)...), options: topology.Options{DNS: topology.DNS{ExistingZones: []mapping.Zone{"example.com", "d004.example.com"}}}},
		"supplied":                 {m: hosts(append(parents(0, 12), "b.d002.example.com")...), options: with(func(l *topology.Options) { small(l); l.Supplied = golden })},
		"where-names-were": {m: hosts(parents(0, 40)...), options: with(func(l *topology.Options) {
			small(l)
			l.Previous.CertificateNames = map[string][]mapping.Host{"2": {"*.d003.example.com", "*.d004.example.com"}, "4": {"*.d030.example.com"}, "": {"*.d001.example.com"}}
		})},
	}
	for _, n := range []int{10, 100, 180, 260, 300} {
		cases[fmt.Sprintf("parents-%d", n)] = derivation{m: hosts(parents(0, n)...), options: wide}
	}
	for seed := range uint64(6) {
		m, at := drawn(seed, 120, 40)
		cases[fmt.Sprintf("drawn-%d", seed)] = derivation{m: m, at: at, options: with(func(l *topology.Options) {
			small(l)
			l.SharedALB, l.DNS.HostRecords, l.DNS.HostZones = seed%2 == 0, seed%3 == 2, seed == 4
		})}
		cases[fmt.Sprintf("drawn-%d-wanted", seed)] = derivation{m: m, options: with(func(l *topology.Options) {
			l.SharedALB = seed%2 == 1
			if seed == 5 {
				small(l)
				l.Supplied = golden
			}
		})}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.at == nil {
				c.at = migration.WantedBy(c.m.Rows).Settled()
			}
			top, err := topology.DeriveAt(c.m, c.options, c.at)
			var got string
			if err == nil {
				got = written(c.m, top)
			} else {
				lines := strings.Split(err.Error(), "\n")
				slices.Sort(lines)
				got = strings.Join(lines, "\n") + "\n"
			}
			file := filepath.Join("testdata", "golden", name+".txt")
			if *updateGolden {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}
