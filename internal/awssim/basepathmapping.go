package awssim

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
)

func basePathMappingSpec() *typeSpec {
	return &typeSpec{
		token: basePathMappingType, title: "API Gateway Base Path Mapping",
		args: apigateway.BasePathMappingArgs{}, state: apigateway.BasePathMapping{},
		identify: func(c *call) {
			parts := []string{c.inputs.Text("domainName"), c.inputs.Text("basePath")}
			if id := c.inputs.Text("domainNameId"); id != "" {
				parts = append(parts, id)
			}
			c.id = strings.Join(parts, "/")
		},
		required: []string{"restApi"},
		// A change of domainNameId is not among these: the provider then updates
		// the old domain's mapping, with nothing.
		immutable: []string{"domainName"},
		refs:      []ref{{at: "restApi", to: restAPIType, code: "BadRequestException"}},
		create:    []string{"apigateway:POST", "apigateway:GET"},
		read:      []string{"apigateway:GET"},
		update:    []string{"apigateway:PATCH", "apigateway:GET"},
		delete:    []string{"apigateway:DELETE"},
		onCreate:  mapBasePath,
		onUpdate:  remapBasePath,
		conflict:  "ConflictException",
	}
}

// domainOf is the domain that a mapping names, or nil. Without domainNameId
// only public domains are found (documented).
func (c *call) domainOf(mapping Object) *Resource {
	id := mapping.Text("domainName")
	if domainNameID := mapping.Text("domainNameId"); domainNameID != "" {
		id += "/" + domainNameID
	}
	return c.find(domainNameType, id)
}

var basePathCharacters = regexp.MustCompile(`^[A-Za-z0-9$\-_.+!*'()]*$`)

func mapBasePath(c *call) error {
	domain := c.domainOf(c.inputs)
	if domain == nil {
		return c.refuse("NotFoundException", "Invalid domain name identifier specified: account %s has no %q in %s; PRIVATE domains are found with their domainNameId only",
			c.account, c.inputs.Text("domainName"), c.region)
	}
	switch path := c.inputs.Text("basePath"); {
	case strings.Contains(path, "/"):
		return c.refuse("BadRequestException", "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use API Gateway V2.")
	case !basePathCharacters.MatchString(path):
		return c.refuse("BadRequestException", "The base path %q has characters other than letters, digits and $-_.+!*'()", path)
	case path == "ping" || path == "sping":
		// API Gateway answers these paths of a custom domain itself; that it
		// refuses the mapping is an assumption.
		return c.refuse("BadRequestException", "The base path %s is reserved for health checks", path)
	}
	return c.checkMapped(domain)
}

// checkMapped holds a mapping to its API and stage.
func (c *call) checkMapped(domain *Resource) error {
	api := c.find(restAPIType, c.inputs.Text("restApi"))
	if domainKind(domain.Properties) == privateDomain && !isPrivate(api) {
		return c.refuse("BadRequestException", "A private custom domain name sends traffic to private APIs only: %s is not PRIVATE", api.ID)
	}
	if stage := c.inputs.Text("stageName"); stage != "" && c.find(stageType, stageID(api.ID, stage)) == nil {
		return c.refuse("BadRequestException", "Invalid stage identifier specified: API %s has no stage %s", api.ID, stage)
	}
	return nil
}

// remapBasePath points a mapping at another API or stage. The ID has the base
// path in it and can't change in place, in Pulumi's protocol.
func remapBasePath(c *call) error {
	if c.before.Properties.Text("basePath") != c.inputs.Text("basePath") {
		return c.fail("changing basePath in place is not simulated: make another mapping")
	}
	c.outputs["domainNameId"] = c.before.Properties["domainNameId"]
	domain := c.domainOf(c.outputs)
	if domain == nil {
		return c.refuse("NotFoundException", "Invalid domain name identifier specified: %s", c.id)
	}
	return c.checkMapped(domain)
}
