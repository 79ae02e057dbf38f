package faults

import (
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/mapping"
)

var domainFaults = []Fault{
	{Name: "alb-domain-gone", Breaks: "deletes the REGIONAL custom domain name", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepDomain, inject: (*scene).removeDomain},
	{Name: "alb-base-path-gone", Breaks: "deletes the base path mapping of the REGIONAL custom domain", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepBasePath, inject: (*scene).removeBasePath},
	{Name: "alb-base-path-elsewhere", Breaks: "leads the base path of the REGIONAL custom domain to another stage", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepBasePath, inject: func(s *scene) error {
		return s.owners(func(op *engine.Op) error {
			return change(op, view.BasePathMappingType, s.basePath, func(r *engine.Resource) { r.Properties["stageName"] = "another" })
		})
	}},
	{Name: "alb-domain-certificate-expired", Breaks: "lets the certificate of the REGIONAL custom domain expire", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepCertificate, inject: func(s *scene) error {
		return s.spoilCertificate(s.account, "EXPIRED")
	}},
	{Name: "alb-policy-taken-away", Breaks: "takes the resource policy of an API of alb away", FrontDoor: mapping.FrontDoorALB, Cause: doctor.StepPolicy, inject: func(s *scene) error {
		return s.changeAPI(func(r *engine.Resource) { r.Properties["policy"] = "" })
	}},
	{Name: "native-record-elsewhere", Breaks: "points the host's alias record away from native's endpoint", FrontDoor: mapping.FrontDoorNative, Cause: doctor.StepName, inject: (*scene).pointElsewhere},
	{Name: "native-domain-gone", Breaks: "deletes the PRIVATE custom domain name", FrontDoor: mapping.FrontDoorNative, Cause: doctor.StepDomain, inject: (*scene).removeDomain},
	{Name: "access-association-gone", Breaks: "deletes the endpoint's access association", FrontDoor: mapping.FrontDoorNative, Cause: doctor.StepAssociation, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			return remove(op, view.AccessAssociationType, func(r *engine.Resource) bool {
				return strings.Contains(r.Properties.Text("domainNameArn"), "/domainnames/"+s.host()+"+")
			})
		})
	}},
	{Name: "domain-policy-denies", Breaks: "gives the PRIVATE custom domain a policy that allows another endpoint alone", FrontDoor: mapping.FrontDoorNative, Cause: doctor.StepDomainPolicy, inject: func(s *scene) error {
		return s.owners(func(op *engine.Op) error {
			return change(op, view.DomainNameType, with("domainName", s.host()), func(r *engine.Resource) {
				r.Properties["policy"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*",
					"Condition":{"StringEquals":{"aws:SourceVpce":"vpce-0bbbbbbbbbbbbbbbb"}}}]}`
			})
		})
	}},
	{Name: "native-base-path-gone", Breaks: "deletes the base path mapping of the PRIVATE custom domain", FrontDoor: mapping.FrontDoorNative, Cause: doctor.StepBasePath, inject: (*scene).removeBasePath},
	{Name: "native-owner-denies", Breaks: "adds a statement that denies the row's requests to the policy of an API of native, and deploys it", FrontDoor: mapping.FrontDoorNative, Cause: doctor.StepPolicy, inject: (*scene).ownerDenies},
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
