package live

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// dialTimeout is how long a load balancer tries to connect to a target: an
// Application Load Balancer's fixed 10 seconds.
const dialTimeout = 10 * time.Second

// balancer is a load balancer that answers.
type balancer struct {
	LoadBalancer
	network      *Network
	certificates *certificateStore
	health       *healthChecks
	listeners    *listeners
	passed       func(Passage) // may be nil
}

// start lets every listener answer on every network interface.
func (b *balancer) start() error {
	var errs []error
	for _, listener := range b.Listeners {
		l, err := b.listener(listener)
		if err != nil {
			errs = append(errs, fmt.Errorf("listen on port %d of load balancer %s: %w", listener.Port, b.Name, err))
			continue
		}
		for _, from := range b.Interfaces {
			b.listeners.set(from.port(listener.Port), l)
			b.network.Handle(from, listener.Port, func(conn net.Conn) { l.serve(conn, from) })
		}
	}
	return errors.Join(errs...)
}

func (b *balancer) listener(described Listener) (*listener, error) {
	l := &listener{Listener: described, balancer: b}
	for _, r := range described.Rules {
		l.rules = append(l.rules, newRule(r))
	}
	minVersion, err := oldestVersion(described.SSLPolicy)
	if err != nil {
		return nil, err
	}
	choose, err := b.chooser(described.Certificates)
	if err != nil {
		return nil, err
	}
	l.tls = &tls.Config{
		MinVersion:     minVersion,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: choose,
	}
	switch described.Protocol {
	case "HTTPS":
		l.pass = l.passHTTP
	case "TLS":
		l.pass = l.passBytes
		l.tls.NextProtos = nil
	default:
		return nil, fmt.Errorf("protocol %q ends no TLS; want HTTPS or TLS", described.Protocol)
	}
	return l, nil
}

// chooser selects a certificate as Elastic Load Balancing does: by the client's
// server name, exact before wildcard, and else the default.
func (b *balancer) chooser(certificates []Certificate) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	if len(certificates) == 0 {
		return nil, errors.New("the listener has no certificate")
	}
	byName := make(map[string]*tls.Certificate)
	var byDefault *tls.Certificate
	for _, described := range certificates {
		issued, err := b.certificates.tls(described)
		if err != nil {
			return nil, err
		}
		if byDefault == nil {
			byDefault = issued
		}
		for _, name := range described.Names {
			if _, ok := byName[strings.ToLower(name)]; !ok {
				byName[strings.ToLower(name)] = issued
			}
		}
	}
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := canonicalName(hello.ServerName)
		if certificate, ok := byName[name]; ok {
			return certificate, nil
		}
		if _, parent, ok := strings.Cut(name, "."); ok {
			if certificate, ok := byName["*."+parent]; ok {
				return certificate, nil
			}
		}
		return byDefault, nil
	}, nil
}

// oldestVersion is the oldest TLS version that a security policy accepts. An
// absent policy is the service's default for callers that name none.
func oldestVersion(policy string) (uint16, error) {
	switch {
	case policy == "", policy == "ELBSecurityPolicy-2016-08", strings.HasPrefix(policy, "ELBSecurityPolicy-FS-2018"):
		return tls.VersionTLS10, nil
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-3-"):
		return tls.VersionTLS13, nil
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-2-"), strings.HasPrefix(policy, "ELBSecurityPolicy-TLS-1-2-"),
		strings.HasPrefix(policy, "ELBSecurityPolicy-FS-1-2-"):
		return tls.VersionTLS12, nil
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-1-"), strings.HasPrefix(policy, "ELBSecurityPolicy-TLS-1-1-"),
		strings.HasPrefix(policy, "ELBSecurityPolicy-FS-1-1-"):
		return tls.VersionTLS11, nil
	case strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-0-"):
		return tls.VersionTLS10, nil
	}
	return 0, fmt.Errorf("security policy %q is none of Elastic Load Balancing's", policy)
}

// listener is a listener that answers.
type listener struct {
	Listener
	balancer *balancer
	rules    []rule
	tls      *tls.Config
	pass     func(client net.Conn, from Interface)
	next     atomic.Uint64
}

// serve ends the client's TLS and passes on what it carries.
func (l *listener) serve(conn net.Conn, from Interface) {
	client := tls.Server(conn, l.tls)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	if err := client.HandshakeContext(ctx); err != nil {
		return
	}
	l.now(from).pass(client, from)
}

// now is what the listener has become, at one of its load balancer's interfaces.
func (l *listener) now(from Interface) *listener {
	return l.balancer.listeners.now(from.port(l.Port), l)
}

var errNoHealthyTarget = errors.New("no target is healthy")

// target connects a client to the next healthy target of a group. The certificates
// of targets are not verified, as Elastic Load Balancing documents; whether it
// sends them a server name is not documented, and here it doesn't.
func (l *listener) target(group TargetGroup, client net.Conn, from Interface) (net.Conn, error) {
	healthy := l.balancer.health.healthy(group)
	if len(healthy) == 0 {
		return nil, errNoHealthyTarget
	}
	to := healthy[l.next.Add(1)%uint64(len(healthy))]
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	var header []byte
	if group.ProxyProtocol {
		header = proxyHeader(client.RemoteAddr(), netip.AddrPortFrom(from.Address, l.Port))
	}
	return dialTarget(ctx, l.balancer.network, from, to, group.Protocol, header)
}

// dialTarget connects to a target, sends a header of the proxy protocol, if there is
// one, and speaks TLS where the protocol does.
func dialTarget(ctx context.Context, network *Network, from Interface, to netip.AddrPort, protocol string, header []byte) (net.Conn, error) {
	conn, err := network.Dial(ctx, from, to)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(header); err != nil {
		conn.Close()
		return nil, fmt.Errorf("begin with target %s: %w", to, err)
	}
	if protocol != "HTTPS" && protocol != "TLS" {
		return conn, nil
	}
	client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err := client.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start TLS with target %s: %w", to, err)
	}
	return client, nil
}

// passBytes is a Network Load Balancer's TLS listener.
func (l *listener) passBytes(client net.Conn, from Interface) {
	target, err := l.target(l.TargetGroup, client, from)
	l.count(l.TargetGroup, err)
	if err != nil {
		return
	}
	join(client, target)
}

// count counts a request or a connection for which a target was chosen, whether it
// could be reached or not, as RequestCount does:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
func (l *listener) count(group TargetGroup, failure error) {
	if l.balancer.passed != nil && !errors.Is(failure, errNoHealthyTarget) {
		l.balancer.passed(Passage{l.balancer.Name, group.Name})
	}
}
