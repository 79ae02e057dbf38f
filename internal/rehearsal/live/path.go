package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// healthTimeout bounds the wait for targets to become healthy.
const healthTimeout = 20 * time.Second

// Path is a data path that answers on loopback.
type Path struct {
	network      *Network
	authority    *Authority
	certificates *certificateStore
	health       *healthChecks
	listeners    *listeners
	dns          *dnsServer
	resolvers    atomic.Pointer[resolvers]
	negative     *negativeAnswers
	passed       func(Passage)
	tasks        *runner
	caFile       string
	// roots are what clients trust, in PEM, and clientCAFile holds them.
	roots        atomic.Pointer[[]byte]
	clientCAFile string

	// updating is held while the path changes.
	updating  sync.Mutex
	processes map[string]*process
	balancers []LoadBalancer
	endpoints map[string]*executeAPI
	// stopping are tasks that are no longer part of the environment.
	stopping endings
}

// Options are what a data path needs of this machine.
type Options struct {
	// Dir is an existing directory for certificates, images and run
	// directories; its creator removes it after Close.
	Dir string
	// Output receives what the proxy's tasks write; nil: it is discarded.
	Output io.Writer
	// Logged receives each line that a task writes and that its log driver delivers, of
	// several tasks at the same time. Default: nothing does.
	Logged func(task Task, line string)
	// Passed receives each request that an Application Load Balancer passes to a target
	// group, and each connection that a Network Load Balancer does, at the same time.
	// Default: nothing does.
	Passed func(Passage)
	// Now is the time by which the VPCs' resolvers keep answers without records.
	// Default: they keep none.
	Now func() time.Time
}

// Passage is a request or a connection for which a load balancer chose a target.
type Passage struct{ LoadBalancer, TargetGroup string }

// Start brings a data path up and waits until its targets are healthy, or are
// known not to become so: see Health. Only what this machine lacks is an
// error. ctx bounds the start alone; Close ends the path.
func Start(ctx context.Context, environment Environment, o Options) (*Path, error) {
	authority, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	network := NewNetwork(environment.Reach)
	p := &Path{
		network:      network,
		authority:    authority,
		certificates: newCertificateStore(authority),
		health:       newHealthChecks(network),
		listeners:    newListeners(),
		negative:     newNegativeAnswers(o.Now),
		passed:       o.Passed,
		caFile:       filepath.Join(o.Dir, "ca.pem"),
		clientCAFile: filepath.Join(o.Dir, "clients-ca.pem"),
		processes:    make(map[string]*process),
		endpoints:    make(map[string]*executeAPI),
	}
	p.tasks = &runner{network: network, dir: o.Dir, caFile: p.caFile, output: o.Output, logged: o.Logged}
	if err := p.start(ctx, environment); err != nil {
		return nil, errors.Join(err, p.Close(ctx))
	}
	return p, nil
}

func (p *Path) start(ctx context.Context, environment Environment) error {
	if err := os.WriteFile(p.caFile, p.authority.PEM(), 0o644); err != nil {
		return fmt.Errorf("write the authority's certificate: %w", err)
	}
	p.resolvers.Store(newResolvers(&environment, p.negative))
	var err error
	own := dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) { p.resolvers.Load().own.ServeDNS(w, question) })
	if p.dns, err = startDNS(own); err != nil {
		return err
	}
	return p.Update(ctx, environment)
}

// Network connects the interfaces of the VPC.
func (p *Path) Network() *Network { return p.network }

// Authority signed the certificates of the load balancers, the endpoints and the
// PRIVATE domains.
func (p *Path) Authority() *Authority { return p.authority }

// CAFile is the path of the certificates that clients trust, in PEM.
func (p *Path) CAFile() string { return p.clientCAFile }

// DNSAddress is where the resolver of the environment's VPC answers, over UDP and
// TCP.
func (p *Path) DNSAddress() string { return p.dns.address }

// Health is what the target groups' health checks found.
func (p *Path) Health() []TargetHealth { return p.health.all() }

// CheckHealth checks every target once. One that has not answered when ctx ends is
// unhealthy.
func (p *Path) CheckHealth(ctx context.Context) {
	p.updating.Lock()
	defer p.updating.Unlock()
	var all sync.WaitGroup
	for _, balancer := range p.balancers {
		for _, listener := range balancer.Listeners {
			for _, group := range listener.groups() {
				all.Go(func() { p.health.checkOnce(ctx, group, balancer.Interfaces) })
			}
		}
	}
	all.Wait()
}

// TaskLog is the end of what the tasks wrote, each under its name.
func (p *Path) TaskLog() string {
	p.updating.Lock()
	defer p.updating.Unlock()
	var logs []string
	for _, process := range p.processes {
		logs = append(logs, process.task.Interface.Name+":\n"+process.log.String()+"\n")
	}
	slices.Sort(logs)
	return strings.Join(logs, "")
}

// Resolve asks the VPC's resolver for a name's IPv4 addresses. A name without
// any is an error that says what the resolver answered.
func (p *Path) Resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA)
	reply, err := dns.ExchangeContext(ctx, question, p.dns.address)
	if err == nil && reply.Truncated {
		reply, _, err = (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, question, p.dns.address)
	}
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", name, err)
	}
	return addressesOf(name, reply)
}

// ResolveFrom asks the resolver of any VPC, of whatever account, as Resolve asks
// that of the environment's.
func (p *Path) ResolveFrom(vpcID, name string) ([]netip.Addr, error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA)
	return addressesOf(name, p.resolvers.Load().of(vpcID).reply(question))
}

func addressesOf(name string, reply *dns.Msg) ([]netip.Addr, error) {
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
	p.updating.Lock()
	defer p.updating.Unlock()
	for key := range p.processes {
		p.stop(ctx, key)
	}
	// Idle connections of the load balancer would keep the tasks waiting.
	errs := []error{p.network.Close(), p.stopping.wait()}
	for _, endpoint := range p.endpoints {
		errs = append(errs, endpoint.close(ctx))
	}
	if p.dns != nil {
		errs = append(errs, p.dns.close())
	}
	return errors.Join(errs...)
}
