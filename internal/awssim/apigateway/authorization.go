package apigateway

import (
	"net/url"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// authorization is what API Gateway's actions are checked against: the path of the
// HTTP request, and for the sensitive actions the resource that they are about.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
//
// Not documented: which ARN CreateDomainName and UpdateDomainName with a policy
// check UpdateDomainNamePolicy against. The reference lists it for both the
// collection and the domain, and so both are asked. Tags are given by PUT on
// /tags/ARN, in creations too.
func authorization() engine.Authorization {
	a := engine.Authorization{
		"apigateway:GET resources":                     below("/resources"),
		"apigateway:GET tags":                          tagsOf,
		"apigateway:PUT tags":                          tagsOf,
		"apigateway:DELETE tags":                       tagsOf,
		"apigateway:POST":                              collectionOf,
		"apigateway:UpdateRestApiPolicy":               itself,
		"apigateway:UpdateDomainNamePolicy":            itself,
		"apigateway:UpdateDomainNamePolicy collection": engine.At(domainNames),
		"apigateway:CreateAccessAssociation":           engine.At("{domainNameArn}"),
		"apigateway:GET": func(op *engine.Op) []engine.Checked {
			if op.Token == view.AccessAssociationType {
				return collectionOf(op) // the provider lists them
			}
			return itself(op)
		},
	}
	a.Each(itself, "apigateway:PATCH", "apigateway:DELETE")
	return a
}

const (
	service      = "arn:{partition}:apigateway:{region}::"
	domainNames  = service + "/domainnames"
	associations = service + "/domainnameaccessassociations"
)

// itself is the resource that a request is about. A REST API and what it has are
// checked with the type of its endpoint, known before and as the request says.
func itself(op *engine.Op) []engine.Checked {
	properties := op.Properties()
	checked := engine.Checked{Context: map[string][]string{}}
	api := properties.Text("restApi") + properties.Text("restApiId")
	switch op.Token {
	case view.RESTAPIType:
		if op.Before == nil {
			return engine.Self(op)
		}
		api = op.Before.ID
		checked.ARN = op.Before.ARN
	case view.RESTAPIPolicyType:
		checked.ARN = op.Fill(service) + "/restapis/" + api
	case view.DeploymentType:
		id := "*"
		if op.Before != nil {
			id = op.Before.ID
		}
		checked.ARN = op.Fill(service) + "/restapis/" + api + "/deployments/" + id
	case view.StageType:
		checked.ARN = op.Fill(service) + "/restapis/" + api + "/stages/" + properties.Text("stageName")
	case view.BasePathMappingType:
		domain := domainOf(op, properties)
		if domain == nil {
			return nil
		}
		path := properties.Text("basePath")
		if path == "" {
			path = "(none)"
		}
		checked.ARN = domain.ARN + "/basepathmappings/" + url.PathEscape(path)
		return []engine.Checked{checked}
	case "aws:apigateway/getExport:getExport":
		api = properties.Text("restApiId")
		checked.ARN = op.Fill(service) + "/restapis/" + api + "/stages/" + properties.Text("stageName") + "/exports/" + properties.Text("exportType")
	default:
		return engine.Self(op)
	}
	if found := op.Find(view.RESTAPIType, api); found != nil {
		checked.Context["apigateway:Resource/EndpointType"] = []string{found.Properties.Object("endpointConfiguration").Text("types")}
	}
	if op.Token == view.RESTAPIType && op.Inputs.Object("endpointConfiguration").Has("types") {
		checked.Context["apigateway:Request/EndpointType"] = []string{op.Inputs.Object("endpointConfiguration").Text("types")}
	}
	return []engine.Checked{checked}
}

// below is what is below the resource's own path.
func below(path string) engine.Targets {
	return func(op *engine.Op) []engine.Checked {
		on := itself(op)
		for i := range on {
			on[i].ARN += path
		}
		return on
	}
}

// collectionOf is the path to which a new resource is posted.
func collectionOf(op *engine.Op) []engine.Checked {
	switch op.Token {
	case view.RESTAPIType:
		return engine.At(service + "/restapis")(op)
	case view.DomainNameType:
		return engine.At(domainNames)(op)
	case view.AccessAssociationType:
		return engine.At(associations)(op)
	}
	on := itself(op)
	for i := range on {
		on[i].ARN = on[i].ARN[:strings.LastIndexByte(on[i].ARN, '/')]
	}
	return on
}

// tagsOf is the path of the resource's tags.
func tagsOf(op *engine.Op) []engine.Checked {
	on := engine.Tagged("")(op)
	for i := range on {
		on[i].ARN = op.Fill(service) + "/tags/" + url.QueryEscape(on[i].ARN)
	}
	return on
}
