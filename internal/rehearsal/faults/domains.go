package faults

import (
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/mapping"
)

var domainFaults = []Fault{
	{"alb-domain-gone", "deletes the REGIONAL custom domain name", mapping.FrontDoorALB, doctor.StepDomain, (*scene).removeDomain},
	{"alb-base-path-gone", "deletes the base path mapping of the REGIONAL custom domain", mapping.FrontDoorALB, doctor.StepBasePath, (*scene).removeBasePath},
	{"alb-base-path-elsewhere", "leads the base path of the REGIONAL custom domain to another stage", mapping.FrontDoorALB, doctor.StepBasePath, func(s *scene) error {
		return s.owners(func(op *engine.Op) error {
			return change(op, view.BasePathMappingType, s.basePath, func(r *engine.Resource) { r.Properties["stageName"] = "another" })
		})
	}},
	{"alb-domain-certificate-expired", "lets the certificate of the REGIONAL custom domain expire", mapping.FrontDoorALB, doctor.StepCertificate, func(s *scene) error {
		return s.spoilCertificate(s.account, "EXPIRED")
	}},
	{"alb-policy-taken-away", "takes the resource policy of an API of alb away", mapping.FrontDoorALB, doctor.StepPolicy, func(s *scene) error {
		return s.changeAPI(func(r *engine.Resource) { r.Properties["policy"] = "" })
	}},
	{"native-record-elsewhere", "points the host's alias record away from native's endpoint", mapping.FrontDoorNative, doctor.StepName, (*scene).pointElsewhere},
	{"native-domain-gone", "deletes the PRIVATE custom domain name", mapping.FrontDoorNative, doctor.StepDomain, (*scene).removeDomain},
	{"access-association-gone", "deletes the endpoint's access association", mapping.FrontDoorNative, doctor.StepAssociation, func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			return remove(op, view.AccessAssociationType, func(r *engine.Resource) bool {
				return strings.Contains(r.Properties.Text("domainNameArn"), "/domainnames/"+s.host()+"+")
			})
		})
	}},
	{"domain-policy-denies", "gives the PRIVATE custom domain a policy that allows another endpoint alone", mapping.FrontDoorNative, doctor.StepDomainPolicy, func(s *scene) error {
		return s.owners(func(op *engine.Op) error {
			return change(op, view.DomainNameType, with("domainName", s.host()), func(r *engine.Resource) {
				r.Properties["policy"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*",
					"Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0bbbbbbbbbbbbbbbb"}}}]}`
			})
		})
	}},
	{"native-base-path-gone", "deletes the base path mapping of the PRIVATE custom domain", mapping.FrontDoorNative, doctor.StepBasePath, (*scene).removeBasePath},
	{"native-owner-denies", "adds a statement that denies the row's requests to the policy of an API of native, and deploys it", mapping.FrontDoorNative, doctor.StepPolicy, func(s *scene) error {
		policy, err := s.policyWith(map[string]any{"Sid": "FreezeForAudit", "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"})
		if err != nil {
			return err
		}
		return s.publish(policy)
	}},
}

func (s *scene) removeDomain() error {
	return s.owners(func(op *engine.Op) error {
		if err := remove(op, view.BasePathMappingType, with("domainName", s.host())); err != nil {
			return err
		}
		return remove(op, view.DomainNameType, with("domainName", s.host()))
	})
}

// basePath reports whether a base path mapping is the row's.
func (s *scene) basePath(r *engine.Resource) bool {
	return r.Properties.Text("domainName") == s.host() && r.Properties.Text("basePath") == strings.TrimPrefix(string(s.row.BasePath), "/")
}

func (s *scene) removeBasePath() error {
	return s.owners(func(op *engine.Op) error { return remove(op, view.BasePathMappingType, s.basePath) })
}
