package accounts

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
)

// mapBasePaths creates the custom domains' base path mappings, which point at the
// APIs' stages. If the owner of an API hasn't deployed a stage, a later update
// creates the stage's mapping.
func (s *providerStack) mapBasePaths() error {
	for _, domain := range s.domains {
		custom := s.created.domains[domainKey{domain.Host, domain.FrontDoor}]
		if custom == nil {
			continue
		}
		custom.basePathMappings = map[string]pulumi.CustomResource{}
		for _, path := range domain.Paths {
			private := s.created.apis[path.API.ID]
			if private == nil || s.undeployed[stageKey{path.API.ID, string(path.API.Stage)}] {
				continue
			}
			after := []pulumi.Resource{private.Policy}
			if deployment := private.Deployments[string(path.API.Stage)]; deployment != nil {
				after = append(after, deployment)
			}
			mapping, err := custom.Map(s.ctx, &components.BasePathMappingArgs{
				BasePath: path.BasePath, APIID: string(path.API.ID), Stage: string(path.API.Stage),
			}, pulumi.DependsOn(after))
			if err != nil {
				return err
			}
			custom.basePathMappings[path.BasePath] = mapping
		}
	}
	return nil
}
