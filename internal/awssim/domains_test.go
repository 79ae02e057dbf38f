package awssim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// viaDomain is an API's policy that allows what comes through a PRIVATE domain.
func viaDomain(operator, arn string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/dev/GET/*",
		"Condition":{"` + operator + `":{"execute-api:viaDomainArn":"` + arn + `"}}}]}`
}

// deploy saves a policy of the API orders1234 and deploys it.
func (s *sharing) deploy(policy string) {
	s.t.Helper()
	owner, err := s.simulator.OwnerOf("us-east-1", "orders1234")
	require.NoError(s.t, err)
	require.NoError(s.t, owner.SavePolicy(policy))
	require.NoError(s.t, owner.Deploy("dev"))
}

func (s *sharing) deliver(name string, a awssim.Arrival) awssim.Delivery {
	s.t.Helper()
	for _, domain := range s.simulator.Domains("us-east-1") {
		if domain.ARN == name {
			delivery, err := domain.Deliver(s.simulator.RESTAPIs("us-east-1"), a, iampolicy.ImplicitDeny)
			require.NoError(s.t, err)
			return delivery
		}
	}
	s.t.Fatalf("no domain %s", name)
	return awssim.Delivery{}
}

func TestAPrivateDomainAdmitsByItsPolicyAndTheAPIs(t *testing.T) {
	s := newSharing(t, apiSetup())
	s.share(false, sharedAccount)
	inputs := private("orders.example.com", s.domain.inputs.Fields["certificateArn"].GetStringValue())
	s.owner.create(basePathMappingType, "v1", properties{"domainName": "orders.example.com", "domainNameId": s.domain.text("domainNameId"),
		"restApi": "orders1234", "stageName": "dev", "basePath": "v1"})
	invoked := strings.Replace(s.domain.text("arn"), ":apigateway:", ":execute-api:", 1)
	s.deploy(viaDomain("ArnEquals", invoked))
	arrival := awssim.Arrival{VPCEndpointID: s.endpoint.id, Verb: "GET", Path: "/v1/orders/1"}
	require.Contains(t, s.deliver(s.domain.text("arn"), arrival).Refused, "has no access association with "+s.endpoint.id)

	s.create(accessAssociationType, "a", s.association())
	delivery := s.deliver(s.domain.text("arn"), arrival)
	require.True(t, delivery.Admitted, delivery.Refused)
	require.Equal(t, []string{"orders1234", "dev", "/orders/1"}, []string{delivery.APIID, delivery.Stage, delivery.Path})
	require.Equal(t, []string{invoked}, delivery.Context["execute-api:viaDomainArn"])
	require.Equal(t, []string{s.endpoint.id}, delivery.Context["aws:SourceVpce"])

	posing := arrival
	posing.Context = map[string][]string{"Execute-API:ViaDomainArn": {"arn:other"}, "AWS:sourcevpce": {"vpce-other"}, "aws:SourceVpc": {s.vpc.id}}
	posed := s.deliver(s.domain.text("arn"), posing)
	require.True(t, posed.Admitted, "what API Gateway sets, no caller sets")
	require.Equal(t, []string{s.vpc.id}, posed.Context["aws:SourceVpc"])
	for sentence, change := range map[string]func(*awssim.Arrival){
		"a verb that the API's policy doesn't allow": func(a *awssim.Arrival) { a.Verb = "DELETE" },
		"a path that isn't mapped":                   func(a *awssim.Arrival) { a.Path = "/v2/orders" },
		"the root, which isn't mapped":               func(a *awssim.Arrival) { a.Path = "/" },
		"another endpoint":                           func(a *awssim.Arrival) { a.VPCEndpointID = "vpce-other" },
	} {
		t.Run(sentence, func(t *testing.T) {
			other := arrival
			change(&other)
			require.False(t, s.deliver(s.domain.text("arn"), other).Admitted)
		})
	}
	for sentence, test := range map[string]struct {
		domain, api string
		want        string // who refuses, "": the request is admitted
	}{
		"the domain allows by short names":           {allowed, allowed, ""},
		"the domain allows its ARN":                  {strings.Replace(allowed, "execute-api:/*", invoked, 1), allowed, ""},
		"the domain allows another endpoint only":    {strings.Replace(allowed, `"Resource"`, `"Condition":{"StringEquals":{"aws:SourceVpce":"vpce-other"}},"Resource"`, 1), allowed, "implicit deny"},
		"the domain denies":                          {strings.Replace(allowed, "Allow", "Deny", 1), allowed, "explicit deny"},
		"the domain allows another domain":           {strings.Replace(allowed, "execute-api:/*", strings.Replace(invoked, "orders", "other", 1), 1), allowed, "implicit deny"},
		"the API denies":                             {allowed, strings.Replace(allowed, "Allow", "Deny", 1), "REST API orders1234"},
		"the API allows any of the name":             {allowed, viaDomain("ArnLike", strings.Replace(invoked, s.domain.text("domainNameId"), "*", 1)), ""},
		"the API allows all domains but this one":    {allowed, viaDomain("ArnNotEquals", invoked), "REST API orders1234"},
		"the API allows all domains but another one": {allowed, viaDomain("ArnNotEquals", invoked+"0"), ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := s.owner.update(domainNameType, "orders", s.domain, but(inputs, properties{"policy": test.domain}))
			require.NoError(t, err)
			s.deploy(test.api)
			delivery := s.deliver(s.domain.text("arn"), arrival)
			require.Equal(t, test.want == "", delivery.Admitted, delivery.Refused)
			require.Contains(t, delivery.Refused, test.want)
		})
	}
	_, err := s.owner.update(domainNameType, "orders", s.domain, but(inputs, properties{"policy": nil}))
	require.NoError(t, err)
	require.Contains(t, s.deliver(s.domain.text("arn"), arrival).Refused, "has no policy")
}

func TestARegionalDomainAdmitsByTheAPIsPolicyAlone(t *testing.T) {
	s := newSharing(t, apiSetup())
	domain := s.owner.create(domainNameType, "public", regional("public.example.com", s.owner.certificate("public.example.com")))
	mapping := properties{"domainName": "public.example.com", "restApi": "orders1234", "stageName": "dev"}
	s.owner.create(basePathMappingType, "root", mapping)
	s.owner.create(basePathMappingType, "stages", but(mapping, properties{"basePath": "stages", "stageName": nil}))
	s.deploy(viaDomain("ArnNotEquals", "arn:aws:execute-api:us-east-1:"+providerAccount+":/domainnames/other+1"))
	for path, want := range map[string][]string{"/orders": {"dev", "/orders"}, "/": {"dev", "/"}, "/stages/dev/orders": {"dev", "/orders"}} {
		delivery := s.deliver(domain.text("arn"), awssim.Arrival{VPCEndpointID: "vpce-any", Verb: "GET", Path: path})
		require.True(t, delivery.Admitted, delivery.Refused)
		require.Equal(t, want, []string{delivery.Stage, delivery.Path})
		require.NotContains(t, delivery.Context, "execute-api:viaDomainArn", "so a negated condition holds")
	}
	s.deploy(viaDomain("ArnEquals", "*"))
	require.False(t, s.deliver(domain.text("arn"), awssim.Arrival{VPCEndpointID: "vpce-any", Verb: "GET", Path: "/orders"}).Admitted)
}

func TestDomainsServeTheirHostWhereTheyMay(t *testing.T) {
	s := newSharing(t, apiSetup())
	s.owner.create(domainNameType, "public", regional("*.example.com", s.owner.certificate("*.example.com", "example.com")))
	serving := func(host, endpoint string) (types []string) {
		for _, domain := range s.simulator.Domains("us-east-1") {
			if domain.Serves(host, endpoint) {
				types = append(types, domain.Type)
			}
		}
		return types
	}
	require.Equal(t, []string{"REGIONAL"}, serving("orders.example.com", s.endpoint.id))
	s.share(false, sharedAccount)
	s.create(accessAssociationType, "a", s.association())
	require.Equal(t, []string{"REGIONAL", "PRIVATE"}, serving("Orders.example.com", s.endpoint.id))
	require.Equal(t, []string{"REGIONAL"}, serving("orders.example.com", "vpce-other"))
	require.Empty(t, serving("a.b.example.com", s.endpoint.id))
}

// AWS takes about fifteen minutes for a PRIVATE domain and as long for an access
// association; the provider waits for neither.
func TestPrivateDomainsAreReadyLater(t *testing.T) {
	s := newSharing(t, apiSetup())
	s.share(false, sharedAccount)
	created := s.simulator.Now()
	require.NoError(t, s.simulator.Pass(10*time.Minute))
	s.create(accessAssociationType, "a", s.association())
	domain := s.simulator.Domains("us-east-1")[0]
	require.WithinDuration(t, created.Add(15*time.Minute), domain.ReadyAt("vpce-other"), time.Minute)
	require.WithinDuration(t, created.Add(25*time.Minute), domain.ReadyAt(s.endpoint.id), time.Minute)
}

func TestAnEndpointOfPublicDomainsTakesNoAssociation(t *testing.T) {
	const refusal = "must not be used for the domain name access association"
	steps := map[string]func(s *sharing) error{
		"association": func(s *sharing) error { _, err := s.tryCreate(accessAssociationType, "a", s.association()); return err },
		"attachment": func(s *sharing) error {
			_, err := s.tryCreate(targetAttachmentType, "t", properties{"targetGroupArn": s.group.id, "targetId": "10.0.0.17"})
			return err
		},
		"rule": func(s *sharing) error {
			_, err := s.tryCreate(listenerRuleType, "r", forHosts(s.listener, s.group, "Public.*.com"))
			return err
		},
		"public domain": func(s *sharing) error {
			_, err := s.owner.tryCreate(domainNameType, "public", regional("public.example.com", s.owner.certificate("public.example.com")))
			return err
		},
	}
	for last := range steps {
		t.Run("whatever comes last, as "+last, func(t *testing.T) {
			s := newSharing(t, apiSetup())
			s.share(false, sharedAccount)
			for name, step := range steps {
				if name != last {
					require.NoError(t, step(s))
				}
			}
			require.ErrorContains(t, steps[last](s), refusal)
		})
	}
	s := newSharing(t, apiSetup())
	s.share(false, sharedAccount)
	require.NoError(t, steps["association"](s))
	require.NoError(t, steps["attachment"](s))
	require.NoError(t, steps["public domain"](s))
	rule := s.create(listenerRuleType, "other", forHosts(s.listener, s.group, "other.example.com"))
	_, err := s.update(listenerRuleType, "other", rule, forHosts(s.listener, s.group, "public.example.com"))
	require.ErrorContains(t, err, refusal)
}

func TestACertificateIsInUseForAWhileAfterItsDomain(t *testing.T) {
	for sentence, test := range map[string]struct {
		release time.Duration
		want    string
	}{
		"by default":                               {0, ""},
		"as long as the provider waits":            {20 * time.Minute, ""},
		"for longer than the provider waits":       {25 * time.Minute, "ResourceInUseException: Certificate "},
		"and the time that was waited has gone by": {39 * time.Minute, "ResourceInUseException: Certificate "},
	} {
		t.Run(sentence, func(t *testing.T) {
			setup := apiSetup()
			setup.Releases.Certificate = test.release
			d := newFrontDoor(t, setup)
			arn := d.certificate("own.example.com")
			domain := d.create(domainNameType, "own", private("own.example.com", arn))
			require.NoError(t, d.delete(domainNameType, "own", domain))
			certificate := resourceOf{id: arn}
			err := d.delete(certificateType, "certificate", certificate)
			if test.want != "" {
				require.ErrorContains(t, err, test.want+arn+" in account "+sharedAccount+" is in use.")
				err = d.delete(certificateType, "certificate", certificate)
			}
			require.NoError(t, err)
		})
	}
}

func TestADomainMayWaitForTheDeletionOfItsAssociation(t *testing.T) {
	setup := apiSetup()
	setup.Releases.Association = time.Minute
	d := newFrontDoor(t, setup)
	domain := d.create(domainNameType, "own", private("own.example.com", d.certificate("own.example.com")))
	association := d.create(accessAssociationType, "a", properties{"accessAssociationSource": d.endpoint.id, "accessAssociationSourceType": "VPCE", "domainNameArn": domain.text("arn")})
	require.NoError(t, d.delete(accessAssociationType, "a", association))
	require.ErrorContains(t, d.delete(domainNameType, "own", domain), "ConflictException: The domain name own.example.com has a domain name access association that is being deleted")
	require.NoError(t, d.simulator.Pass(time.Minute))
	require.NoError(t, d.delete(domainNameType, "own", domain))
}
