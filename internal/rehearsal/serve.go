package rehearsal

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// maxCommands bounds the command lines for a large mapping.
const maxCommands = 20

// commands are shell command lines that reach the data path from this machine,
// as the client that the probes are. What can't be reached has none.
func (p *prober) commands() []string {
	var lines []string
	for _, row := range sample(p.expect.served, maxCommands) {
		if line, err := p.curl(row); err == nil {
			lines = append(lines, line)
		}
	}
	if dns, port, err := net.SplitHostPort(p.path.DNSAddress()); err == nil && len(lines) > 0 {
		lines = append(lines, fmt.Sprintf("dig @%s -p %s %s", dns, port, sampleHost(p.expect.served[0])))
	}
	return lines
}

// curl is a command line that calls a row's API where its name leads.
func (p *prober) curl(row mapping.Row) (string, error) {
	host := sampleHost(row)
	addresses, err := p.path.ResolveFrom(p.environment.VPCID, host)
	if err != nil {
		return "", err
	}
	listener, err := p.path.Network().ListenerAddress(p.client, netip.AddrPortFrom(addresses[0], httpsPort))
	if err != nil {
		return "", err
	}
	address, port, err := net.SplitHostPort(listener)
	if err != nil {
		return "", fmt.Errorf("read where %s is called: %w", host, err)
	}
	verb := ""
	if method := string(allowed(row)); method == http.MethodHead {
		verb = "--head "
	} else if method != http.MethodGet {
		verb = "-X " + method + " "
	}
	return fmt.Sprintf("curl %s-H '%s' --cacert %s --resolve %s:%s:%s https://%[4]s:%[5]s%[7]s/%[8]s",
		verb, credentials, quote(p.path.CAFile()), host, port, address, row.BasePath, "hello"), nil
}

// quote is a word that a POSIX shell takes as it is.
func quote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// newProber makes a prober that asks as the VPCs' workloads.
func newProber(path *live.Path, environment *live.Environment, clients workloads, m *mapping.Mapping) *prober {
	client := clients[environment.VPCID]
	return &prober{
		path: path, environment: environment, expect: expect(m), frontDoors: findFrontDoors(environment, client),
		client: client, clients: clients, resolve: path.Resolve,
	}
}
