package automation

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

func TestDeploymentsThatTheirOwnerDeletedStayInTheState(t *testing.T) {
	const (
		stack      = `{"urn":"u::stack","type":"pulumi:pulumi:Stack"}`
		policy     = `{"urn":"u::policy","type":"aws:apigateway/restApiPolicy:RestApiPolicy","parent":"u::stack"}`
		first      = `{"urn":"u::first","type":"aws:apigateway/deployment:Deployment","id":"1","parent":"u::stack","dependencies":["u::policy"]}`
		second     = `{"urn":"u::second","type":"aws:apigateway/deployment:Deployment","id":"2","parent":"u::stack","dependencies":["u::policy","u::first"]}`
		superseded = `{"urn":"u::first","type":"aws:apigateway/deployment:Deployment","id":"0","parent":"u::stack","delete":true}`
		domain     = `{"urn":"u::domain","type":"aws:apigateway/domainName:DomainName","id":"d","parent":"u::stack"}`
	)
	read := func(resources string) *deployment {
		state, err := readDeployment([]byte(`{"resources":[` + resources + `]}`))
		require.NoError(t, err)
		return state
	}
	for sentence, test := range map[string]struct {
		before, after string
		kept          []string
		whole         string
	}{
		"both are kept, in their order":            {stack + "," + policy + "," + first + "," + second, stack + "," + policy, []string{"first", "second"}, stack + "," + policy + "," + first + "," + second},
		"one is kept":                              {stack + "," + policy + "," + first + "," + second, stack + "," + policy + "," + second, []string{"first"}, stack + "," + policy + "," + second + "," + first},
		"those that are there stay":                {stack + "," + policy + "," + first, stack + "," + policy + "," + first, nil, stack + "," + policy + "," + first},
		"with its API gone, a deployment is too":   {stack + "," + policy + "," + first + "," + second, stack, nil, stack},
		"one that was to be deleted is not kept":   {stack + "," + policy + "," + superseded, stack + "," + policy, nil, stack + "," + policy},
		"other resources go as the refresh says":   {stack + "," + domain + "," + policy, stack + "," + policy, nil, stack + "," + policy},
		"the later one replaces the earlier entry": {stack + "," + policy + "," + superseded + "," + first, stack + "," + policy, []string{"first"}, stack + "," + policy + "," + first},
	} {
		t.Run(sentence, func(t *testing.T) {
			after := read(test.after)
			require.Equal(t, test.kept, after.retainDeployments(read(test.before)))
			require.Equal(t, read(test.whole).resources(), after.resources())
		})
	}
}

func TestADeploymentThatNoPolicyAsksForIsNoticed(t *testing.T) {
	for sentence, test := range map[string]struct {
		policy, deployment apitype.OpType
		want               int
	}{
		"a deployment that the state has lost": {apitype.OpSame, apitype.OpCreate, 1},
		"the first update":                     {apitype.OpCreate, apitype.OpCreate, 0},
		"a policy that changes":                {apitype.OpUpdate, apitype.OpReplace, 0},
		"nothing to do":                        {apitype.OpSame, apitype.OpSame, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			w := &watch{begin: time.Now(), send: func(Event) {}, done: map[string]bool{}}
			for token, op := range map[string]apitype.OpType{apiPolicyType: test.policy, deploymentType: test.deployment} {
				w.read(apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: apitype.StepEventMetadata{
					Op: op, Type: token, URN: "urn:pulumi:dev-orders::p::" + token + "::api-abcde12345-dev", New: &apitype.StepEventStateMetadata{Parent: "u::component"},
				}}})
			}
			require.Len(t, w.publications.notices(), test.want)
		})
	}
}
