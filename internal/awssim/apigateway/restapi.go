package apigateway

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// policyCharacters is the quota of a resource policy, in characters once short
// resource names have been written out.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
const (
	policyQuota      = "Length, in characters, of API Gateway resource policy"
	policyCharacters = 8192
)

// RESTAPIService is REST APIs as their owners run them, and what another
// account may do to them: replace the policy and redeploy a stage.
func RESTAPIService() engine.Service {
	return engine.Service{
		Authorization: authorization(),
		Types:         []*engine.Type{restAPISpec(), restAPIPolicySpec(), deploymentSpec(), stageSpec()},
		Functions:     []*engine.Function{exportFunction()},
		Quotas:        []string{policyQuota},
	}
}

func restAPISpec() *engine.Type {
	return &engine.Type{
		Token: view.RESTAPIType, Title: "API Gateway REST API", Args: apigateway.RestApiArgs{}, State: apigateway.RestApi{},
		ID: "{alphanumeric10}", ARN: "arn:{partition}:apigateway:{region}::/restapis/{id}",
		Properties: engine.Properties{
			"apiKeySource":                {engine.Default("HEADER"), engine.OneOf("HEADER", "AUTHORIZER")},
			"body":                        {engine.JSON},
			"createdDate":                 {engine.Computed("{now}")},
			"disableExecuteApiEndpoint":   {engine.Default(false)},
			"endpointConfiguration.types": {engine.OneOf("EDGE", "REGIONAL", "PRIVATE"), engine.Otherwise("EDGE")},
			"executionArn":                {engine.Computed(executionARN + "{id}")},
			"name":                        {engine.Autonamed(1024), engine.Length(1, 1024)},
			"policy":                      {engine.JSON},
		},

		Create:   []string{"apigateway:POST", "apigateway:GET"},
		Read:     []string{"apigateway:GET", "apigateway:GET resources"}, // findResource of internal/service/apigateway/rest_api.go
		Update:   []string{"apigateway:PATCH", "apigateway:GET"},
		Delete:   []string{"apigateway:DELETE"},
		OnCreate: createRESTAPI,
		OnUpdate: updateRESTAPI,
	}
}

// updateRESTAPI keeps the endpoint type of an API that is mapped to a PRIVATE
// custom domain name, as API Gateway does.
func updateRESTAPI(op *engine.Op) error {
	kind := func(api engine.Object) string { return api.Object("endpointConfiguration").Text("types") }
	for _, mapping := range op.All(view.BasePathMappingType) {
		domain := domainOf(op, mapping.Properties)
		if mapping.Properties.Text("restApi") != op.ID || domain == nil || view.DomainKind(domain.Properties) != view.PrivateDomain {
			continue
		}
		if kind(op.Outputs) != kind(op.Before.Properties) {
			return op.Refuse("BadRequestException", "The endpoint type of API %s can't change: it is mapped to the private custom domain name %s", op.ID, domain.Properties.Text("domainName"))
		}
	}
	return saveOwnPolicy(op)
}

func createRESTAPI(op *engine.Op) error {
	if other := op.Elsewhere(view.RESTAPIType, op.ID); other != nil {
		return op.Refuse("ConflictException", "the identifier %s is taken by an API of account %s: they are unique in a region", op.ID, other.Account)
	}
	op.Outputs["rootResourceId"] = op.Own(engine.Alphanumeric, "root resource", 10)
	document, err := readOpenAPI(op.Inputs.Text("body"))
	if err != nil {
		return op.Refuse("BadRequestException", "Invalid OpenAPI input: %s", err)
	}
	if document.AccessMode == "" && strings.HasPrefix(document.SecurityPolicy, "SecurityPolicy_") {
		return op.Refuse("BadRequestException", "the security policy %s needs an endpoint access mode", document.SecurityPolicy)
	}
	op.Hidden["methods"] = document.methods()
	op.Hidden["accessMode"] = cmp.Or(document.AccessMode, "BASIC")
	op.Hidden["securityPolicy"] = cmp.Or(document.SecurityPolicy, "TLS_1_2")
	return saveOwnPolicy(op)
}

// saveOwnPolicy takes the policy that the API's own resource states.
func saveOwnPolicy(op *engine.Op) error {
	text := op.Inputs.Text("policy")
	if text == "" {
		return nil
	}
	saved, err := acceptPolicy(op, op.ID, text)
	if err != nil {
		return err
	}
	op.Outputs["policy"] = saved
	return nil
}

// executionARN is what comes before the API's ID in what a policy calls it, and
// invokeURL where a stage is called.
const (
	executionARN = "arn:{partition}:execute-api:{region}:{account}:"
	invokeURL    = "https://{restApi}.execute-api.{region}.{suffix}/{stageName}"
)

func restAPIPolicySpec() *engine.Type {
	return &engine.Type{
		Token: view.RESTAPIPolicyType, Title: "API Gateway REST API Policy",
		Args: apigateway.RestApiPolicyArgs{}, State: apigateway.RestApiPolicy{},
		ID:      "{restApiId}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"policy":    {engine.JSON},
			"restApiId": {engine.ForceNew, engine.Refers{To: view.RESTAPIType, Code: "NotFoundException", Holds: engine.Cascades}},
		},

		Create:   []string{"apigateway:UpdateRestApiPolicy", "apigateway:PATCH"},
		Read:     []string{"apigateway:GET"},
		Update:   []string{"apigateway:UpdateRestApiPolicy", "apigateway:PATCH"},
		Delete:   []string{"apigateway:UpdateRestApiPolicy", "apigateway:PATCH"},
		OnCreate: replacePolicy,
		OnUpdate: replacePolicy,
		OnDelete: func(op *engine.Op) error {
			savePolicy(op, op.ID, "")
			return nil
		},
		OnRead: func(op *engine.Op) {
			api := op.Find(view.RESTAPIType, op.ID)
			if saved := api.Properties.Text("policy"); saved != StoredForm(op.Outputs.Text("policy"), op.Fill(executionARN)+op.ID) {
				op.Outputs["policy"] = saved
			}
		},
	}
}

// replacePolicy puts a policy in place of whatever the API had, its owner's
// statements included: PATCH with the operation "replace" knows no merging.
func replacePolicy(op *engine.Op) error {
	apiID := op.Inputs.Text("restApiId")
	saved, err := acceptPolicy(op, apiID, op.Inputs.Text("policy"))
	if err != nil {
		return err
	}
	savePolicy(op, apiID, saved)
	return nil
}

// acceptPolicy is the form in which API Gateway keeps a policy that it accepts.
func acceptPolicy(op *engine.Op, apiID, text string) (string, error) {
	if _, err := iampolicy.Parse([]byte(text)); err != nil {
		return "", op.Refuse("BadRequestException",
			"Invalid policy document. Please check the policy syntax and ensure that Principals are valid. (%s)", err)
	}
	saved := StoredForm(text, op.Fill(executionARN)+apiID)
	if limit := op.Limit(policyQuota, policyCharacters); len([]rune(saved)) > limit {
		return "", op.Refuse("LimitExceededException", "%s: the policy of API %s has %d, the quota is %d",
			policyQuota, apiID, len([]rune(saved)), limit)
	}
	return saved, nil
}

func savePolicy(op *engine.Op, apiID, policy string) {
	api := op.Find(view.RESTAPIType, apiID).Clone()
	api.Properties["policy"] = policy
	op.Put(api)
}

// StoredForm is a policy as API Gateway gives it back: members sorted, lists
// of one element as the element, short resource names written out in full.
// (API Gateway escapes it once more as JSON; Pulumi's provider undoes that.)
func StoredForm(text, executionARN string) string {
	var document map[string]any
	if json.Unmarshal([]byte(text), &document) != nil {
		return text
	}
	statements, isList := document["Statement"].([]any)
	if !isList {
		statements = []any{document["Statement"]}
	}
	for i, statement := range statements {
		members, ok := statement.(map[string]any)
		if !ok {
			continue
		}
		for _, name := range []string{"Resource", "NotResource"} {
			if value, ok := members[name]; ok {
				members[name] = fullResources(value, executionARN)
			}
		}
		statements[i] = unwrapSingles(members)
	}
	document["Statement"] = statements
	data, err := engine.MarshalPlain(document)
	if err != nil {
		return text
	}
	return data
}

func fullResources(v any, executionARN string) any {
	switch v := v.(type) {
	case string:
		if path, short := strings.CutPrefix(v, "execute-api:/"); short {
			return executionARN + "/" + path
		}
	case []any:
		for i := range v {
			v[i] = fullResources(v[i], executionARN)
		}
	}
	return v
}

func unwrapSingles(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) == 1 {
			return v[0]
		}
	case map[string]any:
		for name := range v {
			v[name] = unwrapSingles(v[name])
		}
	}
	return v
}

func deploymentSpec() *engine.Type {
	return &engine.Type{
		Token: view.DeploymentType, Title: "API Gateway Deployment", Args: apigateway.DeploymentArgs{}, State: apigateway.Deployment{},
		ID: "{alphanumeric6}",
		Properties: engine.Properties{
			"canarySettings":   {engine.ForceNew},
			"createdDate":      {engine.Computed("{now}")},
			"executionArn":     {engine.Computed(executionARN + "{restApi}/{stageName}")},
			"invokeUrl":        {engine.Computed(invokeURL)},
			"restApi":          {engine.Required, engine.ForceNew, engine.Refers{To: view.RESTAPIType, Code: "NotFoundException", Holds: engine.Cascades}},
			"stageDescription": {engine.ForceNew},
			"stageName":        {engine.ForceNew, stageName},
			"triggers":         {engine.ForceNew},
			"variables":        {engine.ForceNew},
		},

		Create:   []string{"apigateway:POST", "apigateway:GET"},
		Read:     []string{"apigateway:GET"},
		Update:   []string{"apigateway:PATCH"},
		Delete:   []string{"apigateway:DELETE", "apigateway:GET"},
		OnCreate: deploy,
		OnDelete: withdraw,
	}
}

// deploy takes a snapshot of all that is saved of the API, its policy and its
// owner's unfinished edits alike, and points the stage at it.
func deploy(op *engine.Op) error {
	op.Action = "API Gateway:CreateDeployment"
	api := op.Ref("restApi")
	policy := api.Properties.Text("policy")
	// An owner may have blanked the policy of an API after deploying it, so a
	// setup may begin with a stage that nothing admits.
	if isPrivate(api) && policy == "" && !op.Owner {
		return op.Refuse("BadRequestException", "Private REST API doesn't have a resource policy attached to it")
	}
	op.Hidden["policy"], op.Hidden["methods"] = policy, engine.CloneValue(api.Hidden["methods"])
	stage := op.Inputs.Text("stageName")
	if op.Inputs.Has("canarySettings") {
		return startCanary(op, api, stage)
	}
	if stage != "" {
		pointStage(op, api, stage)
	}
	return nil
}

// startCanary makes the deployment a stage's canary release. The stage has to
// exist, in AWS's recorded words (LocalStack, test_apigateway_canary.snapshot.json).
func startCanary(op *engine.Op, api *engine.Resource, name string) error {
	existing := op.Find(view.StageType, stageID(api.ID, name))
	if existing == nil {
		return op.Refuse("BadRequestException", "Invalid deployment content specified.Stage %s must already be created before making a canary release deployment", name)
	}
	stage := existing.Clone()
	canary := op.Inputs.Object("canarySettings").Clone()
	canary["deploymentId"] = op.ID
	stage.Properties["canarySettings"] = map[string]any(canary)
	op.Put(stage)
	return nil
}

func isPrivate(api *engine.Resource) bool {
	return api.Properties.Object("endpointConfiguration").Text("types") == "PRIVATE"
}

// pointStage makes a stage serve the deployment; a stage that is not there yet
// is created with it.
func pointStage(op *engine.Op, api *engine.Resource, name string) {
	stage := engine.Resource{Account: op.Account, Region: op.Region, Type: view.StageType, ID: stageID(api.ID, name), Properties: engine.Object{
		"restApi": api.ID, "stageName": name, "invokeUrl": op.Outputs["invokeUrl"], "executionArn": op.Outputs["executionArn"],
	}}
	stage.ARN = fmt.Sprintf("%s/stages/%s", api.ARN, name)
	stage.Properties["arn"] = stage.ARN
	if existing := op.Find(view.StageType, stage.ID); existing != nil {
		stage = existing.Clone()
	}
	stage.Properties["deployment"] = op.ID
	// What AWS does is unknown: LocalStack's CreateDeployment ends the canary release.
	delete(stage.Properties, "canarySettings")
	op.Put(stage)
}

// stageName is the grammar of a stage's name.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html
var stageName = engine.Pattern(`[A-Za-z0-9_-]{1,128}|\$default`, "a stage name of letters, digits, - and _")

func stageID(apiID, name string) string { return "ags-" + apiID + "-" + name }

// withdraw deletes a deployment as the provider does: a stage that still
// points at it goes first, also if another program created it.
func withdraw(op *engine.Op) error {
	for _, stage := range stagesServing(op, op.Outputs.Text("restApi"), op.ID) {
		if stage.Properties.Text("stageName") != op.Outputs.Text("stageName") {
			return op.Refuse("BadRequestException",
				"Active stages pointing to this deployment must be moved or deleted (stage %s)", stage.Properties.Text("stageName"))
		}
		op.Remove(stage)
	}
	return nil
}

// stagesServing is the stages of an API that point at a deployment.
func stagesServing(op *engine.Op, api, deployment string) []*engine.Resource {
	return slices.DeleteFunc(op.Having(view.StageType, "restApi", api), func(r *engine.Resource) bool { return r.Properties.Text("deployment") != deployment })
}

func stageSpec() *engine.Type {
	return &engine.Type{
		Token: view.StageType, Title: "API Gateway Stage", Args: apigateway.StageArgs{}, State: apigateway.Stage{},
		ID: "ags-{restApi}-{stageName}", ARN: "arn:{partition}:apigateway:{region}::/restapis/{restApi}/stages/{stageName}",
		Properties: engine.Properties{
			"executionArn": {engine.Computed(executionARN + "{restApi}/{stageName}")},
			"invokeUrl":    {engine.Computed(invokeURL)},
			"deployment":   {engine.Refers{To: view.DeploymentType, Code: "NotFoundException", Holds: engine.Ignored}},
			"restApi":      {engine.Required, engine.ForceNew, engine.Refers{To: view.RESTAPIType, Code: "NotFoundException", Holds: engine.Cascades}},
			"stageName":    {engine.ForceNew, stageName},
		},

		Conflict: "ConflictException",
		Quota:    engine.Quota{Name: "Stages per API", Limit: 10, Per: "restApi", Code: "LimitExceededException"},
		Create:   []string{"apigateway:POST", "apigateway:GET"},
		Read:     []string{"apigateway:GET"},
		Update:   []string{"apigateway:PATCH", "apigateway:GET"},
		Delete:   []string{"apigateway:DELETE"},
		OnCreate: placeStage, OnUpdate: placeStage,
		// REST-API-ID/STAGE-NAME is what programs import and read by.
		Imported: func(op *engine.Op, id string) *engine.Resource {
			api, stage, _ := strings.Cut(id, "/")
			return op.Find(view.StageType, stageID(api, stage))
		},
	}
}

// placeStage holds a stage to deployments of its API.
func placeStage(op *engine.Op) error {
	if deployment := op.Ref("deployment"); deployment != nil && deployment.Properties.Text("restApi") != op.Ref("restApi").ID {
		return op.Refuse("NotFoundException", "Invalid Deployment identifier specified")
	}
	return nil
}

// The extensions by which an import sets how strictly callers have to name the API
// in TLS (API Gateway developer guide, "x-amazon-apigateway-endpoint-access-mode"
// and "x-amazon-apigateway-security-policy").
const (
	accessModeExtension     = "x-amazon-apigateway-endpoint-access-mode"
	securityPolicyExtension = "x-amazon-apigateway-security-policy"
)

// openAPI is what the simulated service takes of an OpenAPI document.
type openAPI struct {
	AccessMode     string `json:"x-amazon-apigateway-endpoint-access-mode"`
	SecurityPolicy string `json:"x-amazon-apigateway-security-policy"`
	Paths          map[string]map[string]struct {
		Auth struct{ Type string } `json:"x-amazon-apigateway-auth"`
	}
}

func readOpenAPI(body string) (document openAPI, err error) {
	if body == "" {
		return document, nil
	}
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		return document, err
	}
	switch document.AccessMode {
	case "", "BASIC", "STRICT":
		return document, nil
	default:
		return document, fmt.Errorf("endpoint access mode %q is neither BASIC nor STRICT", document.AccessMode)
	}
}

// methods are the document's, as Hidden keeps them.
func (d openAPI) methods() []any {
	methods := []any{}
	for path, verbs := range d.Paths {
		for verb, operation := range verbs {
			verb = strings.ToUpper(strings.TrimPrefix(verb, "x-amazon-apigateway-"))
			verb = strings.TrimSuffix(verb, "-METHOD")
			methods = append(methods, map[string]any{
				"path": path, "verb": verb, "authorization": cmp.Or(operation.Auth.Type, "NONE"),
			})
		}
	}
	slices.SortFunc(methods, engine.CompareJSON)
	return methods
}
