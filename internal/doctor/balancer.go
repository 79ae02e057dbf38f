package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/mapping"
)

// httpsPort is where clients connect, and where endpoints listen.
const httpsPort = 443

// balancer follows a request through the load balancer that a name leads to, to
// its targets. With an unknown target it looks at the one that the stack reports.
func (w *walk) balancer(target string) {
	balancer := w.findBalancer(target)
	if balancer == nil {
		if w.frontDoor == mapping.FrontDoorNGINX {
			w.service()
		}
		return
	}
	if balancer.State != "" && balancer.State != "active" {
		w.cause(StepLoadBalancer, w.shared(), balancer.Name, "the load balancer's state is "+balancer.State,
			"wait while it is provisioning; else "+w.deployed())
	}
	listener := w.listener(*balancer)
	var arn string
	var forwards bool
	if listener != nil {
		w.certificates(*balancer, *listener)
		arn, forwards = w.forwardsTo(*balancer, *listener)
	}
	var service *Service
	if w.frontDoor == mapping.FrontDoorNGINX {
		service = w.service()
	}
	if !forwards {
		return
	}
	group, ok := ask(w, StepTargetHealth, w.shared(), "target group "+arn, func(ctx context.Context, r Reader) (*TargetGroup, error) { return r.TargetGroup(ctx, arn) })
	if !ok {
		return
	}
	if group == nil {
		w.cause(StepRule, w.shared(), arn, "requests are forwarded to a target group that doesn't exist", w.deployed())
		return
	}
	if service != nil && !slices.Contains(service.TargetGroupARNs, arn) {
		w.cause(StepRule, w.shared(), group.Name, "requests for the host are forwarded to a target group that isn't the proxy's", w.deployed())
	}
	targets, read := ask(w, StepTargetHealth, w.shared(), "targets "+arn, func(ctx context.Context, r Reader) ([]Target, error) { return r.Targets(ctx, arn) })
	w.connections(*balancer, *group, service, targets)
	if read {
		w.health(*group, targets)
	}
	if w.frontDoor == mapping.FrontDoorALB && read {
		w.targetsAreTheEndpoints(*group, targets)
	}
}

// findBalancer finds the load balancer of a DNS name.
func (w *walk) findBalancer(target string) *LoadBalancer {
	balancers, ok := ask(w, StepLoadBalancer, w.shared(), "load balancers", func(ctx context.Context, r Reader) ([]LoadBalancer, error) { return r.LoadBalancers(ctx) })
	if !ok {
		return nil
	}
	named := target != ""
	if !named {
		target = strings.ToLower(w.environment.Shared.LoadBalancerDNSName)
	}
	for i, balancer := range balancers {
		if balancer.DNSName == target {
			return &balancers[i]
		}
	}
	if named {
		w.cause(StepName, w.shared(), w.host, "the name leads to "+target+", which is no load balancer of the account", w.deployed())
	} else {
		w.cause(StepLoadBalancer, w.shared(), target, "the load balancer doesn't exist", w.deployed())
	}
	return nil
}

// listener is the load balancer's listener for HTTPS.
func (w *walk) listener(balancer LoadBalancer) *Listener {
	listeners, ok := ask(w, StepListener, w.shared(), "listeners "+balancer.ARN, func(ctx context.Context, r Reader) ([]Listener, error) {
		return r.Listeners(ctx, balancer.ARN)
	})
	if !ok {
		return nil
	}
	for i, listener := range listeners {
		if listener.Port != httpsPort {
			continue
		}
		if listener.Protocol != "HTTPS" && listener.Protocol != "TLS" {
			w.cause(StepListener, w.shared(), listener.ARN, "the listener on port 443 speaks "+listener.Protocol+", not TLS", w.deployed())
		}
		return &listeners[i]
	}
	w.cause(StepListener, w.shared(), balancer.Name, "the load balancer has no listener on port 443", w.deployed())
	return nil
}

// certificates looks for a certificate of the listener that covers the host and is
// in force.
func (w *walk) certificates(balancer LoadBalancer, listener Listener) {
	var covering []Certificate
	for _, arn := range listener.CertificateARNs {
		certificate, ok := w.readCertificate(w.shared(), arn)
		if !ok {
			return // which names it has is not known
		}
		if certificate != nil && covers(certificate.Names, w.host) {
			covering = append(covering, *certificate)
		}
	}
	if len(covering) == 0 {
		// The default certificate doesn't count.
		w.quota(balancer, "certificates-per-"+balancer.Type+"-load-balancer", "certificates beside its default one", len(listener.CertificateARNs)-1)
		w.cause(StepCertificate, w.shared(), listener.ARN, fmt.Sprintf("none of the %d certificates of the listener on load balancer %s covers the host",
			len(listener.CertificateARNs), balancer.Name), w.deployed())
		return
	}
	if !slices.ContainsFunc(covering, func(c Certificate) bool { return w.inForce(c) == "" }) {
		w.badCertificate(w.shared(), covering[0])
	}
}

func (w *walk) readCertificate(account, arn string) (*Certificate, bool) {
	return ask(w, StepCertificate, account, "certificate "+arn, func(ctx context.Context, r Reader) (*Certificate, error) { return r.Certificate(ctx, arn) })
}

// inForce is why a certificate isn't; empty: it is.
func (w *walk) inForce(c Certificate) string {
	switch {
	case !c.NotAfter.IsZero() && c.NotAfter.Before(w.now()):
		return "the certificate expired at " + c.NotAfter.UTC().Format("2006-01-02 15:04 UTC")
	case c.Status != "ISSUED" && c.Reason != "":
		return "the certificate's status is " + c.Status + " (" + c.Reason + ")"
	case c.Status != "ISSUED":
		return "the certificate's status is " + c.Status
	}
	return ""
}

func (w *walk) badCertificate(account string, c Certificate) {
	w.cause(StepCertificate, account, c.ARN, w.inForce(c),
		"ACM renews what it has issued as long as the validation record is in the public zone: compare the record; import an imported certificate anew")
}

// covers reports whether one of a certificate's names is the host or its wildcard.
func covers(names []string, host string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return mapping.Host(host).CoveredBy([]mapping.Host{mapping.Host(strings.ToLower(name))})
	})
}

// forwardsTo is the target group to which the listener forwards requests for the
// host.
func (w *walk) forwardsTo(balancer LoadBalancer, listener Listener) (arn string, ok bool) {
	targets := listener.TargetGroupARNs
	matched := false
	count := 0
	if listener.Protocol == "HTTPS" {
		rules, read := ask(w, StepRule, w.shared(), "rules "+listener.ARN, func(ctx context.Context, r Reader) ([]Rule, error) { return r.Rules(ctx, listener.ARN) })
		if !read {
			return "", false
		}
		count = len(rules)
		for _, rule := range rules {
			if !rule.Narrowed && (len(rule.Hosts) == 0 || slices.ContainsFunc(rule.Hosts, func(pattern string) bool { return resourcepolicy.Matches(strings.ToLower(pattern), w.host) })) {
				targets, matched = rule.TargetGroupARNs, true
				break
			}
		}
	}
	if w.frontDoor == mapping.FrontDoorALB && !matched {
		w.quota(balancer, "rules-per-application-load-balancer", "rules", count)
	}
	if len(targets) > 0 {
		return targets[0], true
	}
	w.cause(StepRule, w.shared(), listener.ARN, "the listener has no rule that forwards requests for the host: its default action answers them", w.deployed())
	return "", false
}

// quota looks whether a load balancer has as many of something as its quota allows,
// so that what is missing can't be added.
func (w *walk) quota(balancer LoadBalancer, name, what string, count int) {
	quotas, ok := ask(w, StepQuotas, w.shared(), "balancer quotas", func(ctx context.Context, r Reader) (map[string]int, error) { return r.BalancerQuotas(ctx) })
	if limit, known := quotas[name]; ok && known && count >= limit {
		w.cause(StepQuotas, w.shared(), balancer.Name, fmt.Sprintf("the load balancer has %d %s, as many as the quota %s allows: none can be added for the host", count, what, name),
			"raise the quota in Service Quotas and portico:quotas; then portico up --env "+w.environment.Name)
	}
}

// health names the targets that get no requests.
func (w *walk) health(group TargetGroup, targets []Target) {
	var bad []string
	healthy := 0
	for _, target := range targets {
		switch target.State {
		case "healthy":
			healthy++
		case "draining":
		default:
			bad = append(bad, strings.TrimSpace(fmt.Sprintf("%s:%d %s %s", target.Address, target.Port, target.State, target.Reason)))
		}
	}
	switch {
	case healthy == 0 && len(bad) == 0:
		w.cause(StepTargetHealth, w.shared(), group.Name, "no target is registered in the target group: the load balancer answers 503", w.deployed())
	case len(bad) > 0:
		w.cause(StepTargetHealth, w.shared(), group.Name, fmt.Sprintf("%d of %d targets are not healthy: %s", len(bad), healthy+len(bad), strings.Join(bad, "; ")),
			"if nothing above explains it, compare the target group's health check with the target: the proxy answers 200 at https://ADDRESS:8443/healthz, an endpoint 403")
	}
}

// targetsAreTheEndpoints compares the targets of front door alb with the addresses
// of its endpoint.
func (w *walk) targetsAreTheEndpoints(group TargetGroup, targets []Target) {
	endpoint, _ := w.readEndpoint()
	if endpoint == nil || len(endpoint.Addresses) == 0 {
		return
	}
	isEndpoints := func(t Target) bool {
		return slices.ContainsFunc(endpoint.Addresses, func(a addr) bool { return a.String() == t.Address })
	}
	if len(targets) > 0 && !slices.ContainsFunc(targets, isEndpoints) {
		w.cause(StepRule, w.shared(), group.Name, "requests for the host are forwarded to a target group that has no address of endpoint "+endpoint.ID, w.deployed())
		return
	}
	for _, target := range targets {
		if !isEndpoints(target) {
			w.cause(StepEndpoint, w.shared(), group.Name, "target "+target.Address+" is no address of endpoint "+endpoint.ID, w.deployed())
		}
	}
	for _, address := range endpoint.Addresses {
		if !slices.ContainsFunc(targets, func(t Target) bool { return t.Address == address.String() }) {
			w.cause(StepTargetHealth, w.shared(), group.Name, "address "+address.String()+" of endpoint "+endpoint.ID+" is not registered in the target group", w.deployed())
		}
	}
}
