package tagging

import "github.com/portico-iac/portico/internal/awssim/engine"

// authorization is what the Resource Groups Tagging API checks.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonresourcegrouptaggingapi.html
func authorization() engine.Authorization {
	return engine.Authorization{"tag:GetResources": engine.NoResource}
}
