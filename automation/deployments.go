package automation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// deploymentType is a deployment of a REST API. A stack makes one when it has
// changed the API's resource policy, and none before the policy changes again.
const deploymentType = "aws:apigateway/deployment:Deployment"

// apiPolicyType is the resource policy of a REST API.
const apiPolicyType = "aws:apigateway/restApiPolicy:RestApiPolicy"

// retainDeployments keeps in a stack's state what a refresh takes out of
// it because the API's owner has deleted it. Without the entry the next update
// would deploy the stage, and publish whatever the owner has saved, although
// nothing of Portico's has changed. The next Up runs the stack.
func retainDeployments(ctx context.Context, stack *openStack, w *watch, refresh func() error) error {
	_, remembered := stack.state.outputs()["digest"]
	if len(stack.state.idsOf(deploymentType)) == 0 && !remembered {
		return refresh()
	}
	failed := refresh()
	ctx = context.WithoutCancel(ctx) // also when the run was cancelled
	after, err := readState(ctx, stack.Stack)
	if err != nil {
		return errors.Join(failed, err)
	}
	kept := after.retainDeployments(stack.state)
	// What a refresh has read may be what no run has left so.
	if forgot := after.forgetRun(); len(kept) == 0 && !forgot {
		return failed
	}
	for _, name := range kept {
		w.note(fmt.Sprintf("%s: the deployment was deleted in API Gateway: the stage stays as its owner has it; the next change of the API's policy deploys it", name))
	}
	return errors.Join(failed, after.write(ctx, stack.Stack))
}

// retainDeployments adds the deployments that an earlier state has and this one
// has not, and returns their names. Where what a deployment depends on is gone
// too, such as its API's policy, it is left out.
func (d *deployment) retainDeployments(before *deployment) []string {
	present := map[any]bool{}
	for _, v := range d.resources() {
		if r, ok := v.(map[string]any); ok {
			present[r["urn"]] = true
		}
	}
	var names []string
	for _, v := range before.resources() {
		r, _ := v.(map[string]any)
		urn, _ := r["urn"].(string)
		if r["type"] != deploymentType || present[urn] || r["delete"] == true || !dependenciesPresent(r, present) {
			continue
		}
		kept := maps.Clone(r)
		d.whole["resources"] = append(d.resources(), kept)
		present[urn] = true
		names = append(names, resourceName(urn))
	}
	return names
}

// dependenciesPresent reports whether all that a resource depends on is present.
func dependenciesPresent(r map[string]any, present map[any]bool) bool {
	dependencies, _ := r["dependencies"].([]any)
	for _, urn := range append([]any{r["parent"]}, dependencies...) {
		if urn != nil && !present[urn] {
			return false
		}
	}
	return true
}

// publications are which APIs' policies a preview leaves as they are, and which
// deployments it creates, by the URN of the API's component.
type publications struct {
	unchanged map[string]bool
	created   map[string][]string
}

// read notes a step of a preview.
func (p *publications) read(step apitype.StepEventMetadata) {
	if step.New == nil {
		return
	}
	switch {
	case step.Type == apiPolicyType && step.Op == apitype.OpSame:
		if p.unchanged == nil {
			p.unchanged = map[string]bool{}
		}
		p.unchanged[step.New.Parent] = true
	case step.Type == deploymentType && step.Op == apitype.OpCreate:
		if p.created == nil {
			p.created = map[string][]string{}
		}
		p.created[step.New.Parent] = append(p.created[step.New.Parent], resourceName(step.URN))
	}
}

// notices name the deployments that publish what owners have saved and no policy
// asks for: portico:redeploy was set to true, or plain pulumi refresh has dropped what
// the owner had deleted.
func (p *publications) notices() []string {
	var notices []string
	for component, names := range p.created {
		for _, name := range names {
			if p.unchanged[component] {
				notices = append(notices, name+": the API's policy stays as it is, and the stack has no deployment of the stage: the update makes one, which publishes all that the API's owner has saved; portico:redeploy: false publishes nothing")
			}
		}
	}
	slices.Sort(notices)
	return notices
}
