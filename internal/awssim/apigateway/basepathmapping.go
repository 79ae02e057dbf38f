package apigateway

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func basePathMappingSpec() *engine.Type {
	return &engine.Type{
		Token: view.BasePathMappingType, Title: "API Gateway Base Path Mapping",
		Args: apigateway.BasePathMappingArgs{}, State: apigateway.BasePathMapping{},
		Identify: func(op *engine.Op) {
			parts := []string{op.Inputs.Text("domainName"), op.Inputs.Text("basePath")}
			if id := op.Inputs.Text("domainNameId"); id != "" {
				parts = append(parts, id)
			}
			op.ID = strings.Join(parts, "/")
		},
		Properties: engine.Properties{
			"domainName": {engine.ForceNew},
			"restApi":    {engine.Required, engine.Refers{To: view.RESTAPIType, Code: "BadRequestException"}},
		},

		// A change of domainNameId is not among these: the provider then updates
		// the old domain's mapping, with nothing.
		Create:   []string{"apigateway:POST", "apigateway:GET"},
		Read:     []string{"apigateway:GET"},
		Update:   []string{"apigateway:PATCH", "apigateway:GET"},
		Delete:   []string{"apigateway:DELETE"},
		OnCreate: mapBasePath,
		OnUpdate: remapBasePath,
		Conflict: "ConflictException",
	}
}

// domainOf is the domain that a mapping names, or nil. Without domainNameId
// only public domains are found (documented).
func domainOf(op *engine.Op, mapping engine.Object) *engine.Resource {
	id := mapping.Text("domainName")
	if domainNameID := mapping.Text("domainNameId"); domainNameID != "" {
		id += "/" + domainNameID
	}
	return op.Find(view.DomainNameType, id)
}

var basePathCharacters = regexp.MustCompile(`^[A-Za-z0-9$\-_.+!*'()]*$`)

func mapBasePath(op *engine.Op) error {
	domain := domainOf(op, op.Inputs)
	if domain == nil {
		return op.Refuse("NotFoundException", "Invalid domain name identifier specified: account %s has no %q in %s; PRIVATE domains are found with their domainNameId only",
			op.Account, op.Inputs.Text("domainName"), op.Region)
	}
	switch path := op.Inputs.Text("basePath"); {
	case strings.Contains(path, "/"):
		return op.Refuse("BadRequestException", "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use API Gateway V2.")
	case !basePathCharacters.MatchString(path):
		return op.Refuse("BadRequestException", "The base path %q has characters other than letters, digits and $-_.+!*'()", path)
	case path == "ping" || path == "sping":
		// API Gateway answers these paths of a custom domain itself; that it
		// refuses the mapping is an assumption.
		return op.Refuse("BadRequestException", "The base path %s is reserved for health checks", path)
	}
	return checkMapped(op, domain)
}

// checkMapped holds a mapping to its API and stage.
func checkMapped(op *engine.Op, domain *engine.Resource) error {
	api := op.Ref("restApi")
	if view.DomainKind(domain.Properties) == view.PrivateDomain && !isPrivate(api) {
		return op.Refuse("BadRequestException", "A private custom domain name sends traffic to private APIs only: %s is not PRIVATE", api.ID)
	}
	if stage := op.Inputs.Text("stageName"); stage != "" && op.Find(view.StageType, stageID(api.ID, stage)) == nil {
		return op.Refuse("BadRequestException", "Invalid stage identifier specified: API %s has no stage %s", api.ID, stage)
	}
	return nil
}

// remapBasePath points a mapping at another API or stage. The ID has the base
// path in it and can't change in place, in Pulumi's protocol.
func remapBasePath(op *engine.Op) error {
	if op.Before.Properties.Text("basePath") != op.Inputs.Text("basePath") {
		return op.Fail("changing basePath in place is not simulated: make another mapping")
	}
	op.Outputs["domainNameId"] = op.Before.Properties["domainNameId"]
	domain := domainOf(op, op.Outputs)
	if domain == nil {
		return op.Refuse("NotFoundException", "Invalid domain name identifier specified: %s", op.ID)
	}
	return checkMapped(op, domain)
}
