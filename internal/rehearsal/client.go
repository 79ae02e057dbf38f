package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// liveAccounts is the simulated accounts' data path while it answers.
type liveAccounts struct {
	path        *live.Path
	environment *live.Environment
	clients     workloads
	dir         string
}

// goLive makes the simulated accounts answer on loopback.
func (r *rehearsal) goLive(ctx context.Context) (*liveAccounts, error) {
	if wait := provisioning(r.simulator, r.initial.region); wait > 0 {
		fmt.Fprintf(r.Progress, "%s pass in the simulated accounts, until API Gateway has provided the private custom domains\n", wait.Round(time.Minute))
		if err := r.simulator.Pass(wait); err != nil {
			return nil, fmt.Errorf("let time pass in the simulated accounts: %w", err)
		}
	}
	environment, clients, err := environmentOf(r.simulator, string(r.initial.shared), r.initial.region)
	if err != nil {
		return nil, fmt.Errorf("read the simulated accounts: %w", err)
	}
	if r.injected != nil {
		r.injected.ActOn(environment)
	}
	dir, err := os.MkdirTemp("", "portico-live-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the proxy: %w", err)
	}
	path, err := live.Start(ctx, *environment, live.Options{Dir: dir})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the simulated accounts live: %w", err), os.RemoveAll(dir))
	}
	return &liveAccounts{path, environment, clients, dir}, nil
}

func (l *liveAccounts) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	return errors.Join(l.path.Close(ctx), os.RemoveAll(l.dir))
}

// Client is workloads in the VPC of an environment whose accounts are live.
type Client struct{ live *liveAccounts }

// Connect makes the accounts live, as they are now, until the client's Close.
func (p *Prepared) Connect(ctx context.Context) (*Client, error) {
	begun, err := p.rehearsal.goLive(ctx)
	if err != nil {
		return nil, err
	}
	return &Client{begun}, nil
}

// Listener is the address, 127.0.0.1:port, that leads where a name does in the VPC: a
// client of the proxy, or a task in the security groups of the proxy's own.
func (c *Client) Listener(name string, port uint16, asProxy bool) (string, error) {
	vpc := c.live.environment.VPCID
	from := c.live.clients[vpc]
	if asProxy {
		if len(c.live.environment.Tasks) == 0 {
			return "", fmt.Errorf("reach %s as the proxy: VPC %s has no task of it", name, vpc)
		}
		from = c.live.environment.Tasks[0].Interface
	}
	addresses, err := c.live.path.ResolveFrom(vpc, name)
	if err != nil {
		return "", err
	}
	if len(addresses) == 0 {
		return "", fmt.Errorf("resolve %s in VPC %s: it has no address", name, vpc)
	}
	return c.live.path.Network().ListenerAddress(from, netip.AddrPortFrom(addresses[0], port))
}

// CAFile is the path of the certificates that the client trusts, in PEM.
func (c *Client) CAFile() string { return c.live.path.CAFile() }

// Close ends what Connect began.
func (c *Client) Close(ctx context.Context) error { return c.live.close(ctx) }
