package accounts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

const (
	domainToken      = "aws:apigateway/domainName:DomainName"
	pathToken        = "aws:apigateway/basePathMapping:BasePathMapping"
	shareToken       = "aws:ram/resourceShare:ResourceShare"
	sharedToken      = "aws:ram/resourceAssociation:ResourceAssociation"
	principalToken   = "aws:ram/principalAssociation:PrincipalAssociation"
	nginxEndpointID  = "vpce-0a1b2c3d4e5f60718"
	albEndpointID    = "vpce-0a1b2c3d4e5f60719"
	nativeEndpointID = "vpce-0a1b2c3d4e5f6071a"
)

// threeFrontDoors has a row of each front door; two share an API.
const threeFrontDoors = `APIS:
  - CUSTOM_DOMAIN_URL: a.internal.example.com
    PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/dev
    ACCOUNT: "222222222222"
  - CUSTOM_DOMAIN_URL: b.internal.example.com/v1
    PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/prod
    ACCOUNT: "222222222222"
    FRONT_DOOR: alb
  - CUSTOM_DOMAIN_URL: c.private.example.net
    PRIVATE_API_URL: https://fghij67890.execute-api.us-east-1.amazonaws.com/dev
    VERBS: [GET]
    ACCOUNT: "222222222222"
    FRONT_DOOR: native
`

// frontDoorOutputs are the outputs of a shared stack that has the endpoints of all
// front doors; more adds outputs or replaces them.
func frontDoorOutputs(more map[string]any) map[string]any {
	outputs := maps.Clone(sharedStackOutputs)
	maps.Copy(outputs, map[string]any{
		"accountId":  "111111111111",
		"hosts":      []any{"a.internal.example.com"},
		"frontDoors": map[string]any{},
		"endpoints":  map[string]any{"nginx": nginxEndpointID, "alb": albEndpointID, "native": nativeEndpointID},
	})
	maps.Copy(outputs, more)
	return outputs
}

// outputsOf runs a provider stack's program and returns its outputs; none where not
// all of them are known.
func outputsOf(t *testing.T, m *monitor, s settingsText, mapping string) map[string]any {
	t.Helper()
	m.publicZones = publicZones
	dir := project(t, "dev-orders", s, mapping)
	got := map[string]any{}
	program := func(ctx *pulumi.Context) error {
		if err := ProviderIn(dir)(ctx); err != nil {
			return err
		}
		// The program waits for outputs of its context only.
		own, resolve, _ := ctx.NewOutput()
		pulumi.All(own, pulumi.Map(ctx.GetCurrentExportMap())).ApplyT(func(all []any) int {
			got = asJSON(t, all[1]).(map[string]any)
			return 0
		})
		resolve(true)
		return nil
	}
	require.NoError(t, run(t, m, program, "dev-orders", s.config(t)))
	return got
}

// asJSON is a value as JSON has it.
func asJSON(t *testing.T, value any) any {
	data, err := json.Marshal(value)
	require.NoError(t, err)
	var all any
	require.NoError(t, json.Unmarshal(data, &all))
	return all
}

func document(t *testing.T, text any) (statements []map[string]any) {
	t.Helper()
	var policy struct{ Statement []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(text.(string)), &policy))
	return policy.Statement
}

func TestARowOfAnALBGetsARegionalDomain(t *testing.T) {
	m := &monitor{shared: frontDoorOutputs(nil)}
	outputsOf(t, m, redeploying, threeFrontDoors)

	domain := m.named(t, domainToken, "alb-b.internal.example.com")
	require.Equal(t, "b.internal.example.com", domain.Inputs["domainName"])
	require.Equal(t, map[string]any{"types": "REGIONAL"}, domain.Inputs["endpointConfiguration"])
	require.Equal(t, "TLS_1_2", domain.Inputs["securityPolicy"])
	require.Equal(t, "arn:aws:mock::111111111111:portico-dev-_wildcard.internal.example.com", domain.Inputs["regionalCertificateArn"])
	require.NotContains(t, domain.Inputs, "certificateArn")
	require.NotContains(t, domain.Inputs, "policy")
	require.Equal(t, []any{"*.internal.example.com"}, []any{m.named(t, certificateToken, "_wildcard.internal.example.com").Inputs["domainName"]})

	path := m.named(t, pathToken, "alb-b.internal.example.com-mapping-v1")
	require.Equal(t, map[string]any{
		"basePath": "v1", "domainName": "b.internal.example.com", "restApi": "abcde12345", "stageName": "prod",
	}, path.Inputs)
	require.Contains(t, strings.Join(path.Dependencies, " "), "Deployment::api-abcde12345-prod", "the stage is there, and the policy in effect")

	allowed := statements(t, m.named(t, policyToken, "abcde12345"))
	require.Equal(t, []any{albEndpointID}, endpointsOf(t, allowed["Porticodev1e1bALBAllow"], "StringEquals"))
}

// endpointsOf are the endpoints that a statement's condition names.
func endpointsOf(t *testing.T, statement map[string]any, operator string) []any {
	t.Helper()
	conditions, _ := statement["Condition"].(map[string]any)
	values, _ := conditions[operator].(map[string]any)
	if list, isList := values["aws:SourceVpce"].([]any); isList {
		return list
	}
	return []any{values["aws:SourceVpce"]}
}

func TestANativeRowGetsAPrivateDomainThatIsSharedWithTheEndpointsAccount(t *testing.T) {
	m := &monitor{shared: frontDoorOutputs(nil)}
	outputs := outputsOf(t, m, redeploying, threeFrontDoors)

	domain := m.named(t, domainToken, "native-c.private.example.net")
	require.Equal(t, map[string]any{"types": "PRIVATE"}, domain.Inputs["endpointConfiguration"])
	require.Equal(t, "arn:aws:mock::111111111111:portico-dev-_wildcard.private.example.net", domain.Inputs["certificateArn"])
	require.NotContains(t, domain.Inputs, "regionalCertificateArn")
	policy := document(t, domain.Inputs["policy"])
	require.Len(t, policy, 2)
	require.Equal(t, "Allow", policy[0]["Effect"])
	require.Equal(t, "Deny", policy[1]["Effect"])
	require.Equal(t, []any{nativeEndpointID}, endpointsOf(t, policy[1], "StringNotEquals"))

	require.Equal(t, "a1b2c3d4e5", m.named(t, pathToken, "native-c.private.example.net-mapping").Inputs["domainNameId"])
	require.NotContains(t, m.named(t, pathToken, "native-c.private.example.net-mapping").Inputs, "basePath")
	share := m.only(t, shareToken)
	require.Equal(t, false, share.Inputs["allowExternalPrincipals"])
	shareARN := "arn:aws:mock::111111111111:" + share.Name
	require.Equal(t, map[string]any{"principal": "111111111111", "resourceShareArn": shareARN}, m.only(t, principalToken).Inputs)
	domainARN := "arn:aws:apigateway:us-east-1:222222222222:/domainnames/c.private.example.net+a1b2c3d4e5"
	require.Equal(t, map[string]any{"resourceArn": domainARN, "resourceShareArn": shareARN}, m.only(t, sharedToken).Inputs)

	require.Contains(t, fmt.Sprint(statements(t, m.named(t, policyToken, "fghij67890"))), "domainnames/c.private.example.net+a1b2c3d4e5")
	require.Equal(t, map[string]any{"c.private.example.net": domainARN}, outputs["domainNameArns"])
	require.Equal(t, map[string]any{"alb": albEndpointID, "native": nativeEndpointID}, outputs["provisionedFor"], "the endpoints that were admitted")
	require.Equal(t, "222222222222", outputs["accountId"])
	require.Equal(t, shareARN, outputs["resourceShareArn"])
}

func TestTheRowsOfACustomDomainAreOfOneStack(t *testing.T) {
	const rows = `APIS:
  - {CUSTOM_DOMAIN_URL: a.internal.example.com/x, PRIVATE_API_URL: 'https://api0000001.execute-api.us-east-1.amazonaws.com/dev', FRONT_DOOR: native}
  - {CUSTOM_DOMAIN_URL: a.internal.example.com/y, PRIVATE_API_URL: 'https://api0000002.execute-api.us-east-1.amazonaws.com/dev', FRONT_DOOR: native}
`
	m := &monitor{shared: frontDoorOutputs(nil), publicZones: publicZones}
	s := redeploying + "  portico:apis: [api0000001]\n"
	err := run(t, m, ProviderIn(project(t, "dev-orders", s, rows)), "dev-orders", s.config(t))
	require.ErrorContains(t, err, "mapping.yaml:3:5: APIS[1].PRIVATE_API_URL: REST API api0000002 isn't among this stack's (portico:apis)")
	require.Empty(t, m.of(domainToken), "the other row's stack would make a second domain of the name")

	s = redeploying + "  portico:apis: [api0000001, api0000002]\n"
	require.NoError(t, run(t, &monitor{shared: frontDoorOutputs(nil), publicZones: publicZones}, ProviderIn(project(t, "dev-orders", s, rows)), "dev-orders", s.config(t)))
}

func TestProvisionedAreTheRowsThatHaveAllTheyNeed(t *testing.T) {
	const albRow, nativeRow = "b.internal.example.com/v1", "c.private.example.net"
	waits := func(host string, state map[string]any) map[string]any {
		return map[string]any{"frontDoors": map[string]any{host: state}}
	}
	for name, c := range map[string]struct {
		shared  map[string]any
		mapping string
		// provisioned and retains are these outputs.
		provisioned map[string]any
		retains     []any
		domains     []string
		// admits are the statements of the policy of API abcde12345.
		admits []string
	}{
		"after the first update": {
			provisioned: map[string]any{"alb": []any{albRow}, "native": []any{nativeRow}},
			domains:     []string{"alb-b.internal.example.com", "native-c.private.example.net"},
			admits:      []string{"Porticodev1e1bALBAllow", "Porticodev1e1bAllow"},
		},
		"not before the shared stack has created their endpoints": {
			shared:      map[string]any{"endpoints": nil},
			provisioned: map[string]any{},
			domains:     []string{"alb-b.internal.example.com"},
			admits:      []string{"Porticodev1e1bAllow"},
		},
		"and the earlier front door is admitted until the shared stack has removed it": {
			shared:      waits("b.internal.example.com", map[string]any{"current": "nginx", "target": "alb", "pending": "provider"}),
			provisioned: map[string]any{"alb": []any{albRow}, "native": []any{nativeRow}}, retains: []any{"b.internal.example.com"},
			domains: []string{"alb-b.internal.example.com", "native-c.private.example.net"},
			admits:  []string{"Porticodev1e1bALBAllow", "Porticodev1e1bAllow"},
		},
		"also while clients may hold the old answer": {
			shared:      waits("b.internal.example.com", map[string]any{"current": "alb", "retains": []any{"nginx"}, "pending": "clients"}),
			provisioned: map[string]any{"alb": []any{albRow}, "native": []any{nativeRow}}, retains: []any{"b.internal.example.com"},
			domains: []string{"alb-b.internal.example.com", "native-c.private.example.net"},
			admits:  []string{"Porticodev1e1bALBAllow", "Porticodev1e1bAllow"},
		},
		"a front door that is deployed beforehand is no earlier one": {
			shared:      waits("c.private.example.net", map[string]any{"current": "alb", "target": "native", "retains": []any{"native"}, "pending": "association"}),
			provisioned: map[string]any{"alb": []any{albRow}, "native": []any{nativeRow}}, retains: []any{"c.private.example.net"},
			domains: []string{"alb-b.internal.example.com", "alb-c.private.example.net", "native-c.private.example.net"},
			admits:  []string{"Porticodev1e1bALBAllow", "Porticodev1e1bAllow"},
		},
		"and of nginx those that come from elsewhere": {
			shared:      waits("a.internal.example.com", map[string]any{"current": "native", "target": "nginx", "pending": "provider"}),
			provisioned: map[string]any{"nginx": []any{"a.internal.example.com"}, "alb": []any{albRow}, "native": []any{nativeRow}}, retains: []any{"a.internal.example.com"},
			domains: []string{"alb-b.internal.example.com", "native-a.internal.example.com", "native-c.private.example.net"},
			admits:  []string{"Porticodev1e1bALBAllow", "Porticodev1e1bAllow", "Porticodev1e1bNativeAllow"},
		},
		"but no retired ones": {
			mapping:     strings.ReplaceAll(threeFrontDoors, "    FRONT_DOOR", "    RETIRED: true\n    FRONT_DOOR"),
			provisioned: map[string]any{}, admits: []string{"Porticodev1e1bAllow"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{shared: frontDoorOutputs(c.shared)}
			if c.shared["endpoints"] == nil && len(c.shared) == 1 && c.shared["frontDoors"] == nil {
				delete(m.shared, "endpoints")
			}
			if c.mapping == "" {
				c.mapping = threeFrontDoors
			}
			outputs := outputsOf(t, m, redeploying, c.mapping)
			require.Equal(t, c.provisioned, outputs["provisioned"])
			if c.retains == nil {
				c.retains = []any{}
			}
			require.Equal(t, c.retains, outputs["retains"])
			var domains []string
			for _, domain := range m.of(domainToken) {
				domains = append(domains, domain.Name)
			}
			require.Equal(t, c.domains, domains)
			admits := map[string]bool{}
			for sid := range statements(t, m.named(t, policyToken, "abcde12345")) {
				if strings.Contains(sid, "Allow") {
					admits[strings.TrimRight(sid, "0123456789")] = true
				}
			}
			require.Equal(t, c.admits, slices.Sorted(maps.Keys(admits)))
		})
	}
}

func TestAProviderStackSaysWhatToRunNext(t *testing.T) {
	shared := &outputs.Shared{
		Contract: outputs.Contract, Endpoints: map[mapping.FrontDoor]string{"alb": "vpce-1"},
		FrontDoors: map[mapping.Host]outputs.HostState{
			"b.example.com": {Current: "nginx", Target: "alb", Pending: outputs.PendingProvider},
			"c.example.com": {Current: "nginx", Target: "alb", Pending: outputs.PendingProvider},
			"d.example.com": {Current: "alb", Retains: []mapping.FrontDoor{"nginx"}, Pending: outputs.PendingClients},
		},
	}
	var rows []mapping.Row
	for _, host := range []mapping.Host{"b.example.com", "c.example.com", "d.example.com"} {
		rows = append(rows, mapping.Row{Host: host, FrontDoor: "alb"})
	}
	rows = append(rows, mapping.Row{Host: "e.example.com", FrontDoor: "native"})
	own := migration.Provider{Outputs: &outputs.Provider{
		Provisioned:    map[mapping.FrontDoor][]string{"alb": {"b.example.com", "c.example.com", "d.example.com"}},
		ProvisionedFor: map[mapping.FrontDoor]string{"alb": "vpce-1"},
	}}
	require.Equal(t, []string{
		"front door native has no endpoint yet: run pulumi up on stack organization/portico/dev, which makes it, and then on this one again",
		"b.example.com, c.example.com: run pulumi up on stack organization/portico/dev next, 90 seconds later or more, which leads the name there",
		"d.example.com: when clients hold no old answer any more (60 seconds), run pulumi up on stack organization/portico/dev, which removes the earlier front door, and then on this one again",
	}, sentences(migration.New(migration.WantedBy(rows), shared, []migration.Provider{own}), ownStack))
	for advised := migration.RunForEndpoint; advised <= migration.RunToRemove; advised++ {
		require.Equal(t, 2, strings.Count(advice[advised], "%s"), "advice %d", advised)
	}
}

func TestWithoutRedeploymentARowIsProvisionedWhenThePolicyIsSaved(t *testing.T) {
	undeploying := minimalProvider + "  portico:redeploy: false\n"
	m := &monitor{shared: frontDoorOutputs(nil)}
	outputs := outputsOf(t, m, undeploying, threeFrontDoors)
	require.Equal(t, map[string]any{"alb": []any{"b.internal.example.com/v1"}, "native": []any{"c.private.example.net"}}, outputs["provisioned"])
	require.Len(t, outputs["redeployCommands"], 3)
	require.Empty(t, m.of(deploymentToken))

	t.Run("but not while its owner hasn't deployed the stage", func(t *testing.T) {
		m := &monitor{shared: frontDoorOutputs(nil), missing: []string{"abcde12345/prod"}}
		outputs := outputsOf(t, m, undeploying, threeFrontDoors)
		require.Equal(t, map[string]any{"native": []any{"c.private.example.net"}}, outputs["provisioned"])
		require.Len(t, m.of(domainToken), 2, "the domain can be created")
		require.Len(t, m.of(pathToken), 1, "its base path has no stage yet")
		require.Contains(t, statements(t, m.named(t, policyToken, "abcde12345")), "Porticodev1e1bALBAllow", "the owner can deploy with it")
	})
}

func TestAnAPIThatNothingCanBeGrantedYetIsLeftAlone(t *testing.T) {
	m := &monitor{shared: frontDoorOutputs(map[string]any{"endpoints": map[string]any{"nginx": nginxEndpointID, "alb": albEndpointID}})}
	outputs := outputsOf(t, m, redeploying, threeFrontDoors)
	require.Equal(t, "abcde12345", m.only(t, policyToken).Inputs["restApiId"])
	require.Equal(t, map[string]any{"alb": []any{"b.internal.example.com/v1"}}, outputs["provisioned"])
	require.NotContains(t, outputs, "resourceShareArn")
	require.Empty(t, m.of(shareToken))
	require.Len(t, m.of(certificateToken), 2, "the PRIVATE domain's certificate needn't wait")
}

func TestConsumersReachPrivateDomainsThroughTheirOwnEndpoints(t *testing.T) {
	m := &monitor{shared: frontDoorOutputs(nil)}
	outputsOf(t, m, redeploying+`  portico:native:
    vpcEndpointIds: [vpce-0000000a]
    principals: ["444444444444", "222222222222"]
    allowExternalPrincipals: true
`, threeFrontDoors)
	endpoints := []any{nativeEndpointID, "vpce-0000000a"}
	require.ElementsMatch(t, endpoints, endpointsOf(t, document(t, m.named(t, domainToken, "c.private.example.net").Inputs["policy"])[1], "StringNotEquals"))
	allowed := statements(t, m.named(t, policyToken, "fghij67890"))["Porticodev1e1bNativeAllow1"]
	require.ElementsMatch(t, endpoints, endpointsOf(t, allowed, "StringEquals"))
	var principals []any
	for _, principal := range m.of(principalToken) {
		principals = append(principals, principal.Inputs["principal"])
	}
	require.Equal(t, []any{"111111111111", "444444444444"}, principals, "the own account needs no share")
	require.Equal(t, true, m.only(t, shareToken).Inputs["allowExternalPrincipals"])
}

func TestInTheEndpointsOwnAccountNothingIsSharedAndValidationRecordsAreCommon(t *testing.T) {
	m := &monitor{shared: frontDoorOutputs(map[string]any{"accountId": "222222222222"})}
	outputs := outputsOf(t, m, redeploying, threeFrontDoors)
	require.Empty(t, m.of(shareToken))
	require.NotContains(t, outputs, "resourceShareArn")
	require.Len(t, outputs["domainNameArns"], 1)
	require.Contains(t, outputs["provisioned"], "native")
	for _, record := range m.of("aws:route53/record:Record") {
		require.Equal(t, true, record.Inputs["allowOverwrite"], "the shared stack's certificate has the same record")
		require.True(t, record.RetainOnDelete)
	}
	elsewhere := &monitor{shared: frontDoorOutputs(nil)}
	outputsOf(t, elsewhere, redeploying, threeFrontDoors)
	for _, record := range elsewhere.of("aws:route53/record:Record") {
		require.Equal(t, false, record.Inputs["allowOverwrite"])
		require.False(t, record.RetainOnDelete)
	}
}

func TestAPolicyThatWaitsForADomainIsCheckedInAPreview(t *testing.T) {
	var many strings.Builder
	many.WriteString("APIS:\n")
	for i := range 40 {
		fmt.Fprintf(&many, "  - {CUSTOM_DOMAIN_URL: a-name-of-some-length-%d.internal.example.com, FRONT_DOOR: native, ACCOUNT: \"222222222222\", VERBS: [%s], PRIVATE_API_URL: https://abcde12345.execute-api.us-east-1.amazonaws.com/stage-%d}\n",
			i, []string{"GET", "PUT, POST", "DELETE"}[i%3], i)
	}
	m := &monitor{shared: frontDoorOutputs(nil), publicZones: publicZones, unknown: true}
	err := provider(t, m, redeploying, many.String())
	require.ErrorContains(t, err, "abcde12345")
	require.ErrorContains(t, err, "8192")
	require.Empty(t, m.of(policyToken))
}
