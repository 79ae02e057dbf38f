package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/miekg/dns"
)

// healthTimeout bounds the wait for targets to become healthy.
const healthTimeout = 20 * time.Second

// Path is a data path that answers on loopback.
type Path struct {
	network   *Network
	authority *Authority
	resolver  *dnsServer
	health    *healthChecks
	processes []*process
	endpoints []*executeAPI
	caFile    string
	// roots are what clients trust, in PEM, and clientCAFile holds them.
	roots        []byte
	clientCAFile string
}

// Options are what a data path needs of this machine.
type Options struct {
	// Dir is an existing directory for certificates, images and run
	// directories; who made it removes it after Close.
	Dir string
	// Output receives what the proxy's tasks write; nil: nobody.
	Output io.Writer
}

// Start brings a data path up and waits until its targets are healthy, or are
// known not to become so: see Health. Only what this machine lacks is an
// error. ctx bounds the start alone; Close ends the path.
func Start(ctx context.Context, estate Estate, o Options) (*Path, error) {
	authority, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	network := NewNetwork(estate.Reach)
	p := &Path{
		network:   network,
		authority: authority,
		health:    newHealthChecks(network),
		caFile:    filepath.Join(o.Dir, "ca.pem"),

		roots:        clientRoots(authority, estate.LoadBalancers),
		clientCAFile: filepath.Join(o.Dir, "clients-ca.pem"),
	}
	if err := p.start(ctx, estate, o); err != nil {
		return nil, errors.Join(err, p.Close(ctx))
	}
	return p, nil
}

func (p *Path) start(ctx context.Context, estate Estate, o Options) error {
	if err := os.WriteFile(p.caFile, p.authority.PEM(), 0o644); err != nil {
		return fmt.Errorf("write the authority's certificate: %w", err)
	}
	if err := os.WriteFile(p.clientCAFile, p.roots, 0o644); err != nil {
		return fmt.Errorf("write what clients trust: %w", err)
	}
	var err error
	if p.resolver, err = startDNS(NewResolver(estate.Zones, estate.PublicNames)); err != nil {
		return err
	}
	for _, endpoint := range estate.Endpoints {
		x, err := startExecuteAPI(p.network, p.authority, &estate, endpoint)
		if err != nil {
			return err
		}
		p.endpoints = append(p.endpoints, x)
	}
	tasks := &runner{network: p.network, dir: o.Dir, caFile: p.caFile, output: o.Output}
	for _, task := range estate.Tasks {
		process, err := tasks.start(task)
		if err != nil {
			return err
		}
		p.processes = append(p.processes, process)
	}
	return p.balance(ctx, estate.LoadBalancers)
}

// balance starts the load balancers and waits for their targets' health.
func (p *Path) balance(ctx context.Context, described []LoadBalancer) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	for _, loadBalancer := range described {
		b := &balancer{LoadBalancer: loadBalancer, network: p.network, authority: p.authority, health: p.health}
		if err := b.start(); err != nil {
			return err
		}
		for _, listener := range loadBalancer.Listeners {
			p.health.wait(ctx, listener.TargetGroup, loadBalancer.Interfaces)
		}
	}
	return nil
}

// Network connects the interfaces of the VPC.
func (p *Path) Network() *Network { return p.network }

// Authority signed the certificates of the load balancer and the endpoints.
func (p *Path) Authority() *Authority { return p.authority }

// CAFile is the path of the certificates that clients trust, in PEM.
func (p *Path) CAFile() string { return p.clientCAFile }

// DNSAddress is where the VPC's resolver answers, over UDP and TCP.
func (p *Path) DNSAddress() string { return p.resolver.address }

// Health is what the target groups' health checks found.
func (p *Path) Health() []TargetHealth { return p.health.all() }

// TaskLog is the end of what the tasks wrote, each under its name.
func (p *Path) TaskLog() string {
	var text string
	for _, process := range p.processes {
		text += process.task.Interface.Name + ":\n" + process.log.String() + "\n"
	}
	return text
}

// Resolve asks the VPC's resolver for a name's IPv4 addresses. A name without
// any is an error that says what the resolver answered.
func (p *Path) Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA)
	reply, err := dns.ExchangeContext(ctx, question, p.resolver.address)
	if err == nil && reply.Truncated {
		reply, _, err = (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, question, p.resolver.address)
	}
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	var addresses []netip.Addr
	for _, rr := range reply.Answer {
		if a, ok := rr.(*dns.A); ok {
			if address, ok := netip.AddrFromSlice(a.A.To4()); ok {
				addresses = append(addresses, address)
			}
		}
	}
	if len(addresses) == 0 {
		return nil, fmt.Errorf("resolve %s: the VPC's resolver answers %s without an address", name, dns.RcodeToString[reply.Rcode])
	}
	return addresses, nil
}

// Close ends the data path: tasks with their stop signal first, so that they
// drain, then everything they need. It stops waiting when ctx ends.
func (p *Path) Close(ctx context.Context) error {
	var errs []error
	stopped := make(chan error, len(p.processes))
	for _, process := range p.processes {
		go func() { stopped <- process.stop(ctx) }()
	}
	// Idle connections of the load balancer would keep the tasks waiting.
	errs = append(errs, p.network.Close())
	for range p.processes {
		errs = append(errs, <-stopped)
	}
	for _, endpoint := range p.endpoints {
		errs = append(errs, endpoint.close(ctx))
	}
	if p.resolver != nil {
		errs = append(errs, p.resolver.close())
	}
	return errors.Join(errs...)
}
