package discovery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/internal/awsreader"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/discovery"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/rehearsal/accountreader"
	"github.com/portico-iac/portico/mapping"
)

const (
	region   = "us-east-1"
	ownVPC   = "vpc-0aaaaaaaaaaaaaaaa"
	endpoint = "vpce-0aaaaaaaaaaaaaaaa"
)

// policies are resource policies, with who is admitted by each.
var policies = []struct {
	callers  discovery.Callers
	named    []string
	document string
}{
	{discovery.None, []string{}, ""},
	{discovery.Everybody, []string{}, allow("")},
	{discovery.WholeVPC, []string{}, allow(`"Condition":{"StringEquals":{"aws:SourceVpc":"` + ownVPC + `"}}`)},
	{discovery.Endpoints, []string{endpoint}, allow(`"Condition":{"StringEquals":{"aws:SourceVpce":"` + endpoint + `"}}`)},
	{discovery.Endpoints, []string{endpoint}, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*/GET/orders/*"},
		{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"` + endpoint + `"}}}]}`},
	{discovery.None, []string{}, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"},
		{"Effect":"Deny","Principal":"*","Action":"execute-api:*","Resource":"*"}]}`},
	{discovery.Others, []string{}, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::555555555555:role/batch"},"Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`},
}

func allow(condition string) string {
	if condition != "" {
		condition = "," + condition
	}
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"` + condition + `}]}`
}

var owners = []mapping.AccountID{"222222222222", "333333333333", "444444444444"}

const perAccount = 200

// apis are 600 private APIs of three accounts, and a public one in each.
func apis() []awssim.RESTAPI {
	var all []awssim.RESTAPI
	for n, owner := range owners {
		for i := range perAccount {
			api := awssim.RESTAPI{Account: string(owner), Region: region, ID: fmt.Sprintf("api%d%06d", n, i), Name: fmt.Sprintf("Orders API %d", i/2), Stages: []string{"dev"}}
			if i%10 == 9 {
				api.Stages = []string{"dev", "v2"}
			}
			if document := policies[i%len(policies)].document; document != "" {
				api.Policy = json.RawMessage(document)
			}
			all = append(all, api)
		}
		all = append(all, awssim.RESTAPI{Account: string(owner), Region: region, ID: fmt.Sprintf("public%d000", n), Name: "public", EndpointType: "REGIONAL", Stages: []string{"dev"}})
	}
	return all
}

// theMapping has two rows of the first account's APIs, one of them retired.
func theMapping(t *testing.T) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Parse("mapping.yaml", []byte(`ACCOUNTS: {orders: {ID: "222222222222"}}
APIS:
  - {CUSTOM_DOMAIN_URL: mine.private.example.com/a, PRIVATE_API_URL: "https://api0000000.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: orders}
  - {CUSTOM_DOMAIN_URL: orders-api-1.orders.private.example.com, PRIVATE_API_URL: "https://api0000001.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: orders, RETIRED: true}
`))
	require.NoError(t, err)
	return m
}

// serve plays API Gateway's management for one account, in pages of 60.
func serve(t *testing.T, all []awssim.RESTAPI) string {
	t.Helper()
	const page = 60
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]any{}
		parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
		if len(parts) == 3 && parts[2] == "stages" {
			var items []map[string]any
			for _, api := range all {
				for _, stage := range api.Stages {
					if api.ID == parts[1] {
						items = append(items, map[string]any{"stageName": stage, "deploymentId": "d1"})
					}
				}
			}
			answer["item"] = items
		} else {
			first, _ := strconv.Atoi(r.URL.Query().Get("position"))
			var items []map[string]any
			for _, api := range all[first:min(first+page, len(all))] {
				kind := api.EndpointType
				if kind == "" {
					kind = "PRIVATE"
				}
				item := map[string]any{"id": api.ID, "name": api.Name, "endpointConfiguration": map[string]any{"types": []string{kind}}}
				if len(api.Policy) > 0 {
					// API Gateway returns policies with their quotation marks escaped.
					quoted, _ := json.Marshal(string(api.Policy))
					item["policy"] = strings.Trim(string(quoted), `"`)
				}
				items = append(items, item)
			}
			answer["item"] = items
			if first+page < len(all) {
				answer["position"] = strconv.Itoa(first + page)
			}
		}
		_ = json.NewEncoder(w).Encode(answer) // the client notices
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// readers read the same APIs: by HTTP, and in simulated accounts.
func readers(t *testing.T) map[string]doctor.Accounts {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	var served []awsreader.Account
	for _, owner := range owners {
		own := slices.DeleteFunc(apis(), func(api awssim.RESTAPI) bool { return api.Account != string(owner) })
		served = append(served, awsreader.Account{ID: string(owner), Region: region, Endpoint: serve(t, own), CallsPerSecond: 1000})
	}
	byHTTP, err := awsreader.New(context.Background(), served)
	require.NoError(t, err)
	setup := &awssim.Setup{Home: awssim.Identity{Account: "111111111111", Principal: "arn:aws:iam::111111111111:user/operator"}, RESTAPIs: apis()}
	for _, owner := range owners {
		setup.Accounts = append(setup.Accounts, awssim.Account{ID: string(owner)})
	}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	return map[string]doctor.Accounts{"by HTTP": byHTTP, "simulated": accountreader.Accounts(simulator, region)}
}

// TestSixHundredAPIsInThreeAccountsAreFound finds all of them, with who may call each,
// the rows, and rows for those that have none, which are a valid mapping.
func TestSixHundredAPIsInThreeAccountsAreFound(t *testing.T) {
	o := discovery.Options{Mapping: theMapping(t), Partition: "aws", Region: region, VPCID: ownVPC, Owners: owners, Template: discovery.DefaultTemplate}
	for name, accounts := range readers(t) {
		t.Run(name, func(t *testing.T) {
			result := discovery.Discover(context.Background(), accounts, o)
			require.Empty(t, result.Unread)
			require.Len(t, result.APIs, len(owners)*perAccount)
			var document struct {
				APIs []discovery.Row `yaml:"APIS"`
			}
			proposed := map[string]bool{}
			for i, api := range result.APIs {
				require.Equal(t, owners[i/perAccount], api.Account)
				require.Equal(t, mapping.APIID(fmt.Sprintf("api%d%06d", i/perAccount, i%perAccount)), api.ID)
				want := policies[i%perAccount%len(policies)]
				require.Equal(t, want.callers, api.Callers, "%s: %s", api.ID, want.document)
				require.Equal(t, want.named, api.Endpoints, "%s: %s", api.ID, want.document)
				document.APIs = append(document.APIs, api.Proposed...)
				for _, row := range api.Proposed {
					require.False(t, proposed[row.CustomDomainURL], row.CustomDomainURL)
					proposed[row.CustomDomainURL] = true
				}
			}
			require.Equal(t, []string{"mine.private.example.com/a"}, result.APIs[0].Rows)
			require.Empty(t, result.APIs[0].Proposed)
			require.Empty(t, result.APIs[1].Rows, "a retired row leads nowhere")
			require.Equal(t, []discovery.Row{{"orders-api-0.orders.private.example.com", "https://api0000001.execute-api.us-east-1.amazonaws.com/dev", "orders"}}, result.APIs[1].Proposed)
			require.Equal(t, "orders-api-1-api0000002.orders.private.example.com", result.APIs[2].Proposed[0].CustomDomainURL, "a retired row has the name")
			require.Equal(t, "orders-api-2.orders.private.example.com", result.APIs[4].Proposed[0].CustomDomainURL)
			require.Equal(t, []string{"orders-api-4-api0000009.orders.private.example.com/dev", "orders-api-4-api0000009.orders.private.example.com/v2"},
				[]string{result.APIs[9].Proposed[0].CustomDomainURL, result.APIs[9].Proposed[1].CustomDomainURL})
			require.Len(t, document.APIs, len(owners)*(perAccount+perAccount/10)-1)
			text, err := yaml.Marshal(document)
			require.NoError(t, err)
			_, err = mapping.Parse("proposed.yaml", append([]byte("ACCOUNTS: {orders: {ID: \"222222222222\"}}\n"), text...))
			require.NoError(t, err)
		})
	}
}

// TestAnAccountThatCannotBeReadIsNamed has no reader for one account.
func TestAnAccountThatCannotBeReadIsNamed(t *testing.T) {
	o := discovery.Options{Mapping: theMapping(t), Partition: "aws", Region: region, VPCID: ownVPC, Owners: append(slices.Clone(owners[:1]), "999999999999"), Template: discovery.DefaultTemplate}
	result := discovery.Discover(context.Background(), readers(t)["by HTTP"], o)
	require.Len(t, result.APIs, perAccount)
	require.Len(t, result.Unread, 1)
	require.Equal(t, mapping.AccountID("999999999999"), result.Unread[0].Account)
	require.Contains(t, result.Unread[0].Why, "no stack of the environment works in account 999999999999")
}

func TestTemplatesAreChecked(t *testing.T) {
	for template, want := range map[discovery.Template]string{
		discovery.DefaultTemplate:          "",
		"{id}.apis.example.org":            "",
		"{api}-{stage}.{team}.example.org": "",
		"{name}.private.example.com":       "the parts that are filled in are {api}, {team}, {stage} and {id}",
		"{api}":                            "makes orders",
		"{api}_.private.example.com":       "makes orders_.private.example.com",
		"{team}.private.example.com":       "makes one host of all APIs",
	} {
		err := template.Check()
		if want == "" {
			require.NoError(t, err, template)
			continue
		}
		require.ErrorContains(t, err, want, template)
	}
}
