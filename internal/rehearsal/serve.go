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
	if len(p.estate.LoadBalancers) == 0 || len(p.estate.LoadBalancers[0].Interfaces) == 0 {
		return nil
	}
	front := netip.AddrPortFrom(p.estate.LoadBalancers[0].Interfaces[0].Address, httpsPort)
	door, err := p.path.Network().Door(p.client, front)
	if err != nil {
		return nil
	}
	address, port, err := net.SplitHostPort(door)
	if err != nil {
		return nil
	}
	var lines []string
	for _, row := range sample(p.expect.served, maxCommands) {
		host := sampleHost(row)
		verb := ""
		if method := string(allowed(row)); method == http.MethodHead {
			verb = "--head "
		} else if method != http.MethodGet {
			verb = "-X " + method + " "
		}
		lines = append(lines, fmt.Sprintf("curl %s-H '%s' --cacert %s --resolve %s:%s:%s https://%[4]s:%[5]s%[7]s/%[8]s",
			verb, credentials, quote(p.path.CAFile()), host, port, address, row.BasePath, "hello"))
	}
	if dns, dnsPort, err := net.SplitHostPort(p.path.DNSAddress()); err == nil && len(p.expect.served) > 0 {
		lines = append(lines, fmt.Sprintf("dig @%s -p %s %s", dns, dnsPort, sampleHost(p.expect.served[0])))
	}
	return lines
}

// quote is a word that a POSIX shell takes as it is.
func quote(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// newProber makes a prober that asks as the client.
func newProber(path *live.Path, estate *live.Estate, client live.Interface, m *mapping.Mapping) (*prober, error) {
	endpoint, err := findEndpoint(estate)
	if err != nil {
		return nil, err
	}
	return &prober{path: path, estate: estate, expect: expect(m), endpoint: endpoint, client: client}, nil
}
