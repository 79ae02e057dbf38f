package accounts

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// stages are those that the API's rows lead to, also the retired ones: what was
// taken out of a policy stays in effect until its stage is redeployed.
func stages(api topology.API) []string {
	var all []string
	for _, row := range api.Rows {
		all = append(all, string(row.API.Stage))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// stageKey names a stage.
type stageKey struct {
	api   mapping.APIID
	stage string
}

// stagesAtOnce is how many stages are asked for at a time: API Gateway answers
// ten requests a second to an account.
const stagesAtOnce = 4

// existing tells which of the stages are there.
func (s *providerStack) existing(keys []stageKey) (map[stageKey]bool, error) {
	there, failures := make([]bool, len(keys)), make([]error, len(keys))
	turns := make(chan struct{}, stagesAtOnce)
	var asked sync.WaitGroup
	for i, key := range keys {
		turns <- struct{}{}
		asked.Go(func() {
			defer func() { <-turns }()
			there[i], failures[i] = components.StageExists(s.ctx, string(key.api), key.stage, pulumi.Provider(s.awsProvider))
		})
	}
	asked.Wait()
	exists := map[stageKey]bool{}
	for i, key := range keys {
		exists[key] = there[i]
	}
	return exists, errors.Join(failures...)
}

// publishedStages are the stages of each API that are redeployed when its policy
// changes. A deployment creates a stage that isn't there, and publishes the
// owner's draft on it; unless the settings ask for that, a stage that a row
// leads to has to be there, and one that retired rows alone lead to is left
// where it isn't: nothing of Portico's is in effect on it.
func (s *providerStack) publishedStages() (map[mapping.APIID][]string, error) {
	published := map[mapping.APIID][]string{}
	if !*s.config.Redeploy {
		return published, s.findUndeployed()
	}
	var all []stageKey
	for _, api := range s.apis {
		for _, stage := range stages(api) {
			all = append(all, stageKey{api.ID, stage})
		}
	}
	var exists map[stageKey]bool
	if !s.config.CreateStages {
		var err error
		if exists, err = s.existing(all); err != nil {
			return nil, err
		}
	}
	var missing []error
	for _, api := range s.apis {
		for _, stage := range stages(api) {
			if s.config.CreateStages || exists[stageKey{api.ID, stage}] {
				published[api.ID] = append(published[api.ID], stage)
			} else {
				missing = append(missing, s.missingStage(api, stage))
			}
		}
	}
	return published, errors.Join(missing...)
}

// findUndeployed finds the stages that custom domains are to lead to, and that
// the APIs' owner hasn't deployed yet: a private API can't be before it has a
// policy.
func (s *providerStack) findUndeployed() error {
	var all []stageKey
	for _, domain := range s.domains {
		for _, path := range domain.Paths {
			if key := (stageKey{path.API.ID, string(path.API.Stage)}); !slices.Contains(all, key) {
				all = append(all, key)
			}
		}
	}
	exists, err := s.existing(all)
	s.undeployed = map[stageKey]bool{}
	for _, key := range all {
		s.undeployed[key] = !exists[key]
	}
	return err
}

// missingStage reports the rows that lead to a stage which isn't there; nil
// where all of them are retired.
func (s *providerStack) missingStage(api topology.API, stage string) error {
	var wrong []error
	for _, row := range api.Rows {
		if row.Retired || string(row.API.Stage) != stage {
			continue
		}
		wrong = append(wrong, fmt.Errorf("%s.PRIVATE_API_URL: REST API %s of account %s has no stage %q: correct the URL; or have the API's owner deploy the stage; or set portico:createStages: true, and the update creates it with whatever the owner has saved",
			row.Position(), api.ID, s.account.ID, stage))
	}
	return errors.Join(wrong...)
}

// redeployCommands are what the API's owner runs after an update that changed
// its policy. They are the same whether it did or not: an output that comes and
// goes would make the next update differ from this one.
func redeployCommands(api topology.API) []string {
	var all []string
	for _, stage := range stages(api) {
		all = append(all, fmt.Sprintf("aws apigateway create-deployment --region %s --rest-api-id %s --stage-name %s",
			api.Region, api.ID, stage))
	}
	return all
}
