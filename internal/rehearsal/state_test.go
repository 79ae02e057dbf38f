package rehearsal

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// existingResources are the simulated resources that a state directory keeps,
// by account, type and ID.
func existingResources(t *testing.T, stateDir, mappingFile string) map[string]awssim.Resource {
	t.Helper()
	m, err := mapping.Load(mappingFile)
	require.NoError(t, err)
	w, err := initialState{mapping: m, shared: sharedAccount, region: regionOf(m)}.setup()
	require.NoError(t, err)
	simulator, err := awssim.Open(accountsDir(stateDir), w)
	require.NoError(t, err)
	defer func() { require.NoError(t, simulator.Close()) }()
	found := make(map[string]awssim.Resource)
	for _, r := range simulator.Resources(awssim.Filter{}) {
		found[r.Account+" "+r.Type+" "+r.ID] = r
	}
	return found
}

// changed are the accounts and types of the resources that differ, each once.
func changed(before, after map[string]awssim.Resource) []string {
	var types []string
	note := func(key string, a, b map[string]awssim.Resource) {
		if r := a[key]; !cmp.Equal(r, b[key]) {
			types = append(types, r.Account+" "+r.Type)
		}
	}
	for key := range before {
		note(key, before, after)
	}
	for key := range after {
		note(key, after, before)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func requireUnchanged(t *testing.T, report *Report) {
	t.Helper()
	requireOK(t, report)
	requireNoChanges(t, report)
}

// requireNoChanges fails unless every stack was as the rehearsal found it.
func requireNoChanges(t *testing.T, report *Report) {
	t.Helper()
	for _, stack := range report.Stacks {
		require.Empty(t, stack.Error, "stack %s", stack.Name)
		require.Zero(t, stack.Changes.Create+stack.Changes.Update+stack.Changes.Replace+stack.Changes.Delete,
			"%s: %s", stack.Name, stack.Changes)
	}
}

// requireRowAddedAlone rehearses the example with a row more under a domain that it
// has.
func requireRowAddedAlone(t *testing.T, o Options, document string, first map[string]awssim.Resource) {
	t.Helper()
	longer := document + `
  - CUSTOM_DOMAIN_URL: extra.internal.dev.example.com
    PRIVATE_API_URL: https://p0d4t8y1ce.execute-api.us-east-1.amazonaws.com/dev/extra
    VERBS: [GET]
    ACCOUNT: orders
`
	require.NoError(t, os.WriteFile(o.Mapping, []byte(longer), 0o600))
	report := rehearse(t, o)
	requireOK(t, report)
	require.Equal(t, 15, report.Rows)
	second := existingResources(t, o.StateDir, o.Mapping)
	require.Equal(t, []string{
		" docker:index/image:Image",
		"111111111111 aws:ec2/networkInterface:NetworkInterface", // the new tasks'
		"111111111111 aws:ecr/image:Image",
		"111111111111 aws:ecs/service:Service",
		"111111111111 aws:ecs/taskDefinition:TaskDefinition",
		"222222222222 aws:apigateway/deployment:Deployment",
		"222222222222 aws:apigateway/restApi:RestApi",
		"222222222222 aws:apigateway/restApiPolicy:RestApiPolicy",
		"222222222222 aws:apigateway/stage:Stage",
	}, changed(first, second))
	for _, r := range second {
		if r.Type == "aws:apigateway/restApi:RestApi" && r.ID != "p0d4t8y1ce" {
			require.Equal(t, first[r.Account+" "+r.Type+" "+r.ID], r)
		}
	}
}

// requireRowRemoved demands that removing the row has undone what adding it did.
func requireRowRemoved(t *testing.T, first, third map[string]awssim.Resource) {
	t.Helper()
	for key, r := range first {
		switch r.Type {
		case "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition", "aws:apigateway/stage:Stage", "docker:index/image:Image",
			"aws:ec2/networkInterface:NetworkInterface", "aws:ecr/image:Image":
			// What was replaced is a new revision or deployment of the same, and
			// the registry remembers which image had the tag last.
			continue
		}
		require.Equal(t, r, third[key], "removing the row undoes what adding it did")
	}
}
