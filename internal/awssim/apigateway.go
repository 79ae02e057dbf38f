package awssim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// policyCharacters is the quota of a resource policy, in characters once short
// resource names have been written out.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
const (
	policyQuota      = "Length, in characters, of API Gateway resource policy"
	policyCharacters = 8192
)

// apiGatewayService is REST APIs as their owners run them, and what somebody
// else may do to them: replace the policy and redeploy a stage.
func apiGatewayService() service {
	return service{
		types:     []*typeSpec{restAPISpec(), restAPIPolicySpec(), deploymentSpec(), stageSpec()},
		functions: []*functionSpec{exportFunction()},
		quotas:    []string{policyQuota},
	}
}

func restAPISpec() *typeSpec {
	return &typeSpec{
		token: restAPIType, title: "API Gateway REST API", args: apigateway.RestApiArgs{}, state: apigateway.RestApi{},
		identify: func(c *call) {
			if c.id == "" {
				c.id = c.hash(10)
			}
			c.arn = fmt.Sprintf("arn:%s:apigateway:%s::/restapis/%s", c.partition(), c.region, c.id)
		},
		autoname: "name", autonameMax: 1024,
		defaults:  Object{"apiKeySource": "HEADER", "disableExecuteApiEndpoint": false},
		documents: []string{"policy", "body"},
		rules: map[string][]rule{
			"endpointConfiguration.types": {oneOf("EDGE", "REGIONAL", "PRIVATE")},
			"name":                        {length(1, 1024)},
			"apiKeySource":                {oneOf("HEADER", "AUTHORIZER")},
		},
		create:   []string{"apigateway:POST", "apigateway:GET"},
		read:     []string{"apigateway:GET"},
		update:   []string{"apigateway:PATCH", "apigateway:GET"},
		delete:   []string{"apigateway:DELETE"},
		onCreate: createRESTAPI,
		onUpdate: updateRESTAPI,
	}
}

// updateRESTAPI keeps the endpoint type of an API that is mapped to a PRIVATE
// custom domain name, as API Gateway does.
func updateRESTAPI(c *call) error {
	kind := func(api Object) string { return api.Object("endpointConfiguration").Text("types") }
	for _, mapping := range c.all(basePathMappingType) {
		domain := c.domainOf(mapping.Properties)
		if mapping.Properties.Text("restApi") != c.id || domain == nil || domainKind(domain.Properties) != privateDomain {
			continue
		}
		if kind(c.outputs) != kind(c.before.Properties) {
			return c.refuse("BadRequestException", "The endpoint type of API %s can't change: it is mapped to the private custom domain name %s", c.id, domain.Properties.Text("domainName"))
		}
	}
	return c.saveOwnPolicy()
}

func createRESTAPI(c *call) error {
	if other := c.elsewhere(restAPIType, c.id); other != nil {
		return c.refuse("ConflictException", "the identifier %s is taken by an API of account %s: they are unique in a region", c.id, other.Account)
	}
	if c.outputs.Object("endpointConfiguration") == nil {
		c.outputs["endpointConfiguration"] = map[string]any{"types": "EDGE"}
	}
	c.outputs["createdDate"] = now()
	c.outputs["executionArn"] = c.executionARN(c.id)
	c.outputs["rootResourceId"] = c.derived("root resource", 10)
	methods, err := methodsOf(c.inputs.Text("body"))
	if err != nil {
		return c.refuse("BadRequestException", "Invalid OpenAPI input: %s", err)
	}
	c.hidden["methods"] = methods
	return c.saveOwnPolicy()
}

// saveOwnPolicy takes the policy that the API's own resource states.
func (c *call) saveOwnPolicy() error {
	text := c.inputs.Text("policy")
	if text == "" {
		return nil
	}
	saved, err := c.acceptPolicy(c.id, text)
	if err != nil {
		return err
	}
	c.outputs["policy"] = saved
	return nil
}

// executionARN is what a policy calls the API, without stage, verb and path.
func (c *call) executionARN(apiID string) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s", c.partition(), c.region, c.account, apiID)
}

func restAPIPolicySpec() *typeSpec {
	return &typeSpec{
		token: restAPIPolicyType, title: "API Gateway REST API Policy",
		args: apigateway.RestApiPolicyArgs{}, state: apigateway.RestApiPolicy{},
		id:        "{restApiId}",
		upserts:   always,
		documents: []string{"policy"},
		immutable: []string{"restApiId"},
		refs:      []ref{{at: "restApiId", to: restAPIType, code: "NotFoundException", holds: cascades}},
		create:    []string{"apigateway:UpdateRestApiPolicy", "apigateway:PATCH"},
		read:      []string{"apigateway:GET"},
		update:    []string{"apigateway:UpdateRestApiPolicy", "apigateway:PATCH"},
		delete:    []string{"apigateway:UpdateRestApiPolicy", "apigateway:PATCH"},
		onCreate:  replacePolicy,
		onUpdate:  replacePolicy,
		onDelete: func(c *call) error {
			c.savePolicy(c.id, "")
			return nil
		},
		onRead: func(c *call) {
			api := c.find(restAPIType, c.id)
			if saved := api.Properties.Text("policy"); saved != storedForm(c.outputs.Text("policy"), c.executionARN(c.id)) {
				c.outputs["policy"] = saved
			}
		},
	}
}

// replacePolicy puts a policy in place of whatever the API had, its owner's
// statements included: PATCH with the operation "replace" knows no merging.
func replacePolicy(c *call) error {
	apiID := c.inputs.Text("restApiId")
	saved, err := c.acceptPolicy(apiID, c.inputs.Text("policy"))
	if err != nil {
		return err
	}
	c.savePolicy(apiID, saved)
	return nil
}

// acceptPolicy is the form in which API Gateway keeps a policy that it accepts.
func (c *call) acceptPolicy(apiID, text string) (string, error) {
	if _, err := iampolicy.Parse([]byte(text)); err != nil {
		return "", c.refuse("BadRequestException",
			"Invalid policy document. Please check the policy syntax and ensure that Principals are valid. (%s)", err)
	}
	saved := storedForm(text, c.executionARN(apiID))
	if limit := c.limit(policyQuota, policyCharacters); len([]rune(saved)) > limit {
		return "", c.refuse("LimitExceededException", "%s: the policy of API %s has %d, the quota is %d",
			policyQuota, apiID, len([]rune(saved)), limit)
	}
	return saved, nil
}

func (c *call) savePolicy(apiID, policy string) {
	api := c.find(restAPIType, apiID).clone()
	api.Properties["policy"] = policy
	c.put(api)
}

// storedForm is a policy as API Gateway gives it back: members sorted, lists
// of one element as the element, short resource names written out in full.
// (API Gateway escapes it once more as JSON; Pulumi's provider undoes that.)
func storedForm(text, executionARN string) string {
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
	data, err := marshalPlain(document)
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

func deploymentSpec() *typeSpec {
	return &typeSpec{
		token: deploymentType, title: "API Gateway Deployment", args: apigateway.DeploymentArgs{}, state: apigateway.Deployment{},
		identify: func(c *call) {
			if c.id == "" {
				c.id = c.hash(6)
			}
		},
		immutable: []string{"restApi", "stageName", "stageDescription", "triggers", "variables", "canarySettings"},
		rules:     map[string][]rule{"stageName": {pattern(`[A-Za-z0-9_-]{1,128}|\$default`, "a stage name of letters, digits, - and _")}},
		refs:      []ref{{at: "restApi", to: restAPIType, code: "NotFoundException", holds: cascades}},
		create:    []string{"apigateway:POST", "apigateway:GET"},
		read:      []string{"apigateway:GET"},
		update:    []string{"apigateway:PATCH"},
		delete:    []string{"apigateway:DELETE", "apigateway:GET"},
		onCreate:  deploy,
		onDelete:  withdraw,
	}
}

// deploy takes a snapshot of all that is saved of the API, its policy and its
// owner's unfinished edits alike, and points the stage at it.
func deploy(c *call) error {
	c.action = "API Gateway:CreateDeployment"
	api := c.find(restAPIType, c.inputs.Text("restApi"))
	policy := api.Properties.Text("policy")
	// An owner may have blanked the policy of an API after deploying it, so a
	// world may begin with a stage that nothing admits.
	if isPrivate(api) && policy == "" && !c.owner {
		return c.refuse("BadRequestException", "Private REST API doesn't have a resource policy attached to it")
	}
	c.hidden["policy"], c.hidden["methods"] = policy, cloneValue(api.Hidden["methods"])
	stage := c.inputs.Text("stageName")
	c.outputs["createdDate"] = now()
	c.outputs["executionArn"] = api.Properties.Text("executionArn") + "/" + stage
	c.outputs["invokeUrl"] = c.invokeURL(api.ID, stage)
	if stage != "" {
		c.pointStage(api, stage)
	}
	return nil
}

func isPrivate(api *Resource) bool {
	return api.Properties.Object("endpointConfiguration").Text("types") == "PRIVATE"
}

func (c *call) invokeURL(apiID, stage string) string {
	return fmt.Sprintf("https://%s.execute-api.%s.%s/%s", apiID, c.region, c.dnsSuffix(), stage)
}

// pointStage makes a stage serve the deployment; a stage that is not there yet
// is created with it.
func (c *call) pointStage(api *Resource, name string) {
	stage := Resource{Account: c.account, Region: c.region, Type: stageType, ID: stageID(api.ID, name), Properties: Object{
		"restApi": api.ID, "stageName": name, "invokeUrl": c.invokeURL(api.ID, name),
		"executionArn": api.Properties.Text("executionArn") + "/" + name,
	}}
	stage.ARN = fmt.Sprintf("%s/stages/%s", api.ARN, name)
	stage.Properties["arn"] = stage.ARN
	if standing := c.find(stageType, stage.ID); standing != nil {
		stage = standing.clone()
	}
	stage.Properties["deployment"] = c.id
	c.put(stage)
}

func stageID(apiID, name string) string { return "ags-" + apiID + "-" + name }

// withdraw deletes a deployment as the provider does: a stage that still
// points at it goes first, whoever created the stage.
func withdraw(c *call) error {
	var serving []*Resource
	for _, stage := range c.all(stageType) {
		if stage.Properties.Text("deployment") == c.id && stage.Properties.Text("restApi") == c.outputs.Text("restApi") {
			serving = append(serving, stage)
		}
	}
	for _, stage := range serving {
		if stage.Properties.Text("stageName") != c.outputs.Text("stageName") {
			return c.refuse("BadRequestException",
				"Active stages pointing to this deployment must be moved or deleted (stage %s)", stage.Properties.Text("stageName"))
		}
		c.remove(stage)
	}
	return nil
}

func stageSpec() *typeSpec {
	return &typeSpec{
		token: stageType, title: "API Gateway Stage", args: apigateway.StageArgs{}, state: apigateway.Stage{},
		identify: func(c *call) {
			c.id = stageID(c.inputs.Text("restApi"), c.inputs.Text("stageName"))
			c.arn = fmt.Sprintf("arn:%s:apigateway:%s::/restapis/%s/stages/%s", c.partition(), c.region,
				c.inputs.Text("restApi"), c.inputs.Text("stageName"))
		},
		immutable: []string{"restApi", "stageName"},
		conflict:  "ConflictException",
		refs: []ref{
			{at: "restApi", to: restAPIType, code: "NotFoundException", holds: cascades},
			{at: "deployment", to: deploymentType, code: "NotFoundException", holds: ignored},
		},
		quota:  quota{name: "Stages per API", limit: 10, per: "restApi", code: "LimitExceededException"},
		create: []string{"apigateway:POST", "apigateway:GET"},
		read:   []string{"apigateway:GET"},
		update: []string{"apigateway:PATCH", "apigateway:GET"},
		delete: []string{"apigateway:DELETE"},
		// REST-API-ID/STAGE-NAME is what programs import and read by.
		imported: func(c *call, id string) *Resource {
			api, stage, _ := strings.Cut(id, "/")
			return c.find(stageType, stageID(api, stage))
		},
		onCreate: func(c *call) error {
			api := c.inputs.Text("restApi")
			c.outputs["executionArn"] = c.executionARN(api) + "/" + c.inputs.Text("stageName")
			c.outputs["invokeUrl"] = c.invokeURL(api, c.inputs.Text("stageName"))
			return nil
		},
	}
}

// methodsOf is the methods of an OpenAPI document, as Hidden keeps them.
func methodsOf(body string) ([]any, error) {
	methods := []any{}
	if body == "" {
		return methods, nil
	}
	var document struct {
		Paths map[string]map[string]struct {
			Auth struct{ Type string } `json:"x-amazon-apigateway-auth"`
		}
	}
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		return nil, err
	}
	for path, verbs := range document.Paths {
		for verb, operation := range verbs {
			verb = strings.ToUpper(strings.TrimPrefix(verb, "x-amazon-apigateway-"))
			verb = strings.TrimSuffix(verb, "-METHOD")
			methods = append(methods, map[string]any{
				"path": path, "verb": verb, "authorization": cmp.Or(operation.Auth.Type, "NONE"),
			})
		}
	}
	slices.SortFunc(methods, compareJSON)
	return methods, nil
}
