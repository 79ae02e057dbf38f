package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/mapping"
)

// sampleSegment is a path below a row's: what a row allows, it allows there too.
const sampleSegment = "/portico-doctor"

// row follows a row's requests from the endpoint to its API.
func (w *walk) row(row mapping.Row, endpoint *Endpoint) {
	owner := w.environment.Owner(row)
	if owner == "" {
		w.unread(StepAPI, row.Position()+": no ACCOUNT, and no provider stack's portico:apis lists API "+string(row.API.ID))
		return
	}
	account := string(owner)
	api := resourcepolicy.API{Partition: row.API.Partition, Region: row.API.Region, AccountID: account, APIID: string(row.API.ID)}
	w.endpointPolicy(row, api, endpoint)
	domainARN := ""
	if w.frontDoor != mapping.FrontDoorNGINX {
		domainARN = w.domain(row, account, endpoint)
	}
	existing, ok := ask(w, StepAPI, account, "api "+api.APIID, func(ctx context.Context, r Reader) (*RESTAPI, error) { return r.RESTAPI(ctx, api.APIID) })
	if !ok {
		return
	}
	if existing == nil {
		w.cause(StepAPI, account, api.APIID, "the account has no REST API of this ID", "correct PRIVATE_API_URL or ACCOUNT at "+row.Position())
		return
	}
	w.apiIs(row, account, *existing)
	deployed := w.stage(row, account)
	admits := w.policy(row, api, *existing, domainARN)
	if deployed != nil {
		w.deployedPolicy(row, api, existing.Policy, *deployed, admits)
	}
}

// apiIs holds an API to what its row says of it.
func (w *walk) apiIs(row mapping.Row, account string, api RESTAPI) {
	if api.EndpointType != "PRIVATE" {
		w.cause(StepAPI, account, api.ID, "the API's endpoint type is "+api.EndpointType+": only private APIs answer at a VPC endpoint",
			"its owner sets the type back to PRIVATE, or the row leaves the mapping")
	}
	strict := row.AccessMode == mapping.AccessModeStrict
	if api.AccessMode != "" && w.frontDoor == mapping.FrontDoorNGINX && strict != (api.AccessMode == "STRICT") {
		w.cause(StepAPI, account, api.ID, "the API's endpoint access mode is "+api.AccessMode+", and the row says otherwise",
			"write ENDPOINT_ACCESS_MODE: "+api.AccessMode+" at "+row.Position())
	}
}

// stage looks for the row's stage.
func (w *walk) stage(row mapping.Row, account string) *Stage {
	id, name := string(row.API.ID), string(row.API.Stage)
	stages, ok := ask(w, StepStage, account, "stages "+id, func(ctx context.Context, r Reader) ([]Stage, error) { return r.Stages(ctx, id) })
	if !ok {
		return nil
	}
	i := slices.IndexFunc(stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		w.cause(StepStage, account, id+"/"+name, "the API has no stage "+name, "its owner deploys it: "+w.redeploy(row))
		return nil
	}
	return &stages[i]
}

func (w *walk) redeploy(row mapping.Row) string {
	return fmt.Sprintf("aws apigateway create-deployment --region %s --rest-api-id %s --stage-name %s", row.API.Region, row.API.ID, row.API.Stage)
}

// verdict is what a policy says of a row's requests.
type verdict struct {
	// silent are the verbs that no statement allows; denied those that statements
	// deny, with the statements.
	silent  []string
	denied  []string
	denials []string
}

// decide asks a policy about each verb of a row, at its path and below it.
func (w *walk) decide(policy string, row mapping.Row, api resourcepolicy.API, call resourcepolicy.Call) (verdict, error) {
	var v verdict
	methods := row.Methods
	if methods == nil {
		methods = mapping.AllMethods
	}
	for _, method := range methods {
		silent := false
		for _, path := range []string{string(row.API.Path), string(row.API.Path) + sampleSegment} {
			call.Resource = api.MethodARN(string(row.API.Stage), string(method), path)
			decision, err := resourcepolicy.Decide([]byte(policy), call)
			if err != nil {
				return v, err
			}
			silent = silent || !decision.Allowed
			for _, name := range decision.Denials {
				if !slices.Contains(v.denials, name) {
					v.denials = append(v.denials, name)
				}
				if !slices.Contains(v.denied, string(method)) {
					v.denied = append(v.denied, string(method))
				}
			}
		}
		if silent {
			v.silent = append(v.silent, string(method))
		}
	}
	return v, nil
}

// call is a request of the row, as policies see it.
func (w *walk) call(row mapping.Row, endpoint, domainARN string) resourcepolicy.Call {
	call := resourcepolicy.Call{
		VPCEndpointID: endpoint, VPCID: w.environment.Shared.VPCID, DomainARN: domainARN, Signed: row.Auth == mapping.AuthIAM,
	}
	if w.frontDoor == mapping.FrontDoorNGINX {
		call.Referer = string(row.Host)
	}
	return call
}

// endpointPolicy asks the endpoint's policy about the row. An endpoint without one
// lets everything pass.
func (w *walk) endpointPolicy(row mapping.Row, api resourcepolicy.API, endpoint *Endpoint) {
	if endpoint == nil || endpoint.Policy == "" {
		return
	}
	v, err := w.decide(endpoint.Policy, row, api, w.call(row, endpoint.ID, ""))
	switch {
	case err != nil:
		w.unread(StepEndpointPolicy, err.Error())
	case len(v.denied) > 0:
		w.cause(StepEndpointPolicy, w.shared(), endpoint.ID, "the endpoint's policy denies "+strings.Join(v.denied, ", ")+" by "+strings.Join(v.denials, ", "),
			"change the statement in the endpoint's policy, or "+w.deployed())
	case len(v.silent) > 0:
		w.cause(StepEndpointPolicy, w.shared(), endpoint.ID, "the endpoint's policy doesn't allow "+strings.Join(v.silent, ", ")+" on API "+api.APIID,
			"allow execute-api:Invoke on the API in the endpoint's policy, or "+w.deployed())
	}
}

// policy asks the API's saved resource policy about the row, and reports whether it
// admits it.
func (w *walk) policy(row mapping.Row, api resourcepolicy.API, existing RESTAPI, domainARN string) bool {
	id := w.environment.Shared.Endpoints[w.frontDoor]
	if id == "" || w.frontDoor == mapping.FrontDoorNative && domainARN == "" {
		return true // what requests look like is not known
	}
	call := w.call(row, id, "")
	if w.frontDoor == mapping.FrontDoorNative {
		call.DomainARN = domainARN
	}
	call.API = api
	v, err := w.decide(existing.Policy, row, api, call)
	update := "portico up --env " + w.environment.Name + " writes Portico's statements anew"
	switch {
	case err != nil:
		w.cause(StepPolicy, api.AccountID, api.APIID, "the API's resource policy can't be read: "+err.Error(), "its owner corrects it")
		return false
	case existing.Policy == "":
		w.cause(StepPolicy, api.AccountID, api.APIID, "the API has no resource policy, so that it refuses every caller", update)
		return false
	case len(v.denials) > 0:
		fix := "the API's owner changes or removes the statement"
		if slices.ContainsFunc(v.denials, resourcepolicy.IsPorticos) {
			fix = update
		}
		w.cause(StepPolicy, api.AccountID, api.APIID, "the API's resource policy denies "+strings.Join(v.denied, ", ")+" of "+row.URL()+" by "+strings.Join(v.denials, ", "), fix)
		return false
	case len(v.silent) > 0:
		w.cause(StepPolicy, api.AccountID, api.APIID, "the API's resource policy doesn't allow "+strings.Join(v.silent, ", ")+" of "+row.URL()+" through endpoint "+id, update)
		return false
	}
	return true
}

// deployedPolicy finds out whether the stage was deployed with the saved policy, by
// the digests in the descriptions of Portico's deployments.
func (w *walk) deployedPolicy(row mapping.Row, api resourcepolicy.API, saved string, stage Stage, admits bool) {
	deployments, ok := ask(w, StepDeployedPolicy, api.AccountID, "deployments "+api.APIID, func(ctx context.Context, r Reader) ([]Deployment, error) {
		return r.Deployments(ctx, api.APIID)
	})
	if !ok {
		return
	}
	resource := api.APIID + "/" + stage.Name
	i := slices.IndexFunc(deployments, func(d Deployment) bool { return d.ID == stage.DeploymentID })
	if i < 0 {
		w.cause(StepStage, api.AccountID, resource, "the stage points at a deployment that doesn't exist", w.redeploy(row))
		return
	}
	canonical, err := resourcepolicy.Canonical([]byte(saved), api)
	if err != nil {
		return // policy says so
	}
	deployed := deployments[i]
	current := func(d Deployment) (current, ours bool) {
		digest, ours := resourcepolicy.DeployedDigest(d.Description)
		return ours && resourcepolicy.HasDigest(canonical, digest), ours
	}
	published := slices.IndexFunc(deployments, func(d Deployment) bool { is, _ := current(d); return is })
	isCurrent, ours := current(deployed)
	at := deployed.Created.UTC().Format("2006-01-02 15:04 UTC")
	switch {
	case published >= 0 && !deployed.Created.Before(deployments[published].Created), isCurrent:
		// The stage has that deployment or a later one of the owner's.
	case published >= 0:
		w.cause(StepDeployedPolicy, api.AccountID, resource, "the stage points at a deployment of "+at+", from before the resource policy was published", w.redeploy(row))
	case ours:
		problem := "the saved resource policy is not the one that the stage was deployed with: it has no effect yet"
		if !admits {
			problem += ", and will refuse the row's requests when it has"
		}
		w.cause(StepDeployedPolicy, api.AccountID, resource, problem, w.redeploy(row))
	default:
		w.unread(StepDeployedPolicy, fmt.Sprintf("stage %s was deployed by its owner at %s, and no call of AWS's reads the policy that a stage was deployed with: if the policy was saved later, run %s",
			resource, at, w.redeploy(row)))
	}
}
