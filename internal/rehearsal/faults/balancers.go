package faults

import (
	"maps"
	"time"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/mapping"
)

var balancerFaults = []Fault{
	{Name: "listener-gone", Breaks: "deletes the load balancer's listener on port 443", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets}, Cause: doctor.StepListener, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			listener := s.listener(op)
			if listener == nil {
				return errNothing
			}
			for _, token := range []string{view.ListenerCertificateType, view.ListenerRuleType} {
				_ = remove(op, token, with("listenerArn", listener.ARN)) // there may be none
			}
			op.Remove(listener)
			return nil
		})
	}},
	{Name: "listener-certificate-gone", Breaks: "takes the host's certificate off the listener", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepCertificate, inject: (*scene).takeCertificate},
	{Name: "certificate-expired", Breaks: "lets the host's certificate expire", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{certificateEnds}, Cause: doctor.StepCertificate, inject: func(s *scene) error {
		return s.spoilCertificate(string(s.Shared.AccountID), "EXPIRED")
	}},
	{Name: "certificate-revoked", Breaks: "revokes the host's certificate", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepCertificate, inject: func(s *scene) error {
		return s.spoilCertificate(string(s.Shared.AccountID), "REVOKED")
	}},
	{Name: "listener-answers-itself", Breaks: "gives the listener a default action that answers 503", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets}, Cause: doctor.StepRule, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			listener := s.listener(op)
			if listener == nil {
				return errNothing
			}
			changed := listener.Clone()
			changed.Properties["defaultActions"] = []any{map[string]any{"type": "fixed-response", "order": 1.0,
				"fixedResponse": map[string]any{"statusCode": "503", "contentType": "text/plain", "messageBody": "closed"}}}
			op.Put(changed)
			return nil
		})
	}},
	{Name: "target-group-gone", Breaks: "deletes the proxy's target group", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets}, Cause: doctor.StepRule, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			group := s.targetGroup(op)
			return remove(op, view.TargetGroupType, with("arn", group))
		})
	}},
	{Name: "target-unhealthy", Breaks: "changes the health check's path to one that the proxy doesn't answer with 200", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{tooFewTargets, unhealthyTargets}, Cause: doctor.StepTargetHealth, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			group := s.targetGroup(op)
			return change(op, view.TargetGroupType, with("arn", group), func(r *engine.Resource) {
				check := r.Properties.Object("healthCheck")
				check["path"], check["protocol"] = "/status", "HTTPS"
			})
		})
	}},
	{Name: "alb-rule-gone", Breaks: "deletes the listener rule of the host", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepRule, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			return remove(op, view.ListenerRuleType, func(r *engine.Resource) bool { return len(s.rulesHost(r)) > 0 })
		})
	}},
	{Name: "alb-rules-at-quota", Breaks: "deletes the listener rule of the host while the load balancer has as many rules as its quota allows", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepQuotas, inject: func(s *scene) error {
		left := 0
		if err := s.shared(func(op *engine.Op) error {
			if err := remove(op, view.ListenerRuleType, func(r *engine.Resource) bool { return len(s.rulesHost(r)) > 0 }); err != nil {
				return err
			}
			for _, r := range op.All(view.ListenerRuleType) {
				if !op.Removing(r) && r.Properties.Text("listenerArn") == s.listener(op).ARN {
					left++
				}
			}
			return nil
		}); err != nil {
			return err
		}
		quotas := maps.Clone(s.simulator.Setup.Quotas) // a fork shares the map
		if quotas == nil {
			quotas = map[string]int{}
		}
		quotas["Rules per Application Load Balancer"] = max(left, 1)
		s.simulator.Setup.Quotas = quotas
		return nil
	}},
	{Name: "alb-rule-elsewhere", Breaks: "makes the listener rule of the host answer 404", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepRule, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			return change(op, view.ListenerRuleType, func(r *engine.Resource) bool { return len(s.rulesHost(r)) > 0 }, func(r *engine.Resource) {
				r.Properties["actions"] = []any{map[string]any{"type": "fixed-response", "order": 1.0,
					"fixedResponse": map[string]any{"statusCode": "404", "contentType": "text/plain", "messageBody": "gone"}}}
			})
		})
	}},
	{Name: "alb-target-deregistered", Breaks: "deregisters an address of the endpoint", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepTargetHealth, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			first := ""
			return remove(op, view.TargetAttachmentType, func(r *engine.Resource) bool {
				if first == "" {
					first = r.Properties.Text("targetId")
				}
				return r.Properties.Text("targetId") == first
			})
		})
	}},
}

// listener is the HTTPS listener of the first load balancer that the host's record
// leads to; nil: there is none.
func (s *scene) listener(op *engine.Op) *engine.Resource {
	for _, record := range op.All(view.RecordType) {
		if !s.covers(record.Properties.Text("fqdn")) {
			continue
		}
		for _, alias := range record.Properties.Objects("aliases") {
			for _, balancer := range op.All(view.LoadBalancerType) {
				if view.CanonicalName(balancer.Properties.Text("dnsName")) != view.CanonicalName(alias.Text("name")) {
					continue
				}
				for _, listener := range op.All(view.ListenerType) {
					if listener.Properties.Text("loadBalancerArn") == balancer.ARN && listener.Properties.Number("port") == 443 {
						return listener
					}
				}
			}
		}
	}
	return nil
}

// targetGroup is the ARN of the target group of the proxy's service.
func (s *scene) targetGroup(op *engine.Op) string {
	for _, service := range op.All(view.ECSServiceType) {
		for _, binding := range service.Properties.Objects("loadBalancers") {
			return binding.Text("targetGroupArn")
		}
	}
	return ""
}

// rulesHost is the host among the patterns of a rule.
func (s *scene) rulesHost(rule *engine.Resource) []string {
	var found []string
	for _, host := range view.HostsOf(rule.Properties) {
		if s.covers(host) {
			found = append(found, host)
		}
	}
	return found
}

// takeCertificate takes the certificates that cover the host off its listener. In
// the place of the default one comes one for another name.
func (s *scene) takeCertificate() error {
	return s.shared(func(op *engine.Op) error {
		listener := s.listener(op)
		if listener == nil {
			return errNothing
		}
		covering := map[string]*engine.Resource{}
		for _, certificate := range op.All(view.CertificateType) {
			if s.certifies(certificate) {
				covering[certificate.ARN] = certificate
			}
		}
		err := remove(op, view.ListenerCertificateType, func(r *engine.Resource) bool {
			return r.Properties.Text("listenerArn") == listener.ARN && covering[r.Properties.Text("certificateArn")] != nil
		})
		if original := covering[listener.Properties.Text("certificateArn")]; original != nil {
			other := original.Clone()
			other.ID += "0"
			other.ARN, other.Properties["arn"] = other.ID, other.ID
			other.Properties["domainName"], other.Properties["subjectAlternativeNames"] = "*.elsewhere.example.com", []any{"*.elsewhere.example.com"}
			changed := listener.Clone()
			changed.Properties["certificateArn"] = other.ARN
			op.Put(other)
			op.Put(changed)
			return nil
		}
		return err
	})
}

// certifies reports whether a certificate has a name that covers the host.
func (s *scene) certifies(certificate *engine.Resource) bool {
	if s.covers(certificate.Properties.Text("domainName")) {
		return true
	}
	for _, name := range certificate.Properties.Texts("subjectAlternativeNames") {
		if s.covers(name) {
			return true
		}
	}
	return false
}

// spoilCertificate gives the certificates of an account that cover the host a
// status with which they no longer serve.
func (s *scene) spoilCertificate(account, status string) error {
	return s.in(account, func(op *engine.Op) error {
		return change(op, view.CertificateType, s.certifies, func(r *engine.Resource) {
			r.Properties["status"] = status
			if status == "EXPIRED" {
				r.Properties["notAfter"] = op.Now().Add(-time.Hour).Format(time.RFC3339)
			}
		})
	})
}
