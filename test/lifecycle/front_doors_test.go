package lifecycle

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal/rehearsaltest"
)

// frontDoorsMapping has a row of each front door; those of nginx and alb share an
// API.
const frontDoorsMapping = `ACCOUNTS:
  orders: {ID: "222222222222", ROLE_ARN: "arn:aws:iam::222222222222:role/portico"}
APIS:
  - CUSTOM_DOMAIN_URL: proxied.internal.example.com
    PRIVATE_API_URL: https://owned00001.execute-api.us-east-1.amazonaws.com/dev
    VERBS: [GET, POST]
    ACCOUNT: orders
  - CUSTOM_DOMAIN_URL: balanced.internal.example.com/v1
    PRIVATE_API_URL: https://owned00001.execute-api.us-east-1.amazonaws.com/dev
    ACCOUNT: orders
    FRONT_DOOR: alb
  - CUSTOM_DOMAIN_URL: direct.internal.example.com
    PRIVATE_API_URL: https://empty00001.execute-api.us-east-1.amazonaws.com/dev
    VERBS: [GET]
    ACCOUNT: orders
    FRONT_DOOR: native
`

const (
	domainType = "aws:apigateway/domainName:DomainName"
	// validating has the custom domains' certificates validated in the shared
	// account's public zone.
	validating = `  portico:certificates: {zones: [{name: example.com, roleArn: "arn:aws:iam::111111111111:role/dns"}]}`
)

// frontDoorsSetup is what exists before Portico deploys frontDoorsMapping.
func frontDoorsSetup() *awssim.Setup {
	setup := policySetup()
	setup.CertificateAuthorities = []awssim.CertificateAuthority{{ARN: "arn:aws:acm-pca:us-east-1:222222222222:certificate-authority/0a1b"}}
	setup.Accounts[0].Roles = append(setup.Accounts[0].Roles, awssim.Role{Name: "dns", Trusts: []string{sharedAccount}})
	return setup
}

// frontDoorsProject is frontDoorsMapping's projects, by the names of their files.
func frontDoorsProject() map[string]string {
	files := smallProject()
	files["mapping.yaml"] = frontDoorsMapping
	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:providers: [organization/portico-provider/dev-orders]\n"
	files["accounts/provider/Pulumi.dev-orders.yaml"] = providerSettings(ordersAccount, redeploy, validating)
	return files
}

// newFrontDoorsEnvironment is an environment of frontDoorsMapping before its first up.
func newFrontDoorsEnvironment(t *testing.T) *simulatedEnvironment {
	t.Helper()
	e := newEnvironment(t, frontDoorsProject(), frontDoorsSetup())
	e.env.Settle = 0
	return e
}

// domain is the custom domain of that name, or nil.
func (e *simulatedEnvironment) domain(name string) *awssim.CustomDomain {
	for _, domain := range e.Domains(region) {
		if domain.Name == name {
			return &domain
		}
	}
	return nil
}

// TestFrontDoorsOfAnAccount takes a provider account's side of the front doors
// through what happens to it.
func TestFrontDoorsOfAnAccount(t *testing.T) {
	slowly(t)
	t.Parallel()
	e := newFrontDoorsEnvironment(t)
	// An answer is late enough for another domain to overtake it.
	e.OnCall(func(c awssim.Call) {
		if c.Type == domainType {
			<-time.After(50 * time.Millisecond)
		}
	})
	e.up()
	e.OnCall(nil)
	require.Equal(t, 1, e.MostAtOnce(ordersAccount, region, domainType), "AWS lets an account make one in 30 seconds")
	l := &lives{e, e.env.Providers[0]}

	t.Run("the rows get their domains, certificates, mappings and shares", func(t *testing.T) {
		balanced, direct := e.domain("balanced.internal.example.com"), e.domain("direct.internal.example.com")
		require.NotNil(t, balanced)
		require.NotNil(t, direct)
		require.Equal(t, "REGIONAL", balanced.Type)
		require.Equal(t, "PRIVATE", direct.Type)
		require.Equal(t, []awssim.BasePathMapping{{BasePath: "v1", APIID: ownedAPI, Stage: "dev"}}, balanced.Mappings)
		require.Equal(t, []awssim.BasePathMapping{{APIID: emptyAPI, Stage: "dev"}}, direct.Mappings)
		require.Len(t, direct.AssociatedEndpoints, 1)
		require.Contains(t, direct.Policy, direct.AssociatedEndpoints[0])
		require.Equal(t, []string{"*.internal.example.com"}, direct.CertificateNames)
	})
	t.Run("the owner's statement stays first, and the rest is Portico's for both ways", func(t *testing.T) {
		names := sids(t, l.api(ownedAPI).Stages["dev"].Policy)
		require.Equal(t, "Ours", names[0])
		require.Contains(t, strings.Join(names, " "), "Porticodev1e1bALBAllow")
		require.Contains(t, strings.Join(sids(t, l.api(emptyAPI).Stages["dev"].Policy), " "), "Porticodev1e1bNativeAllow")
	})
	t.Run("and a second update has nothing to do", func(t *testing.T) { e.requireNoChanges() })
	t.Run("what the owner adds is kept", func(t *testing.T) {
		require.NoError(t, l.owner(ownedAPI).SavePolicy(with(t, l.api(ownedAPI).SavedPolicy, "Added")))
		changes, _ := l.deploy()
		require.Equal(t, map[string]int{"update": 1, "replace": 1}, changes)
		require.Equal(t, []string{"Ours", "Added"}, sids(t, l.api(ownedAPI).Stages["dev"].Policy)[:2])
		e.requireNoChanges()
	})
	t.Run("a row that leads to another stage takes its domain along", func(t *testing.T) {
		before := e.domain("balanced.internal.example.com")
		l.rewrite(strings.Replace(frontDoorsMapping, "amazonaws.com/dev\n    ACCOUNT: orders\n    FRONT_DOOR: alb", "amazonaws.com/prod\n    ACCOUNT: orders\n    FRONT_DOOR: alb", 1), redeploy, validating)
		e.up()
		after := e.domain("balanced.internal.example.com")
		require.Equal(t, before.ARN, after.ARN)
		require.Equal(t, []awssim.BasePathMapping{{BasePath: "v1", APIID: ownedAPI, Stage: "prod"}}, after.Mappings)
		require.Contains(t, strings.Join(sids(t, l.api(ownedAPI).Stages["prod"].Policy), " "), "Porticodev1e1bALBAllow")
		e.requireNoChanges()
	})
	t.Run("a retired row's domain goes, and what it was granted", func(t *testing.T) {
		l.rewrite(strings.Replace(frontDoorsMapping, "    FRONT_DOOR: alb", "    FRONT_DOOR: alb\n    RETIRED: true", 1), redeploy, validating)
		e.up()
		require.Nil(t, e.domain("balanced.internal.example.com"))
		names := sids(t, l.api(ownedAPI).Stages["dev"].Policy)
		require.Equal(t, []string{"Ours", "Added"}, names[:2])
		require.NotContains(t, strings.Join(names, " "), "Porticodev1e1bALBAllow")
		e.requireNoChanges()
	})
	t.Run("so does the domain of a row that is taken out", func(t *testing.T) {
		proxied, _, _ := strings.Cut(frontDoorsMapping, "  - CUSTOM_DOMAIN_URL: balanced")
		l.rewrite(proxied, redeploy)
		e.up()
		require.Empty(t, e.Domains(region))
		require.Empty(t, e.Resources(awssim.Filter{Account: ordersAccount, Type: "aws:acm/certificate:Certificate"}))
		require.Empty(t, e.Resources(awssim.Filter{Account: ordersAccount, Type: "aws:ram/resourceShare:ResourceShare"}))
		e.requireNoChanges()
	})
}

// TestEachUpdateSaysHowFarItIs brings the stacks up one after another, as plain
// pulumi up does.
func TestEachUpdateSaysHowFarItIs(t *testing.T) {
	slowly(t)
	t.Parallel()
	e := newFrontDoorsEnvironment(t)
	shared, provider := &lives{e, e.env.Shared}, &lives{e, e.env.Providers[0]}
	decode := func(value any) (rows map[string][]string) {
		data, err := json.Marshal(value)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &rows))
		return rows
	}
	shared.deploy()
	require.Empty(t, e.Domains(region))

	_, outputs := provider.deploy()
	require.Equal(t, map[string][]string{"alb": {"balanced.internal.example.com/v1"}, "native": {"direct.internal.example.com"}}, decode(outputs["provisioned"]))
	require.Equal(t, []any{}, outputs["retains"])
	require.Equal(t, map[string]any{"direct.internal.example.com": e.domain("direct.internal.example.com").ARN}, outputs["domainNameArns"])
	require.Contains(t, outputs["resourceShareArn"], "arn:aws:ram:us-east-1:222222222222:resource-share/")
	require.Empty(t, e.domain("direct.internal.example.com").AssociatedEndpoints)

	_, outputs = shared.deploy()
	hosts, _ := outputs["hosts"].([]any)
	require.Len(t, hosts, 3)
	require.Len(t, e.domain("direct.internal.example.com").AssociatedEndpoints, 1)
	changes, _ := provider.deploy()
	require.Empty(t, changes)

	t.Run("a host that changes to alb is admitted by both ways until the earlier one is down", func(t *testing.T) {
		admits := func() []string {
			var admitted []string
			for _, sid := range sids(t, provider.api(ownedAPI).Stages["dev"].Policy) {
				if strings.Contains(sid, "Allow") {
					admitted = append(admitted, strings.TrimRight(sid, "0123456789"))
				}
			}
			return slices.Compact(admitted)
		}
		provider.rewrite(strings.Replace(frontDoorsMapping, "    VERBS: [GET, POST]\n    ACCOUNT: orders\n", "    ACCOUNT: orders\n    FRONT_DOOR: alb\n", 1), redeploy, validating)
		shared.deploy()
		_, outputs := provider.deploy()
		require.Equal(t, []any{"proxied.internal.example.com"}, outputs["retains"])
		require.Contains(t, decode(outputs["provisioned"])["alb"], "proxied.internal.example.com")
		require.ElementsMatch(t, []string{"Porticodev1e1bAllow", "Porticodev1e1bALBAllow"}, admits())

		shared.deploy() // moves the name
		_, outputs = provider.deploy()
		require.Equal(t, []any{"proxied.internal.example.com"}, outputs["retains"])
		require.ElementsMatch(t, []string{"Porticodev1e1bAllow", "Porticodev1e1bALBAllow"}, admits())

		shared.deploy() // takes the earlier way down
		_, outputs = provider.deploy()
		require.Equal(t, []any{}, outputs["retains"])
		require.Equal(t, []string{"Porticodev1e1bALBAllow"}, admits())
	})
}

// TestCustomDomainsChangeTheirCertificates has one source of certificates after
// another, under domains that stay.
func TestCustomDomainsChangeTheirCertificates(t *testing.T) {
	slowly(t)
	t.Parallel()
	const authority = "arn:aws:acm-pca:us-east-1:222222222222:certificate-authority/0a1b"
	e := newFrontDoorsEnvironment(t)
	e.up()
	l := &lives{e, e.env.Providers[0]}
	hosts := []string{"balanced.internal.example.com", "direct.internal.example.com"}
	domains := func() (arns, certificates []string) {
		for _, host := range hosts {
			domain := e.domain(host)
			require.NotNil(t, domain, host)
			arns, certificates = append(arns, domain.ARN), append(certificates, domain.CertificateARN)
		}
		return arns, slices.Compact(certificates)
	}
	importing := func() string {
		certificate, key := rehearsaltest.SelfSigned(t, "*.internal.example.com")
		data, err := json.Marshal(map[string]any{"source": "import", "import": []any{map[string]any{"certificate": certificate, "privateKey": key}}})
		require.NoError(t, err)
		return "  portico:certificates: " + string(data)
	}
	before, issued := domains()
	require.Len(t, issued, 1, "the hosts of a parent domain share a certificate")
	last := issued
	for _, source := range []struct {
		name, config string
		same         bool
	}{
		{"an imported certificate", importing(), false},
		{"its successor", importing(), true},
		{"a private authority's", "  portico:certificates: {source: private-ca, certificateAuthorityArn: \"" + authority + "\"}", false},
		{"one of Amazon's again", validating, false},
	} {
		l.rewrite(frontDoorsMapping, redeploy, source.config)
		changes, _ := l.deploy()
		require.NotEmpty(t, changes, source.name)
		arns, certificates := domains()
		require.Equal(t, before, arns, "%s: the domains stay", source.name)
		require.Len(t, certificates, 1, source.name)
		if source.same {
			require.Equal(t, last, certificates, source.name)
		} else {
			require.NotEqual(t, last, certificates, source.name)
		}
		require.Len(t, e.Resources(awssim.Filter{Account: ordersAccount, Type: "aws:acm/certificate:Certificate"}), 1, "%s: the earlier one goes", source.name)
		last = certificates
		changes, _ = l.deploy()
		require.Empty(t, changes, source.name)
	}
	t.Run("and a refresh finds nothing to do", func(t *testing.T) {
		_, err := e.env.Refresh(t.Context())
		require.NoError(t, err)
		changes, _ := l.deploy()
		require.Empty(t, changes)
	})
}

// TestTheEndpointsAccountMayOwnAPIsToo has a provider stack in the shared
// account, where ACM asks both stacks for the same validation record.
func TestTheEndpointsAccountMayOwnAPIsToo(t *testing.T) {
	slowly(t)
	t.Parallel()
	setup := policySetup()
	for i := range setup.RESTAPIs {
		setup.RESTAPIs[i].Account = sharedAccount
	}
	files := smallProject()
	delete(files, "accounts/provider/Pulumi.dev-orders.yaml")
	files["mapping.yaml"] = strings.NewReplacer("ACCOUNT: orders", `ACCOUNT: "`+sharedAccount+`"`).Replace(frontDoorsMapping)
	files["Pulumi.dev.yaml"] = sharedSettings + "  portico:providers: [organization/portico-provider/dev-own]\n"
	files["accounts/provider/Pulumi.dev-own.yaml"] = providerSettings(sharedAccount, redeploy)
	e := newEnvironment(t, files, setup)
	e.env.Settle = 0
	e.up()
	e.requireNoChanges()
	require.Len(t, e.Domains(region), 2)
	require.Len(t, e.domain("direct.internal.example.com").AssociatedEndpoints, 1)
	require.Empty(t, e.Resources(awssim.Filter{Type: "aws:ram/resourceShare:ResourceShare"}), "no account to share with")

	validations := func() int {
		n := 0
		for _, record := range e.Resources(awssim.Filter{Account: sharedAccount, Type: "aws:route53/record:Record"}) {
			if record.Properties.Text("type") == "CNAME" {
				n++
			}
		}
		return n
	}
	require.Equal(t, 1, validations())
	proxied, _, _ := strings.Cut(files["mapping.yaml"], "  - CUSTOM_DOMAIN_URL: balanced")
	write(t, e.project, map[string]string{"mapping.yaml": proxied})
	e.up()
	e.requireNoChanges()
	require.Empty(t, e.Domains(region))
	require.Equal(t, 1, validations(), "the shared stack's certificate needs the record still")
}
