package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// ErrUnreachable marks connections that the network doesn't let through.
var ErrUnreachable = errors.New("not reachable")

// Network is VPCs on loopback, and the only place where simulated addresses
// become real ones. The source of each connection is known, because every pair
// of a source and a destination has a loopback listener of its own.
type Network struct {
	mu        sync.Mutex
	reach     func(from, to Interface, port uint16) error
	services  map[place]service
	listeners map[listenerKey]*entrance
	open      map[net.Conn]bool
	refusals  []error
	closed    bool
	running   sync.WaitGroup
}

// service is what answers at a simulated address.
type service struct {
	to Interface
	// handle takes over a connection; nil where a process answers, at its real
	// address.
	handle  func(net.Conn)
	process string
}

// place is where a service answers.
type place struct {
	vpcID string
	at    netip.AddrPort
}

func (i Interface) port(port uint16) place {
	return place{vpcID: i.VPCID, at: netip.AddrPortFrom(i.Address, port)}
}

// listenerKey names the source and the destination of a loopback listener.
type listenerKey struct {
	from string
	addr netip.Addr
	to   place
}

// entrance is a loopback listener for the connections of a source.
type entrance struct {
	net.Listener
	// from is the source as it was last named: what has its name and address after it
	// may be in other security groups.
	from Interface
}

// NewNetwork makes a network without services in which reach decides, for each
// connection, why it isn't possible.
func NewNetwork(reach func(from, to Interface, port uint16) error) *Network {
	return &Network{
		reach:     reach,
		services:  make(map[place]service),
		listeners: make(map[listenerKey]*entrance),
		open:      make(map[net.Conn]bool),
	}
}

// Handle lets handle answer connections to the interface's port. It must close
// them.
func (n *Network) Handle(to Interface, port uint16, handle func(net.Conn)) {
	n.serve(port, service{to: to, handle: handle})
}

// Forward lets the process that listens at a real address answer for the interface's port.
func (n *Network) Forward(to Interface, port uint16, process string) {
	n.serve(port, service{to: to, process: process})
}

// keep removes what answers at other than the given places, but for processes. Open
// connections stay open.
func (n *Network) keep(places map[place]bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.DeleteFunc(n.services, func(at place, s service) bool { return s.process == "" && !places[at] })
}

// leave has a process no longer answer for the interface's port, unless something else
// does already. Open connections stay open.
func (n *Network) leave(to Interface, port uint16, process string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.services[to.port(port)].process == process {
		delete(n.services, to.port(port))
	}
}

// setReach replaces the function that decides about connections.
func (n *Network) setReach(reach func(from, to Interface, port uint16) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.reach = reach
}

func (n *Network) serve(port uint16, s service) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.services[s.to.port(port)] = s
}

// Dial connects an interface to an address in its VPC.
func (n *Network) Dial(ctx context.Context, from Interface, to netip.AddrPort) (net.Conn, error) {
	s, err := n.route(from, to)
	if err != nil {
		return nil, err
	}
	address := s.process
	if address == "" {
		if address, err = n.ListenerAddress(from, to); err != nil {
			return nil, err
		}
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect %s to %s (%s): %w", from.Name, s.to.Name, to, err)
	}
	return conn, nil
}

// ListenerAddress is the address, 127.0.0.1:port, of the loopback listener
// through which connections arrive at a simulated address as the source's.
// Where the network doesn't let the source through, its connections are reset.
func (n *Network) ListenerAddress(from Interface, to netip.AddrPort) (string, error) {
	// Another task may come to an address, with other security groups.
	source := strings.Join(append([]string{from.Name, from.SubnetID}, from.SecurityGroupIDs...), " ")
	key := listenerKey{from: source, addr: from.Address, to: place{from.VPCID, to}}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return "", net.ErrClosed
	}
	if known, ok := n.listeners[key]; ok {
		known.from = from
		return known.Addr().String(), nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for connections from %s to %s: %w", from.Name, to, err)
	}
	opened := &entrance{listener, from}
	n.listeners[key] = opened
	n.running.Go(func() { n.accept(opened, to) })
	return listener.Addr().String(), nil
}

var simulatedAddress = regexp.MustCompile(`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}:[0-9]{1,5}\b`)

// Translate replaces the simulated addresses in a value by those of the
// source's loopback listeners. An address at which nothing answers gets a
// listener too, behind which nothing answers: no connection may leave for the
// real network.
func (n *Network) Translate(from Interface, value string) (string, error) {
	var errs []error
	translated := simulatedAddress.ReplaceAllStringFunc(value, func(match string) string {
		to, err := netip.ParseAddrPort(match)
		if err != nil {
			errs = append(errs, fmt.Errorf("translate %q: %w", match, err))
			return match
		}
		opened, err := n.ListenerAddress(from, to)
		if err != nil {
			errs = append(errs, err)
			return match
		}
		return opened
	})
	return translated, errors.Join(errs...)
}

// Refusals are the connections that the network didn't let through, oldest
// first, and why; a repeated one is listed once.
func (n *Network) Refusals() []error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]error(nil), n.refusals...)
}

// Cut cuts every connection that is open.
func (n *Network) Cut() {
	n.mu.Lock()
	open := slices.Collect(maps.Keys(n.open))
	n.mu.Unlock()
	for _, conn := range open {
		conn.Close()
	}
}

// Close closes every listener, cuts every connection and waits for their end.
func (n *Network) Close() error {
	n.mu.Lock()
	n.closed = true
	var errs []error
	for _, listener := range n.listeners {
		errs = append(errs, listener.Close())
	}
	n.mu.Unlock()
	n.Cut()
	n.running.Wait()
	return errors.Join(errs...)
}

// route finds what answers at an address, if the network lets the source
// through.
func (n *Network) route(from Interface, to netip.AddrPort) (service, error) {
	n.mu.Lock()
	s, ok := n.services[place{from.VPCID, to}]
	reach := n.reach
	n.mu.Unlock()
	var err error
	if !ok {
		err = fmt.Errorf("connect %s to %s: %w: nothing answers there", from.Name, to, ErrUnreachable)
	} else if reason := reach(from, s.to, to.Port()); reason != nil {
		err = fmt.Errorf("connect %s to %s (%s): %w: %w", from.Name, s.to.Name, to, ErrUnreachable, reason)
	}
	if err != nil {
		n.refuse(err)
	}
	return s, err
}

func (n *Network) refuse(reason error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, known := range n.refusals {
		if known.Error() == reason.Error() {
			return
		}
	}
	n.refusals = append(n.refusals, reason)
}

func (n *Network) accept(at *entrance, to netip.AddrPort) {
	for {
		conn, err := at.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		from := at.from
		n.mu.Unlock()
		s, err := n.route(from, to)
		if err != nil {
			reset(conn)
			continue
		}
		n.start(sourced{Conn: conn, source: from.Address}, s)
	}
}

// start hands a connection to the service in a goroutine that Close waits for.
func (n *Network) start(conn net.Conn, s service) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		conn.Close()
		return
	}
	conn = &tracked{Conn: conn, network: n}
	n.open[conn] = true
	n.running.Go(func() {
		if s.handle != nil {
			s.handle(conn)
			return
		}
		defer conn.Close()
		target, err := net.Dial("tcp", s.process)
		if err != nil {
			return
		}
		join(conn, target)
	})
}

// reset ends a connection with a TCP reset, which no client takes for an
// orderly end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without it the connection ends with FIN; the client fails as well.
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

// join passes bytes both ways until both ends are done, and closes both.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
			err = half.CloseWrite()
		} else {
			to.Close()
		}
		if err != nil {
			to.Close()
			from.Close()
		}
	}
	both.Go(func() { pass(a, b) })
	both.Go(func() { pass(b, a) })
	both.Wait()
	a.Close()
	b.Close()
}

// tracked is a connection that the network closes when it closes.
type tracked struct {
	net.Conn
	network *Network
}

// Close closes the connection and forgets it.
func (c *tracked) Close() error {
	c.network.mu.Lock()
	delete(c.network.open, c)
	c.network.mu.Unlock()
	return c.Conn.Close()
}

// sourced is a connection whose remote address is the simulated source's.
type sourced struct {
	net.Conn
	source netip.Addr
}

// RemoteAddr is the simulated source, with the connection's real port.
func (c sourced) RemoteAddr() net.Addr {
	port := 0
	if tcp, ok := c.Conn.RemoteAddr().(*net.TCPAddr); ok {
		port = tcp.Port
	}
	return &net.TCPAddr{IP: c.source.AsSlice(), Port: port}
}

// simulatedListener accepts what arrives at simulated addresses.
type simulatedListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newSimulatedListener() *simulatedListener {
	return &simulatedListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// take passes a connection to Accept, and closes it once the listener is closed.
func (l *simulatedListener) take(conn net.Conn) {
	select {
	case l.conns <- conn:
	case <-l.done:
		conn.Close()
	}
}

// Accept waits for the next connection.
func (l *simulatedListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept; connections that were accepted stay.
func (l *simulatedListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr has no meaning for an address that isn't of this machine.
func (l *simulatedListener) Addr() net.Addr { return &net.TCPAddr{} }
