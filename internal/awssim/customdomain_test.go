package awssim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const (
	domainNameType        = "aws:apigateway/domainName:DomainName"
	basePathMappingType   = "aws:apigateway/basePathMapping:BasePathMapping"
	accessAssociationType = "aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation"
	restAPIType           = "aws:apigateway/restApi:RestApi"
	stageType             = "aws:apigateway/stage:Stage"
)

// allowed is a policy that allows everything.
const allowed = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`

// apiSetup has APIs in two accounts.
func apiSetup() *awssim.Setup {
	setup := testSetup()
	setup.Accounts[2].Roles[0].Trusts = []string{sharedAccount}
	setup.RESTAPIs = []awssim.RESTAPI{
		{Account: providerAccount, Region: "us-east-1", ID: "orders1234", Name: "orders", Policy: json.RawMessage(allowed), Stages: []string{"dev"}},
		{Account: providerAccount, Region: "us-east-1", ID: "public1234", Name: "public", EndpointType: "REGIONAL", Stages: []string{"dev"}},
		{Account: strangerAccount, Region: "us-east-1", ID: "theirs1234", Name: "theirs", Policy: json.RawMessage(allowed), Stages: []string{"dev"}},
	}
	return setup
}

// certificate is the ARN of an issued certificate for the names.
func (c *client) certificate(names ...string) string {
	c.t.Helper()
	now := time.Now()
	authority := issue(c.t, nil, now.Add(-time.Hour), now.Add(time.Hour))
	leaf := issue(c.t, authority, now.Add(-time.Hour), now.Add(time.Hour), names...)
	return c.create(certificateType, "certificate "+strings.Join(names, " "), properties{
		"certificateBody": leaf.pem, "privateKey": leaf.keyPEM, "certificateChain": authority.pem}).id
}

// selfSigned is the ARN of a certificate with a key on a curve.
func (c *client) selfSigned(curve elliptic.Curve, name string) string {
	c.t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(c.t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(c.t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(c.t, err)
	return c.create(certificateType, "self-signed "+name, properties{
		"certificateBody": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"privateKey":      string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}).id
}

func regional(name, certificate string) properties {
	return properties{"domainName": name, "endpointConfiguration": properties{"types": "REGIONAL"}, "regionalCertificateArn": certificate}
}

func private(name, certificate string) properties {
	return properties{"domainName": name, "endpointConfiguration": properties{"types": "PRIVATE"}, "certificateArn": certificate, "policy": wholePolicy()}
}

// wholePolicy is a policy that API Gateway gives back as it was.
func wholePolicy() string { return strings.Replace(allowed, "execute-api:/*", "*", 1) }

func newAPIClient(t *testing.T) (*awssim.Simulator, *client) {
	t.Helper()
	simulator, err := awssim.New(apiSetup())
	require.NoError(t, err)
	return simulator, newClient(t, simulator, providerAccount)
}

func TestDomainsHaveTheFormsOfTheirType(t *testing.T) {
	simulator, c := newAPIClient(t)
	certificate := c.certificate("*.example.com")
	public := c.create(domainNameType, "public", regional("a.example.com", certificate))
	require.Equal(t, "a.example.com", public.id)
	require.Equal(t, "arn:aws:apigateway:us-east-1::/domainnames/a.example.com", public.text("arn"))
	require.Empty(t, public.text("domainNameId"))
	require.Regexp(t, `^d-[0-9a-z]{10}\.execute-api\.us-east-1\.amazonaws\.com$`, public.text("regionalDomainName"))
	require.Regexp(t, `^Z[0-9A-Z]{13}$`, public.text("regionalZoneId"))

	own := c.create(domainNameType, "private", private("a.example.com", certificate))
	require.Regexp(t, `^a\.example\.com/[0-9a-z]{10}$`, own.id)
	require.Equal(t, "a.example.com/"+own.text("domainNameId"), own.id)
	require.Equal(t, "arn:aws:apigateway:us-east-1:"+providerAccount+":/domainnames/a.example.com+"+own.text("domainNameId"), own.text("arn"))
	require.Equal(t, "dualstack", own.outputs.Fields["endpointConfiguration"].GetStructValue().Fields["ipAddressType"].GetStringValue())
	for _, r := range []resourceOf{public, own} {
		require.Empty(t, c.diff(domainNameType, "again", r, r.inputs.AsMap()).Diffs)
	}
	require.ErrorContains(t, c.delete(certificateType, "c", resourceOf{id: certificate}), "uses it")

	domains := simulator.Domains("us-east-1")
	require.Len(t, domains, 2)
	require.Equal(t, []string{"*.example.com"}, domains[1].CertificateNames)
	require.Equal(t, []string{"REGIONAL", "PRIVATE"}, []string{domains[0].Type, domains[1].Type})
}

func TestDomainsAreRefused(t *testing.T) {
	simulator, c := newAPIClient(t)
	stranger := newClient(t, simulator, strangerAccount)
	certificate, theirs := c.certificate("*.example.com", "*.a.example.com"), stranger.certificate("*.example.com")
	stranger.create(domainNameType, "theirs", regional("taken.example.com", theirs))
	stranger.create(domainNameType, "wildcard", regional("*.x.example.com", stranger.certificate("*.x.example.com")))
	stranger.create(domainNameType, "private", private("free.example.com", theirs))
	pending := c.create(certificateType, "pending", properties{"domainName": "*.example.com", "validationMethod": "DNS"}).id
	unusual := c.selfSigned(elliptic.P521(), "b.example.com")
	types := func(types, address string) properties {
		return properties{"types": types, "ipAddressType": address}
	}
	for sentence, test := range map[string]struct {
		inputs properties
		want   string
	}{
		"a PRIVATE one with a regional certificate":   {but(private("b.example.com", ""), properties{"certificateArn": nil, "regionalCertificateArn": certificate}), "Cannot specify a regional certificate"},
		"a REGIONAL one with the other certificate":   {but(regional("b.example.com", ""), properties{"regionalCertificateArn": nil, "certificateArn": certificate}), "REGIONAL domains take regionalCertificateArn"},
		"both certificates":                           {but(regional("b.example.com", certificate), properties{"certificateArn": certificate}), "conflicts with regionalCertificateArn"},
		"no certificate":                              {but(regional("b.example.com", ""), properties{"regionalCertificateArn": nil}), "needs a certificate"},
		"another account's certificate":               {regional("b.example.com", theirs), "does not exist in account " + providerAccount},
		"a certificate that isn't issued":             {private("b.example.com", pending), "is not issued"},
		"a certificate for other names":               {private("b.c.example.com", certificate), "is not covered by the provided certificate"},
		"a wildcard that its parent's doesn't cover":  {regional("*.c.example.com", certificate), "is not covered by the provided certificate"},
		"a private one with an unusual key":           {private("b.example.com", unusual), "has a key EC_secp521r1; private custom domain names take"},
		"a private wildcard":                          {private("*.a.example.com", certificate), "Wildcard custom domain names are not supported"},
		"a private one by IPv4 only":                  {but(private("b.example.com", certificate), properties{"endpointConfiguration": types("PRIVATE", "ipv4")}), "Only the IP address type dualstack"},
		"a private one with old TLS":                  {but(private("b.example.com", certificate), properties{"securityPolicy": "TLS_1_0"}), "have the security policy TLS_1_2"},
		"a policy of a REGIONAL one":                  {but(regional("b.example.com", certificate), properties{"policy": allowed}), "private custom domain names only"},
		"a policy that is none":                       {but(private("b.example.com", certificate), properties{"policy": `{"Statement":[]}`}), "Invalid policy document"},
		"no type":                                     {but(regional("b.example.com", certificate), properties{"endpointConfiguration": nil}), "endpointConfiguration: is required"},
		"an EDGE one, which isn't simulated":          {but(regional("b.example.com", certificate), properties{"endpointConfiguration": properties{"types": "EDGE"}}), "is not one of REGIONAL, PRIVATE"},
		"a public name that another account has":      {regional("taken.example.com", certificate), "ConflictException: The domain name you provided already exists"},
		"a public name under another's wildcard":      {regional("b.x.example.com", c.certificate("b.x.example.com")), "already exists"},
		"a public wildcard over another's name":       {regional("*.example.com", certificate), "already exists"},
		"a policy of more than 8,192 characters":      {but(private("b.example.com", certificate), properties{"policy": strings.Replace(allowed, "execute-api:/*", "arn:aws:execute-api:"+strings.Repeat("x", 8192), 1)}), "LimitExceededException"},
		"two certificates' worth of deprecated input": {but(regional("b.example.com", certificate), properties{"certificateName": "old"}), "is not simulated"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := c.tryCreate(domainNameType, sentence, test.inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
	c.create(domainNameType, "free", regional("free.example.com", certificate))
	c.create(domainNameType, "taken in private", private("taken.example.com", certificate))
	c.create(domainNameType, "twice", private("b.example.com", certificate))
	c.create(domainNameType, "twice, which AWS's own example has", private("b.example.com", certificate))
	c.create(domainNameType, "own wildcard", regional("*.a.example.com", certificate))
	c.create(domainNameType, "under the own wildcard", regional("v1.a.example.com", certificate))
}

func TestQuotasOfDomains(t *testing.T) {
	_, c := newAPIClient(t)
	certificate := c.certificate("*.example.com")
	for kind, limit := range map[string]int{"REGIONAL": 120, "PRIVATE": 50} {
		form := map[string]func(string, string) properties{"REGIONAL": regional, "PRIVATE": private}[kind]
		for i := range limit {
			c.create(domainNameType, fmt.Sprint(kind, i), form(fmt.Sprintf("h%d.example.com", i), certificate))
		}
		_, err := c.tryCreate(domainNameType, kind, form("beyond.example.com", certificate))
		require.ErrorContains(t, err, fmt.Sprintf("the quota of %d is reached", limit), kind)
	}
}

func TestPrivateDomainsChangeInPlaceButNotIntoPublicOnes(t *testing.T) {
	simulator, c := newAPIClient(t)
	first, second := c.certificate("a.example.com"), c.certificate("*.example.com")
	domain := c.create(domainNameType, "d", private("a.example.com", first))
	before := simulator.Now()
	changed, err := c.update(domainNameType, "d", domain, but(private("a.example.com", first), properties{"policy": strings.Replace(wholePolicy(), "Allow", "Deny", 1)}))
	require.NoError(t, err)
	require.Equal(t, domain.text("arn"), changed.text("arn"))
	require.Contains(t, simulator.Domains("us-east-1")[0].Policy, "Deny")
	require.Less(t, simulator.Now().Sub(before), time.Minute, "a policy has effect at once")

	_, err = c.update(domainNameType, "d", changed, private("a.example.com", second))
	require.NoError(t, err)
	require.GreaterOrEqual(t, simulator.Now().Sub(before), 15*time.Minute, "the provider waits for a certificate")
	_, err = c.update(domainNameType, "d", changed, private("a.example.com", c.certificate("b.example.com")))
	require.ErrorContains(t, err, "is not covered by the provided certificate")
	public := c.create(domainNameType, "public", regional("a.example.com", first))
	_, err = c.update(domainNameType, "public", public, regional("a.example.com", second))
	require.NoError(t, err)
	_, err = c.update(domainNameType, "d", changed, regional("a.example.com", second))
	require.ErrorContains(t, err, "Cannot migrate")
	require.Equal(t, []string{"domainName"}, c.diff(domainNameType, "d", changed, private("b.example.com", second)).Replaces)
}

func TestADomainsPolicyComesBackAsItWasOrWithTheDomainsOwnARN(t *testing.T) {
	const own = "the domain's own ARN"
	for resource, want := range map[string]string{
		"execute-api:/*": own,
		"arn:aws:execute-api:us-east-1:" + providerAccount + ":/domainnames/a.example.com+*": own,
		"*": "*",
	} {
		t.Run(resource, func(t *testing.T) {
			_, c := newAPIClient(t)
			inputs := but(private("a.example.com", c.certificate("a.example.com")), properties{"policy": strings.Replace(allowed, "execute-api:/*", resource, 1)})
			domain := c.create(domainNameType, "d", inputs)
			differs := []string(nil)
			if want == own {
				want, differs = strings.Replace(domain.text("arn"), ":apigateway:", ":execute-api:", 1), []string{"policy"}
			}
			unlisted := strings.NewReplacer("[{", "{", "}]", "}")
			require.JSONEq(t, unlisted.Replace(strings.Replace(allowed, "execute-api:/*", want, 1)), unlisted.Replace(domain.text("policy")))
			require.Equal(t, differs, c.diff(domainNameType, "d", domain, inputs).Diffs, "the provider sees a difference each time")
		})
	}
}

func TestMappingsLeadToStagesOfTheirAccount(t *testing.T) {
	simulator, c := newAPIClient(t)
	certificate := c.certificate("*.example.com")
	public := c.create(domainNameType, "public", regional("a.example.com", certificate))
	own := c.create(domainNameType, "private", private("a.example.com", certificate))
	c.create(domainNameType, "only private", private("only.example.com", certificate))
	good := properties{"domainName": "a.example.com", "domainNameId": own.text("domainNameId"), "restApi": "orders1234", "stageName": "dev", "basePath": "v1"}
	for sentence, test := range map[string]struct {
		changes properties
		want    string
	}{
		"two segments":                             {properties{"basePath": "v1/orders"}, "doesn't support the slash character"},
		"a leading slash":                          {properties{"basePath": "/v1"}, "doesn't support the slash character"},
		"the health checks' path":                  {properties{"basePath": "ping"}, "is reserved"},
		"their other path":                         {properties{"basePath": "sping"}, "is reserved"},
		"a space":                                  {properties{"basePath": "v 1"}, "has characters other than"},
		"a stage that isn't there":                 {properties{"stageName": "live"}, "Invalid stage identifier specified"},
		"an API that isn't there":                  {properties{"restApi": "nothing123"}, "does not exist in account"},
		"another account's API":                    {properties{"restApi": "theirs1234"}, "does not exist in account"},
		"a public API of a private domain":         {properties{"restApi": "public1234"}, "private APIs only"},
		"a domain that isn't there":                {properties{"domainName": "b.example.com"}, "Invalid domain name identifier specified"},
		"an ID that isn't the domain's":            {properties{"domainNameId": "0000000000"}, "Invalid domain name identifier specified"},
		"no API":                                   {properties{"restApi": nil}, "restApi: is required"},
		"a private domain's name, without its own": {properties{"domainName": "only.example.com", "domainNameId": nil}, "with their domainNameId only"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := c.tryCreate(basePathMappingType, sentence, but(good, test.changes))
			require.ErrorContains(t, err, test.want)
		})
	}
	mapping := c.create(basePathMappingType, "v1", good)
	require.Equal(t, own.id[:len("a.example.com/")]+"v1/"+own.text("domainNameId"), mapping.id)
	require.Equal(t, "a.example.com/v1", c.create(basePathMappingType, "public", but(good, properties{"domainNameId": nil})).id)
	require.Equal(t, "a.example.com/", c.create(basePathMappingType, "root", but(good, properties{"domainNameId": nil, "basePath": nil})).id)
	_, err := c.tryCreate(basePathMappingType, "v1 again", good)
	require.ErrorContains(t, err, "ConflictException")

	require.Equal(t, []awssim.BasePathMapping{{BasePath: "v1", APIID: "orders1234", Stage: "dev"}}, simulator.Domains("us-east-1")[1].Mappings)
	require.ErrorContains(t, c.delete(restAPIType, "orders", resourceOf{id: "orders1234"}), "BasePathMapping")

	successor := c.create(domainNameType, "successor", private("a.example.com", certificate))
	moved := but(good, properties{"domainNameId": successor.text("domainNameId")})
	require.Empty(t, c.diff(basePathMappingType, "v1", mapping, moved).Replaces)
	left, err := c.update(basePathMappingType, "v1", mapping, moved)
	require.NoError(t, err)
	require.Equal(t, own.text("domainNameId"), left.text("domainNameId"), "the provider leaves it where it was")
	_, err = c.update(basePathMappingType, "v1", mapping, but(good, properties{"basePath": "v2"}))
	require.ErrorContains(t, err, "is not simulated")
	_, err = c.update(basePathMappingType, "v1", mapping, but(good, properties{"stageName": "live"}))
	require.ErrorContains(t, err, "Invalid stage identifier specified")

	require.NoError(t, c.delete(domainNameType, "private", own))
	require.NoError(t, c.delete(domainNameType, "public", public))
	require.Empty(t, simulator.Resources(awssim.Filter{Type: basePathMappingType}), "a domain takes its mappings with it")
}

func TestAMappedAPIKeepsItsEndpointType(t *testing.T) {
	_, c := newAPIClient(t)
	inputs := properties{"name": "new", "endpointConfiguration": properties{"types": "PRIVATE"}, "policy": allowed}
	api := c.create(restAPIType, "new", inputs)
	c.create("aws:apigateway/deployment:Deployment", "d", properties{"restApi": api.id, "stageName": "dev"})
	domain := c.create(domainNameType, "d", private("a.example.com", c.certificate("a.example.com")))
	c.create(basePathMappingType, "m", properties{"domainName": "a.example.com", "domainNameId": domain.text("domainNameId"), "restApi": api.id, "stageName": "dev"})
	_, err := c.update(restAPIType, "new", api, but(inputs, properties{"endpointConfiguration": properties{"types": "REGIONAL"}}))
	require.ErrorContains(t, err, "can't change: it is mapped to the private custom domain name")
	_, err = c.update(restAPIType, "new", api, but(inputs, properties{"description": "other"}))
	require.NoError(t, err)
}
