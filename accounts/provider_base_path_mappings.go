package accounts

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
)

// mapPaths leads the domains' paths to the APIs' stages. One whose stage isn't
// there, and which nobody but its owner creates, is left for a later update.
func (s *providerStack) mapPaths() error {
	for _, domain := range s.domains {
		custom := s.made.domains[domainKey{domain.Host, domain.FrontDoor}]
		if custom == nil {
			continue
		}
		custom.paths = map[string]pulumi.CustomResource{}
		for _, path := range domain.Paths {
			private := s.made.apis[path.API.ID]
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
			custom.paths[path.BasePath] = mapping
		}
	}
	return nil
}
