package rehearsal

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// loadBalancers are the account's load balancers with their listeners.
func (a *account) loadBalancers(environment *live.Environment, running []service) ([]live.LoadBalancer, error) {
	var balancers []live.LoadBalancer
	for _, described := range view.All[view.LoadBalancer](a.simulator, a.here()) {
		balancer := live.LoadBalancer{
			Name: described.Name, DropInvalidHeaderFields: described.DropInvalidHeaderFields,
			Interfaces: a.interfaces("load balancer "+described.Name, described.ID),
		}
		name := canonical(described.DNSName)
		for _, one := range balancer.Interfaces {
			environment.PublicNames[name] = append(environment.PublicNames[name], one.Address)
		}
		var err error
		if balancer.Listeners, err = a.listeners(described.ARN, running); err != nil {
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
	for _, described := range view.All[view.Listener](a.simulator, a.here()) {
		if described.LoadBalancerARN != loadBalancerARN {
			continue
		}
		listener, err := a.listener(described, running)
		if err != nil {
			errs = append(errs, err)
		}
		listeners = append(listeners, listener)
	}
	return listeners, errors.Join(errs...)
}

func (a *account) listener(described view.Listener, running []service) (live.Listener, error) {
	listener := live.Listener{Port: described.Port, Protocol: described.Protocol, SSLPolicy: described.SSLPolicy}
	var errs []error
	var err error
	if listener.Certificates, err = a.listenerCertificates(described); err != nil {
		errs = append(errs, err)
	}
	if listener.Rules, err = a.rules(described.ARN, running); err != nil {
		errs = append(errs, err)
	}
	if listener.FixedResponse, err = fixedResponse(described.DefaultActions); err != nil {
		errs = append(errs, err)
	}
	if listener.FixedResponse != nil {
		return listener, errors.Join(errs...)
	}
	if listener.TargetGroup, err = a.targetGroup(described.DefaultActions, running); err != nil {
		errs = append(errs, fmt.Errorf("follow the listener's default action: %w", err))
	}
	return listener, errors.Join(errs...)
}

// fixedResponse is that of actions; nil: they have none.
func fixedResponse(actions []view.Action) (*live.FixedResponse, error) {
	for _, action := range actions {
		if action.Type != "fixed-response" {
			continue
		}
		code, err := strconv.Atoi(action.FixedResponse.StatusCode)
		if err != nil {
			return nil, fmt.Errorf("read the fixed response: %w", err)
		}
		return &live.FixedResponse{StatusCode: code, ContentType: action.FixedResponse.ContentType, Body: action.FixedResponse.MessageBody}, nil
	}
	return nil, nil
}

// rules are a listener's, by priority.
func (a *account) rules(listenerARN string, running []service) ([]live.Rule, error) {
	found := slices.DeleteFunc(view.All[view.ListenerRule](a.simulator, a.here()), func(r view.ListenerRule) bool {
		return r.ListenerARN != listenerARN
	})
	slices.SortFunc(found, func(x, y view.ListenerRule) int { return x.Priority - y.Priority })
	var rules []live.Rule
	for _, described := range found {
		var rule live.Rule
		for _, condition := range described.Conditions {
			if condition.HostHeader == nil {
				return nil, fmt.Errorf("read rule %s: only conditions by host header are made live", described.ARN)
			}
			rule.Hosts = condition.HostHeader.Values
		}
		var err error
		if rule.FixedResponse, err = fixedResponse(described.Actions); err == nil && rule.FixedResponse == nil {
			rule.TargetGroup, err = a.targetGroup(described.Actions, running)
		}
		if err != nil {
			return nil, fmt.Errorf("follow rule %s: %w", described.ARN, err)
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// listenerCertificates are a listener's, its default first.
func (a *account) listenerCertificates(listener view.Listener) ([]live.Certificate, error) {
	arns := []string{listener.CertificateARN}
	for _, further := range view.All[view.ListenerCertificate](a.simulator, a.here()) {
		if further.ListenerARN == listener.ARN {
			arns = append(arns, further.CertificateARN)
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
	for _, described := range view.All[view.Certificate](a.simulator, a.here()) {
		if described.ARN != arn {
			continue
		}
		certificate := live.Certificate{ARN: arn, Names: described.Names(), PrivateKey: described.PrivateKey}
		if certificate.PrivateKey != "" {
			certificate.Chain = described.Body + "\n" + described.Chain
		}
		return certificate, nil
	}
	return live.Certificate{}, fmt.Errorf("find certificate %s: account %s has none of that ARN", arn, a.id)
}

// targetGroup is where actions forward to, with what is registered there: tasks
// of services, and plain addresses.
func (a *account) targetGroup(actions []view.Action, running []service) (live.TargetGroup, error) {
	arn := ""
	for _, action := range actions {
		if action.Type == "forward" {
			arn = action.TargetGroupARN
		}
	}
	all := view.All[view.TargetGroup](a.simulator, a.here())
	i := slices.IndexFunc(all, func(g view.TargetGroup) bool { return g.ARN == arn })
	if i < 0 {
		return live.TargetGroup{}, fmt.Errorf("find target group %s: account %s has none of that ARN", arn, a.id)
	}
	described := all[i]
	group := live.TargetGroup{Name: described.Name, Protocol: described.Protocol, ProxyProtocol: described.ProxyProtocolV2}
	check := described.HealthCheck
	group.HealthCheck = live.HealthCheck{Protocol: check.Protocol, Path: check.Path, Matcher: check.Matcher}
	if check.Port != "" && check.Port != "traffic-port" {
		number, err := strconv.ParseUint(check.Port, 10, 16)
		if err != nil {
			return group, fmt.Errorf("read the health check of target group %s: %w", group.Name, err)
		}
		group.HealthCheck.Port = uint16(number)
	}
	for _, s := range running {
		for _, task := range s.tasks {
			if port, ok := s.targetGroups[arn]; ok {
				group.Targets = append(group.Targets, netip.AddrPortFrom(task.Interface.Address, port))
			}
		}
	}
	registered, err := a.registered(described)
	if err != nil {
		return group, fmt.Errorf("read target group %s: %w", group.Name, err)
	}
	group.Targets = append(group.Targets, registered...)
	return group, nil
}

// registered are the plain addresses of a target group.
func (a *account) registered(group view.TargetGroup) ([]netip.AddrPort, error) {
	var targets []netip.AddrPort
	for _, target := range view.All[view.TargetGroupAttachment](a.simulator, a.here()) {
		if target.TargetGroupARN != group.ARN {
			continue
		}
		address, err := netip.ParseAddr(target.TargetID)
		if err != nil {
			return nil, fmt.Errorf("read target %s: %w", target.ID, err)
		}
		targets = append(targets, netip.AddrPortFrom(address, cmp.Or(target.Port, group.Port)))
	}
	return targets, nil
}
