package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// checkInterval is how often a target that isn't healthy yet is asked. A
// target group's own interval would have a rehearsal wait for what the
// simulated service has already waited for.
const checkInterval = 20 * time.Millisecond

// TargetHealth is what a health check last found.
type TargetHealth struct {
	TargetGroup string
	Target      netip.AddrPort
	// Reason says why the target isn't healthy; nil: it is.
	Reason error
}

// healthChecks knows which targets passed their target group's health check.
type healthChecks struct {
	network *Network

	mu    sync.Mutex
	found map[checkKey]error
	// left is when targets ceased to be a load balancer's. Requests that it took before
	// still go there.
	left map[checkKey]time.Time
}

// leftKept is how long a target that a load balancer has no more keeps its health.
const leftKept = 2 * time.Second

type checkKey struct {
	group  string
	target netip.AddrPort
}

func newHealthChecks(network *Network) *healthChecks {
	return &healthChecks{network: network, found: make(map[checkKey]error), left: make(map[checkKey]time.Time)}
}

// wait checks every target of a group that isn't known to be healthy until each
// is or ctx ends. A target that isn't reachable at all isn't asked again: security groups and
// routes don't heal by waiting.
func (c *healthChecks) wait(ctx context.Context, group TargetGroup, from []Interface) {
	var all sync.WaitGroup
	for _, target := range group.Targets {
		if c.isHealthy(group, target) {
			continue
		}
		all.Go(func() {
			reason := c.waitFor(ctx, group, from, target)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.found[checkKey{group.Name, target}] = reason
			delete(c.left, checkKey{group.Name, target})
		})
	}
	all.Wait()
}

// checkOnce checks every target of a group, whether it was healthy or not.
func (c *healthChecks) checkOnce(ctx context.Context, group TargetGroup, from []Interface) {
	var all sync.WaitGroup
	for _, target := range group.Targets {
		all.Go(func() {
			reason := c.checkFromAll(ctx, group, from, target)
			c.mu.Lock()
			defer c.mu.Unlock()
			c.found[checkKey{group.Name, target}] = reason
		})
	}
	all.Wait()
}

func (c *healthChecks) waitFor(ctx context.Context, group TargetGroup, from []Interface, target netip.AddrPort) error {
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	var before error
	for {
		reason := c.checkFromAll(ctx, group, from, target)
		if reason == nil || errors.Is(reason, ErrUnreachable) {
			return reason
		}
		if ctx.Err() != nil && before != nil {
			// The last check was cut off; the one before says more.
			return before
		}
		before = reason
		select {
		case <-ctx.Done():
			return reason
		case <-ticker.C:
		}
	}
}

// checkFromAll asks a target from each of the load balancer's interfaces.
func (c *healthChecks) checkFromAll(ctx context.Context, group TargetGroup, from []Interface, target netip.AddrPort) error {
	for _, source := range from {
		if err := c.check(ctx, group, source, target); err != nil {
			return err
		}
	}
	return nil
}

func (c *healthChecks) check(ctx context.Context, group TargetGroup, from Interface, target netip.AddrPort) error {
	if group.HealthCheck.Port != 0 {
		target = netip.AddrPortFrom(target.Addr(), group.HealthCheck.Port)
	}
	if group.HealthCheck.Protocol == "TCP" {
		conn, err := c.network.Dial(ctx, from, target)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	var header []byte
	if group.ProxyProtocol {
		// Also at a port of the check's own, where a target may not expect it.
		header = localHeader()
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialTarget(ctx, c.network, from, target, group.HealthCheck.Protocol, header)
	}
	client := &http.Client{
		Timeout:   dialTimeout,
		Transport: &http.Transport{DialContext: dial, DialTLSContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	url := strings.ToLower(group.HealthCheck.Protocol) + "://" + target.String() + group.HealthCheck.Path
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("check target %s: %w", target, err)
	}
	request.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("check target %s: %w", target, err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("check target %s: %w", target, err)
	}
	if !matches(group.HealthCheck.Matcher, response.StatusCode) {
		return fmt.Errorf("check target %s: GET %s answers %d; the target group's matcher is %q",
			target, group.HealthCheck.Path, response.StatusCode, group.HealthCheck.Matcher)
	}
	return nil
}

// matches reports whether a target group's matcher, codes and ranges separated by
// commas, holds a status code; empty is the default, 200.
func matches(matcher string, code int) bool {
	if matcher == "" {
		matcher = "200"
	}
	for part := range strings.SplitSeq(matcher, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			high = low
		}
		from, errFrom := strconv.Atoi(low)
		to, errTo := strconv.Atoi(high)
		if errFrom == nil && errTo == nil && from <= code && code <= to {
			return true
		}
	}
	return false
}

// healthy are a group's healthy targets, in the group's order.
func (c *healthChecks) healthy(group TargetGroup) []netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	var targets []netip.AddrPort
	for _, target := range group.Targets {
		if reason, checked := c.found[checkKey{group.Name, target}]; checked && reason == nil {
			targets = append(targets, target)
		}
	}
	return targets
}

func (c *healthChecks) isHealthy(group TargetGroup, target netip.AddrPort) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := checkKey{group.Name, target}
	reason, checked := c.found[key]
	return checked && reason == nil && c.left[key].IsZero()
}

// keep forgets the targets that the load balancers no longer have.
func (c *healthChecks) keep(balancers []LoadBalancer) {
	targets := make(map[checkKey]bool)
	for _, balancer := range balancers {
		for _, listener := range balancer.Listeners {
			for _, group := range listener.groups() {
				for _, target := range group.Targets {
					targets[checkKey{group.Name, target}] = true
				}
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.found {
		if since := c.left[key]; targets[key] {
			continue
		} else if since.IsZero() {
			c.left[key] = time.Now()
		} else if time.Since(since) > leftKept {
			delete(c.found, key)
			delete(c.left, key)
		}
	}
}

// all is what was found, by target group and target.
func (c *healthChecks) all() []TargetHealth {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []TargetHealth
	for key, reason := range c.found {
		if !c.left[key].IsZero() {
			continue
		}
		found = append(found, TargetHealth{TargetGroup: key.group, Target: key.target, Reason: reason})
	}
	slices.SortFunc(found, func(a, b TargetHealth) int {
		if order := strings.Compare(a.TargetGroup, b.TargetGroup); order != 0 {
			return order
		}
		return a.Target.Compare(b.Target)
	})
	return found
}
