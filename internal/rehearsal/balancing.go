package rehearsal

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// loadBalancers are the account's load balancers with their listeners.
func (a *account) loadBalancers(estate *live.Estate, running []service) ([]live.LoadBalancer, error) {
	var balancers []live.LoadBalancer
	for _, r := range a.all("aws:lb/loadBalancer:LoadBalancer") {
		p := r.Properties
		balancer := live.LoadBalancer{Name: p.Text("name"), DropInvalidHeaderFields: p.Flag("dropInvalidHeaderFields")}
		var err error
		if balancer.Interfaces, err = a.interfaces("load balancer "+balancer.Name, r.ID); err != nil {
			return nil, err
		}
		name := canonical(p.Text("dnsName"))
		for _, one := range balancer.Interfaces {
			estate.PublicNames[name] = append(estate.PublicNames[name], one.Address)
		}
		if balancer.Listeners, err = a.listeners(r.ARN, running); err != nil {
			return nil, fmt.Errorf("read load balancer %s: %w", balancer.Name, err)
		}
		balancers = append(balancers, balancer)
	}
	return balancers, nil
}

// listeners are a load balancer's.
func (a *account) listeners(loadBalancerARN string, running []service) ([]live.Listener, error) {
	var listeners []live.Listener
	var errs []error
	for _, r := range a.all("aws:lb/listener:Listener") {
		if r.Properties.Text("loadBalancerArn") != loadBalancerARN {
			continue
		}
		listener, err := a.listener(r, running)
		if err != nil {
			errs = append(errs, err)
		}
		listeners = append(listeners, listener)
	}
	return listeners, errors.Join(errs...)
}

func (a *account) listener(r awssim.Resource, running []service) (live.Listener, error) {
	p := r.Properties
	listener := live.Listener{Port: uint16(p.Number("port")), Protocol: p.Text("protocol"), SSLPolicy: p.Text("sslPolicy")}
	var errs []error
	var err error
	if listener.Certificates, err = a.listenerCertificates(r); err != nil {
		errs = append(errs, err)
	}
	if listener.Rules, err = a.rules(r.ARN, running); err != nil {
		errs = append(errs, err)
	}
	for _, action := range p.Objects("defaultActions") {
		if action.Text("type") == "fixed-response" {
			fixed := action.Object("fixedResponse")
			code, err := strconv.Atoi(fixed.Text("statusCode"))
			if err != nil {
				errs = append(errs, fmt.Errorf("read the fixed response: %w", err))
			}
			listener.FixedResponse = &live.FixedResponse{StatusCode: code, ContentType: fixed.Text("contentType"), Body: fixed.Text("messageBody")}
			return listener, errors.Join(errs...)
		}
	}
	if listener.TargetGroup, err = a.targetGroup(p.Objects("defaultActions"), running); err != nil {
		errs = append(errs, fmt.Errorf("follow the listener's default action: %w", err))
	}
	return listener, errors.Join(errs...)
}

// rules are a listener's, by priority.
func (a *account) rules(listenerARN string, running []service) ([]live.Rule, error) {
	found := slices.DeleteFunc(a.all("aws:lb/listenerRule:ListenerRule"), func(r awssim.Resource) bool {
		return r.Properties.Text("listenerArn") != listenerARN
	})
	slices.SortFunc(found, func(x, y awssim.Resource) int {
		return x.Properties.Number("priority") - y.Properties.Number("priority")
	})
	var rules []live.Rule
	for _, r := range found {
		var rule live.Rule
		for _, condition := range r.Properties.Objects("conditions") {
			if !condition.Has("hostHeader") {
				return nil, fmt.Errorf("read rule %s: only conditions by host header are made live", r.ARN)
			}
			rule.Hosts = condition.Object("hostHeader").Texts("values")
		}
		var err error
		if rule.TargetGroup, err = a.targetGroup(r.Properties.Objects("actions"), running); err != nil {
			return nil, fmt.Errorf("follow rule %s: %w", r.ARN, err)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// listenerCertificates are a listener's, its default first.
func (a *account) listenerCertificates(listener awssim.Resource) ([]live.Certificate, error) {
	arns := []string{listener.Properties.Text("certificateArn")}
	for _, r := range a.all("aws:lb/listenerCertificate:ListenerCertificate") {
		if r.Properties.Text("listenerArn") == listener.ARN {
			arns = append(arns, r.Properties.Text("certificateArn"))
		}
	}
	var certificates []live.Certificate
	for _, arn := range arns {
		certificate, err := a.certificate(arn)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

// certificate is the account's certificate of an ARN.
func (a *account) certificate(arn string) (live.Certificate, error) {
	r, err := a.byARN("aws:acm/certificate:Certificate", arn)
	if err != nil {
		return live.Certificate{}, err
	}
	names := []string{r.Properties.Text("domainName")}
	for _, name := range r.Properties.Texts("subjectAlternativeNames") {
		if name != names[0] {
			names = append(names, name)
		}
	}
	certificate := live.Certificate{ARN: arn, Names: names, PrivateKey: r.Properties.Text("privateKey")}
	if certificate.PrivateKey != "" {
		certificate.Chain = r.Properties.Text("certificateBody") + "\n" + r.Properties.Text("certificateChain")
	}
	return certificate, nil
}

// targetGroup is where actions forward to, with what is registered there: tasks
// of services, and plain addresses.
func (a *account) targetGroup(actions []awssim.Object, running []service) (live.TargetGroup, error) {
	arn := ""
	for _, action := range actions {
		if action.Text("type") == "forward" {
			arn = action.Text("targetGroupArn")
		}
	}
	r, err := a.byARN("aws:lb/targetGroup:TargetGroup", arn)
	if err != nil {
		return live.TargetGroup{}, err
	}
	p := r.Properties
	group := live.TargetGroup{Name: p.Text("name"), Protocol: p.Text("protocol")}
	check := p.Object("healthCheck")
	group.HealthCheck = live.HealthCheck{Protocol: check.Text("protocol"), Path: check.Text("path"), Matcher: check.Text("matcher")}
	if port := check.Text("port"); port != "" && port != "traffic-port" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return group, fmt.Errorf("read the health check of target group %s: %w", group.Name, err)
		}
		group.HealthCheck.Port = uint16(number)
	}
	for _, s := range running {
		for _, task := range s.tasks {
			if s.targetGroups[arn] {
				group.Targets = append(group.Targets, netip.AddrPortFrom(task.Interface.Address, task.Port))
			}
		}
	}
	registered, err := a.registered(arn, uint16(p.Number("port")))
	if err != nil {
		return group, fmt.Errorf("read target group %s: %w", group.Name, err)
	}
	group.Targets = append(group.Targets, registered...)
	return group, nil
}

// registered are the plain addresses of a target group.
func (a *account) registered(groupARN string, groupPort uint16) ([]netip.AddrPort, error) {
	var targets []netip.AddrPort
	for _, r := range a.all("aws:lb/targetGroupAttachment:TargetGroupAttachment") {
		p := r.Properties
		if p.Text("targetGroupArn") != groupARN {
			continue
		}
		address, err := netip.ParseAddr(p.Text("targetId"))
		if err != nil {
			return nil, fmt.Errorf("read target %s: %w", r.ID, err)
		}
		port := uint16(p.Number("port"))
		if port == 0 {
			port = groupPort
		}
		targets = append(targets, netip.AddrPortFrom(address, port))
	}
	return targets, nil
}
