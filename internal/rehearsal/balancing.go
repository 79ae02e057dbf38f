package rehearsal

import (
	"errors"
	"fmt"
	"net/netip"
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
		p := r.Properties
		if p.Text("loadBalancerArn") != loadBalancerARN {
			continue
		}
		listener := live.Listener{
			Port: uint16(p.Number("port")), Protocol: p.Text("protocol"), SSLPolicy: p.Text("sslPolicy"),
		}
		var err error
		if listener.Certificates, err = a.certificates(r); err != nil {
			errs = append(errs, err)
		}
		if listener.TargetGroup, err = a.targetGroup(p, running); err != nil {
			errs = append(errs, err)
		}
		listeners = append(listeners, listener)
	}
	return listeners, errors.Join(errs...)
}

// certificates are a listener's, its default first.
func (a *account) certificates(listener awssim.Resource) ([]live.Certificate, error) {
	arns := []string{listener.Properties.Text("certificateArn")}
	for _, r := range a.all("aws:lb/listenerCertificate:ListenerCertificate") {
		if r.Properties.Text("listenerArn") == listener.ARN {
			arns = append(arns, r.Properties.Text("certificateArn"))
		}
	}
	var certificates []live.Certificate
	for _, arn := range arns {
		r, err := a.byARN("aws:acm/certificate:Certificate", arn)
		if err != nil {
			return nil, err
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
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

// targetGroup is where a listener's default action leads, with the tasks that
// services have registered there.
func (a *account) targetGroup(listener awssim.Object, running []service) (live.TargetGroup, error) {
	arn := ""
	for _, action := range listener.Objects("defaultActions") {
		if action.Text("type") == "forward" {
			arn = action.Text("targetGroupArn")
		}
	}
	r, err := a.byARN("aws:lb/targetGroup:TargetGroup", arn)
	if err != nil {
		return live.TargetGroup{}, fmt.Errorf("follow the listener's default action: %w", err)
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
	return group, nil
}
