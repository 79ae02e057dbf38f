package apigateway

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// RESTAPI is a REST API that its owner runs before any program has run.
type RESTAPI struct {
	Account string // 12 digits
	Region  string
	ID      string // unique in the region
	Name    string

	EndpointType   string   `json:",omitempty"` // PRIVATE if empty; else EDGE or REGIONAL
	VPCEndpointIDs []string `json:",omitempty"`

	// Policy is the owner's resource policy, if there is one.
	Policy json.RawMessage `json:",omitempty"`

	// Stages are deployed with the policy and the methods as they are here.
	Stages []string `json:",omitempty"`

	// AccessMode is the endpoint access mode, BASIC if empty, and SecurityPolicy
	// the name of the TLS policy, TLS_1_2 if empty.
	AccessMode     string `json:",omitempty"`
	SecurityPolicy string `json:",omitempty"`

	// Methods are what the owner has saved; none means an API that takes
	// every method on every path, without authorization.
	Methods []Method `json:",omitempty"`
}

// Method is a method of a REST API.
type Method struct {
	Path string // "/orders/{id}", or "/{proxy+}" for all below
	Verb string // "GET", or "ANY"

	// Authorization is API Gateway's authorizationType: NONE (or empty),
	// AWS_IAM, CUSTOM for a Lambda authorizer, COGNITO_USER_POOLS.
	Authorization string `json:",omitempty"`
}

// Existing is the API and its stages as a program would state them.
func (a RESTAPI) Existing() []engine.Existing {
	endpoint := map[string]any{"types": a.EndpointType, "vpcEndpointIds": engine.List(a.VPCEndpointIDs...)}
	if a.EndpointType == "" {
		endpoint["types"] = "PRIVATE"
	}
	properties := engine.Object{"name": a.Name, "endpointConfiguration": endpoint}
	if len(a.Policy) > 0 {
		properties["policy"] = string(a.Policy)
	}
	if len(a.Methods) > 0 || a.AccessMode != "" || a.SecurityPolicy != "" {
		properties["body"] = a.openAPI()
	}
	all := []engine.Existing{{Account: a.Account, Region: a.Region, Type: view.RESTAPIType, ID: a.ID, Properties: properties}}
	for _, stage := range a.Stages {
		id := engine.Characters(engine.Alphanumeric, a.ID+"/"+stage, 6)
		all = append(all, engine.Existing{Account: a.Account, Region: a.Region, Type: view.DeploymentType, ID: id,
			Properties: engine.Object{"restApi": a.ID, "stageName": stage}})
	}
	return all
}

// openAPI is the document with which an owner would import the API.
func (a RESTAPI) openAPI() string {
	paths := map[string]map[string]any{}
	for _, m := range a.Methods {
		if paths[m.Path] == nil {
			paths[m.Path] = map[string]any{}
		}
		verb := strings.ToLower(m.Verb)
		if verb == "any" {
			verb = "x-amazon-apigateway-any-method"
		}
		paths[m.Path][verb] = map[string]any{"x-amazon-apigateway-auth": map[string]any{"type": m.Authorization}}
	}
	document := map[string]any{"openapi": "3.0.1", "paths": paths}
	if a.AccessMode != "" {
		document[accessModeExtension] = a.AccessMode
	}
	if a.SecurityPolicy != "" {
		document[securityPolicyExtension] = a.SecurityPolicy
	}
	text, err := engine.MarshalPlain(document)
	if err != nil {
		panic(err) // strings in maps always have a JSON form
	}
	return text
}

// DeployedAPI is a REST API as a reader of its account sees it.
type DeployedAPI struct {
	Account, Region, ID, Name string

	EndpointType   string // EDGE, REGIONAL or PRIVATE
	VPCEndpointIDs []string
	AccessMode     string // BASIC or STRICT
	SecurityPolicy string // TLS_1_2, SecurityPolicy_TLS13_1_3_2025_09, …

	// SavedPolicy has no effect until a stage is deployed with it.
	SavedPolicy string

	Stages map[string]Snapshot
}

// Snapshot is what a stage serves: the API as it was saved when the stage's
// deployment was made.
type Snapshot struct {
	DeploymentID string
	Policy       string // "" when the API had none
	Methods      []Method

	CanaryDeploymentID string // "" without a canary release
}

// RESTAPIs is the REST APIs of all accounts in a region, by ID.
func RESTAPIs(s *engine.Simulator, region string) map[string]DeployedAPI {
	apis := map[string]DeployedAPI{}
	for _, r := range s.Resources(engine.Filter{Region: region, Type: view.RESTAPIType}) {
		endpoint := r.Properties.Object("endpointConfiguration")
		apis[r.ID] = DeployedAPI{
			Account: r.Account, Region: r.Region, ID: r.ID, Name: r.Properties.Text("name"),
			EndpointType: endpoint.Text("types"), VPCEndpointIDs: endpoint.Texts("vpcEndpointIds"),
			AccessMode: r.Hidden.Text("accessMode"), SecurityPolicy: r.Hidden.Text("securityPolicy"),
			SavedPolicy: r.Properties.Text("policy"), Stages: map[string]Snapshot{},
		}
	}
	deployments := map[string]engine.Resource{}
	for _, r := range s.Resources(engine.Filter{Region: region, Type: view.DeploymentType}) {
		deployments[r.Properties.Text("restApi")+"/"+r.ID] = r
	}
	for _, stage := range s.Resources(engine.Filter{Region: region, Type: view.StageType}) {
		api, id := stage.Properties.Text("restApi"), stage.Properties.Text("deployment")
		deployed := deployments[api+"/"+id]
		if apis[api].Stages != nil {
			apis[api].Stages[stage.Properties.Text("stageName")] = Snapshot{id, deployed.Hidden.Text("policy"), readMethods(deployed.Hidden), stage.Properties.Object("canarySettings").Text("deploymentId")}
		}
	}
	return apis
}

func readMethods(hidden engine.Object) []Method {
	var methods []Method
	for _, m := range hidden.Objects("methods") {
		methods = append(methods, Method{m.Text("path"), m.Text("verb"), m.Text("authorization")})
	}
	return methods
}

// Owner is who runs a REST API and edits it while others work on it.
type Owner struct {
	session engine.Session
	apiID   string
}

// OwnerOf is the owner of the API with that ID in a region.
func OwnerOf(s *engine.Simulator, region, apiID string) (*Owner, error) {
	found := s.Resources(engine.Filter{Region: region, Type: view.RESTAPIType, ID: apiID})
	if len(found) == 0 {
		return nil, fmt.Errorf("find owner of REST API %s: no account has it in %s", apiID, region)
	}
	account := found[0].Account
	return &Owner{s.Root(account, region), apiID}, nil
}

// SavePolicy replaces the API's policy, or takes it away if the text is empty,
// without deploying.
func (o *Owner) SavePolicy(text string) error {
	return o.edit(func(op *engine.Op) error {
		if text == "" {
			savePolicy(op, o.apiID, "")
			return nil
		}
		saved, err := acceptPolicy(op, o.apiID, text)
		if err == nil {
			savePolicy(op, o.apiID, saved)
		}
		return err
	})
}

// SaveMethods replaces the API's methods without deploying.
func (o *Owner) SaveMethods(methods ...Method) error {
	return o.edit(func(op *engine.Op) error {
		saved, err := readOpenAPI(RESTAPI{Methods: methods}.openAPI())
		if err != nil {
			return fmt.Errorf("save methods of REST API %s: %w", o.apiID, err)
		}
		api := op.Find(view.RESTAPIType, o.apiID).Clone()
		api.Hidden["methods"] = saved.methods()
		op.Put(api)
		return nil
	})
}

// Deploy points a stage at what is saved, as the owner's own pipeline does.
func (o *Owner) Deploy(stage string) error {
	_, err := o.session.Create(view.DeploymentType, "owner/"+o.apiID+"/"+stage, engine.Object{"restApi": o.apiID, "stageName": stage})
	return err
}

// DeleteDeployment deletes one of the API's deployments, as owners do who tidy up.
// API Gateway refuses it while a stage points at the deployment.
func (o *Owner) DeleteDeployment(id string) error {
	return o.edit(func(op *engine.Op) error {
		if serving := stagesServing(op, o.apiID, id); len(serving) > 0 {
			return op.Refuse("BadRequestException", "Active stages pointing to this deployment must be moved or deleted (stage %s)", serving[0].Properties.Text("stageName"))
		}
		deployment := op.Find(view.DeploymentType, id)
		if deployment == nil || deployment.Properties.Text("restApi") != o.apiID {
			return op.Refuse("NotFoundException", "Invalid Deployment identifier specified: %s", id)
		}
		op.Remove(deployment)
		return nil
	})
}

// StartCanary makes what is saved a canary release of a stage, which takes so much
// of its requests. CreateDeployment with canary settings leaves the stage's own
// deployment as it is: recorded from AWS in LocalStack's
// tests/aws/services/apigateway/test_apigateway_canary.snapshot.json.
func (o *Owner) StartCanary(stage string, percent float64) error {
	_, err := o.session.Create(view.DeploymentType, "owner/"+o.apiID+"/"+stage+"/canary", engine.Object{
		"restApi": o.apiID, "stageName": stage, "canarySettings": map[string]any{"percentTraffic": percent},
	})
	return err
}

func (o *Owner) edit(change func(op *engine.Op) error) error {
	return o.session.Edit("editing REST API "+o.apiID, "API Gateway:UpdateRestApi", change)
}

// StageNames is the names of the API's stages, sorted.
func (a DeployedAPI) StageNames() []string {
	names := make([]string, 0, len(a.Stages))
	for name := range a.Stages {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
