package outputs_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

func plain(t require.TestingT, value any) map[string]any {
	encoded, err := outputs.Encode(value)
	require.NoError(t, err)
	return encoded.(map[string]any)
}

func text[T ~string](t *rapid.T, name string) T {
	return T(rapid.StringMatching(`[a-z0-9.*/+:-]{0,12}`).Draw(t, name))
}

func texts[T ~string](t *rapid.T, name string) []T {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) T { return text[T](t, name) }), 1, 3).Draw(t, name)
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := outputs.HostState{
			Current: text[mapping.FrontDoor](t, "current"), Target: text[mapping.FrontDoor](t, "target"),
			Retains: texts[mapping.FrontDoor](t, "retains"), Pending: text[outputs.Pending](t, "pending"), Rows: texts[string](t, "rows"),
		}
		shared := outputs.Shared{
			Contract: outputs.Contract, Region: "us-east-1", AccountID: text[mapping.AccountID](t, "account"), VPCID: text[string](t, "vpc"),
			NamePrefix:    text[string](t, "prefix"),
			VPCEndpointID: text[string](t, "endpoint"), VPCEndpointDNSName: text[string](t, "name"), LoadBalancerDNSName: text[string](t, "name"),
			LoadBalancers: []outputs.LoadBalancer{{Name: text[string](t, "balancer"), DNSName: text[string](t, "name"), CertificateNames: texts[mapping.Host](t, "names")}},
			MappingDigest: text[string](t, "digest"), Hosts: texts[mapping.Host](t, "hosts"),
			Endpoints:                  map[mapping.FrontDoor]string{mapping.FrontDoorALB: text[string](t, "endpoint")},
			FrontDoors:                 map[mapping.Host]outputs.HostState{text[mapping.Host](t, "host"): state},
			AssociationCommands:        texts[string](t, "commands"),
			ImportedCertificatesExpire: map[string]string{"a": text[string](t, "time")},
			Network:                    &outputs.Network{CIDR: text[string](t, "range"), Zones: texts[string](t, "zones"), SubnetIDs: texts[string](t, "subnets"), ChosenAddresses: 2},
			WidePolicies:               true,
			Repository:                 &outputs.Repository{KMSKeyARN: text[string](t, "key")},
			LoadBalancing: outputs.LoadBalancing{Type: text[string](t, "type"), ALB: text[string](t, "alb"),
				ProxyProtocol: []outputs.ProxyProtocol{{LoadBalancer: text[string](t, "balancer"), State: text[outputs.ProxyProtocolState](t, "state")}}},
			BaseImage: &outputs.BaseImage{Reference: text[string](t, "reference"), Digest: text[string](t, "digest"), Since: text[string](t, "time"), Refresh: text[string](t, "refresh")},
			Served: &outputs.Served{Count: 3, Awaited: []outputs.ServedRow{{Host: text[mapping.Host](t, "host"), URL: text[string](t, "url"), Number: 3}}, Rows: []outputs.ServedRow{{
				Host: text[mapping.Host](t, "host"), BasePath: text[mapping.BasePath](t, "base"), URL: text[string](t, "url"), Methods: texts[mapping.Method](t, "methods"),
				Account: text[mapping.AccountID](t, "account"), CORS: true, Timeout: 60, Stream: true, NoRewrite: true, Mode: mapping.AccessModeStrict, Former: true,
			}}},
		}
		read, err := outputs.DecodeShared(plain(t, shared))
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(&shared, read))
		states, err := outputs.DecodeFrontDoors(plain(t, shared)["frontDoors"])
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(shared.FrontDoors, states))

		provider := outputs.Provider{
			Contract: outputs.Contract, AccountID: text[mapping.AccountID](t, "account"), RedeployCommands: texts[string](t, "commands"),
			Provisioned:    map[mapping.FrontDoor][]string{mapping.FrontDoorNative: texts[string](t, "rows")},
			ProvisionedFor: map[mapping.FrontDoor]string{mapping.FrontDoorNative: text[string](t, "endpoint")},
			Retains:        texts[mapping.Host](t, "hosts"), DomainNameARNs: map[mapping.Host]string{"a": text[string](t, "arn")},
			Admits: outputs.Numbers{text[string](t, "row"): 3}, Undeployed: texts[string](t, "rows"), Widens: texts[string](t, "rows"), TakenBack: texts[string](t, "stages"),
			Stages:           map[mapping.APIID][]mapping.Stage{"a": texts[mapping.Stage](t, "stages")},
			Saved:            map[mapping.APIID]outputs.SavedPolicy{"a": {Digest: text[string](t, "digest"), Deployments: map[mapping.Stage]string{"dev": text[string](t, "deployment")}}},
			ResourceShareARN: text[string](t, "share"), ImportedCertificatesExpire: map[string]string{"a": text[string](t, "time")},
		}
		account, err := outputs.DecodeProvider(plain(t, provider))
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(&provider, account))
	})
}

func TestEveryOutputHasAName(t *testing.T) {
	for _, names := range [][]string{outputs.SharedNames(), outputs.ProviderNames()} {
		require.NotContains(t, names, "")
		require.Len(t, unique(names), len(names))
	}
	require.Len(t, outputs.SharedNames(), reflect.TypeFor[outputs.Shared]().NumField())
	require.Equal(t, "frontDoors", outputs.SharedNames()[15])
}

func unique(names []string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

func TestOutputsOfAnotherContractAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		outputs map[string]any
		says    string
	}{
		"none":          {nil, "they have no output contract, and this program reads contract 2"},
		"the first one": {map[string]any{"contract": 1.0}, "they are of contract 1, and this program reads contract 2"},
		"a later one":   {map[string]any{"contract": 3}, "they are of contract 3, and this program reads contract 2"},
		"a text":        {map[string]any{"contract": "2"}, `they are of contract "2", and this program reads contract 2`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := outputs.DecodeShared(c.outputs)
			require.EqualError(t, err, c.says)
			var wrong *outputs.ContractError
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, c.outputs["contract"], wrong.Version)
			if c.outputs["contract"] == nil {
				return
			}
			_, err = outputs.DecodeProvider(c.outputs)
			require.EqualError(t, err, c.says)
		})
	}
	for _, number := range []any{2, 2.0, json.Number("2")} {
		_, err := outputs.DecodeShared(map[string]any{"contract": number})
		require.NoError(t, err, "%T", number)
	}
}

func TestAProviderStackWithoutAContractHasReportedNothing(t *testing.T) {
	read, err := outputs.DecodeProvider(map[string]any{"provisioned": "everything"})
	require.NoError(t, err)
	require.Equal(t, &outputs.Provider{}, read)
}

func TestEveryOutputOfTheWrongTypeIsReported(t *testing.T) {
	_, err := outputs.DecodeShared(map[string]any{"contract": 2, "region": 7, "hosts": "a.example.com", "vpcId": "vpc-1", "ofALaterVersion": []any{}})
	require.ErrorContains(t, err, "output region: ")
	require.ErrorContains(t, err, "output hosts: ")
	var wrong *outputs.ValueError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, "region", wrong.Output, "in the order of the contract")
	require.Error(t, errors.Unwrap(wrong))
	_, err = outputs.DecodeProvider(map[string]any{"contract": 2, "retains": 1.0})
	require.ErrorContains(t, err, "output retains: ")
	_, err = outputs.DecodeFrontDoors("known after the update")
	require.ErrorContains(t, err, "output frontDoors: ")
}

func TestAStackThatHasTheProxysEndpointAloneServesNGINX(t *testing.T) {
	read, err := outputs.DecodeShared(map[string]any{"contract": 2, "vpcEndpointId": "vpce-1"})
	require.NoError(t, err)
	require.Equal(t, map[mapping.FrontDoor]string{mapping.FrontDoorNGINX: "vpce-1"}, read.Endpoints)
}

func TestClearRemovesWhatOtherStacksRelyOn(t *testing.T) {
	for name, c := range map[string]struct {
		outputs, want map[string]any // want is nil where nothing changes
	}{
		"a shared stack with native hosts": {
			map[string]any{"contract": 2.0, "hosts": []any{"a"}, "frontDoors": map[string]any{"a": map[string]any{"current": "native"}}},
			map[string]any{"contract": 2.0},
		},
		"a provider stack with domains": {
			map[string]any{
				"provisioned": map[string]any{"native": []any{"a"}}, "provisionedFor": map[string]any{"native": "vpce-1"}, "retains": []any{},
				"domainNameArns": map[string]any{"a": "arn"}, "resourceShareArn": "arn", "redeployCommands": []any{},
			},
			map[string]any{"redeployCommands": []any{}},
		},
		"a shared stack of nginx alone":   {outputs: map[string]any{"contract": 2.0, "hosts": []any{"a"}, "frontDoors": map[string]any{}}},
		"a provider stack of nginx alone": {outputs: map[string]any{"provisioned": map[string]any{}, "retains": []any{}}},
		"no outputs":                      {outputs: map[string]any{}},
	} {
		t.Run(name, func(t *testing.T) {
			cleared := plain(t, c.outputs)
			require.Equal(t, c.want != nil, outputs.Clear(cleared))
			if c.want == nil {
				c.want = plain(t, c.outputs)
			}
			require.Equal(t, c.want, cleared)
			require.False(t, outputs.Clear(cleared))
		})
	}
}

func TestAHostsState(t *testing.T) {
	moving := outputs.HostState{Current: "nginx", Target: "native", Retains: []mapping.FrontDoor{"native"}, Pending: outputs.PendingAssociation, Rows: []string{"a"}}
	require.True(t, moving.Serves("nginx"))
	require.True(t, moving.Serves("native"))
	require.False(t, moving.Serves("alb"))
	require.Equal(t, mapping.FrontDoor("native"), moving.Wanted())
	require.False(t, moving.Settled())
	settled := outputs.HostState{Current: "alb"}
	require.True(t, settled.Settled())
	require.Equal(t, mapping.FrontDoor("alb"), settled.Wanted())
	require.True(t, moving.Equal(moving))
	for _, other := range []outputs.HostState{
		{}, settled,
		{Current: "nginx", Target: "native", Pending: outputs.PendingAssociation, Rows: []string{"a"}},
		{Current: "nginx", Target: "native", Retains: []mapping.FrontDoor{"native"}, Rows: []string{"a"}},
		{Current: "nginx", Target: "native", Retains: []mapping.FrontDoor{"native"}, Pending: outputs.PendingAssociation},
		{Current: "nginx", Retains: []mapping.FrontDoor{"native"}, Pending: outputs.PendingAssociation, Rows: []string{"a"}},
	} {
		require.False(t, moving.Equal(other), "%v", other)
	}
}
