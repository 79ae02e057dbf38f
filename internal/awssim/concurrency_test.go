package awssim_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

func TestDeploymentsUnderWayAtOnceAreCounted(t *testing.T) {
	const deploymentType = "aws:apigateway/deployment:Deployment"
	for sentence, test := range map[string]struct{ atOnce, want int }{
		"one by one": {1, 1},
		"together":   {2, 2},
	} {
		t.Run(sentence, func(t *testing.T) {
			setup := testSetup()
			policy := json.RawMessage(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}}`)
			setup.RESTAPIs = []awssim.RESTAPI{{Account: sharedAccount, Region: "us-east-1", ID: "orders1234", Name: "orders", Policy: policy}}
			simulator, err := awssim.New(setup)
			require.NoError(t, err)
			c := newClient(t, simulator, sharedAccount)

			var all sync.WaitGroup
			all.Add(test.atOnce)
			simulator.OnCall(func(call awssim.Call) {
				if call.Action == "apigateway:POST" && test.atOnce > 1 {
					all.Done()
					all.Wait() // no answer leaves before every call has arrived
				}
			})
			var calls sync.WaitGroup
			stages := []string{"dev", "live"}
			failures := make([]error, len(stages))
			for i, stage := range stages {
				deploy := func() {
					_, failures[i] = c.tryCreate(deploymentType, stage, properties{"restApi": "orders1234", "stageName": stage})
				}
				if test.atOnce > 1 {
					calls.Go(deploy)
				} else {
					deploy()
				}
			}
			calls.Wait()
			require.NoError(t, errors.Join(failures...))
			require.Equal(t, test.want, simulator.MostAtOnce(sharedAccount, "us-east-1", deploymentType))
			require.Equal(t, []string{"dev", "live"}, simulator.RESTAPIs("us-east-1")["orders1234"].StageNames())
		})
	}
}
