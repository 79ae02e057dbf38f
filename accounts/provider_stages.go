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

// stages are the stages of an API's rows, retired ones included: a statement that
// was removed from a policy stays in effect until the stage is redeployed.
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

// existingStages reports which of the stages exist. An API that doesn't exist is
// reported at its rows. In a preview a question that is not answered is a notice,
// and the stage counts as one that exists: the update finds out.
func (s *providerStack) existingStages(keys []stageKey) (map[stageKey]bool, error) {
	found, failures := s.askStages(keys)
	exists := map[stageKey]bool{}
	for i, key := range keys {
		exists[key] = found[i]
		switch err := failures[i]; {
		case errors.As(err, new(*components.ExistingResourceError)):
			failures[i] = s.missingAPI(key.api)
		case err != nil && s.ctx.DryRun():
			exists[key] = true
			failures[i] = s.ctx.Log.Warn(components.NotAsked{Action: "apigateway:GET",
				Question: fmt.Sprintf("whether REST API %s has stage %s", key.api, key.stage), Err: err}.String(), nil)
		}
	}
	return exists, errors.Join(failures...)
}

// askStages asks which of the stages exist, but for those that were seen already.
func (s *providerStack) askStages(keys []stageKey) (found []bool, failures []error) {
	found, failures = make([]bool, len(keys)), make([]error, len(keys))
	turns := make(chan struct{}, stagesAtOnce)
	var asked sync.WaitGroup
	for i, key := range keys {
		if s.seen[key] {
			found[i] = true
			continue
		}
		turns <- struct{}{}
		asked.Go(func() {
			defer func() { <-turns }()
			found[i], failures[i] = components.StageExists(s.ctx, string(key.api), key.stage, pulumi.Provider(s.awsProvider))
		})
	}
	asked.Wait()
	for i, key := range keys {
		s.seen[key] = found[i]
	}
	return found, failures
}

// missingAPI reports an API that the account doesn't have, at its rows.
func (s *providerStack) missingAPI(id mapping.APIID) error {
	s.absent[id] = true
	var wrong []error
	for _, row := range s.rows.Rows {
		if row.API.ID != id {
			continue
		}
		fix := "correct the URL, or ACCOUNT"
		if row.Retired {
			fix = "take the row out: the API is gone, and its policy with it"
		}
		wrong = append(wrong, fmt.Errorf("%s.PRIVATE_API_URL: account %s has no REST API %s in %s: %s", row.Position(), s.account.ID, id, row.API.Region, fix))
	}
	return errors.Join(wrong...)
}

// publication is which stages of an API are redeployed when its policy changes,
// and which of these are known to exist.
type publication struct{ stages, existing []string }

// publishedStages are the stages of each API that are redeployed when its policy
// changes. A deployment creates a missing stage, and publishes the owner's draft
// on it. Unless the settings ask for that, the stage of an unretired row has to
// exist. A missing stage of retired rows alone is skipped: no statement of
// Portico's is in effect on it.
//
// A preview asks for the stages in any case: the answer says which APIs exist.
func (s *providerStack) publishedStages() (map[mapping.APIID]publication, error) {
	published := map[mapping.APIID]publication{}
	if !*s.config.Redeploy {
		return published, s.findUndeployed()
	}
	var exists map[stageKey]bool
	var missing []error
	if !s.config.CreateStages || s.ctx.DryRun() {
		var err error
		if exists, err = s.existingStages(s.allStages()); err != nil {
			missing = append(missing, err)
		}
	}
	for _, api := range s.apis {
		var of publication
		for _, stage := range stages(api) {
			key := stageKey{api.ID, stage}
			switch {
			case s.config.CreateStages || exists[key]:
				of.stages = append(of.stages, stage)
			case !s.absent[api.ID]:
				missing = append(missing, s.missingStage(api, stage))
			}
			if exists != nil && s.seen[key] { // an update that creates stages asks for none
				of.existing = append(of.existing, stage)
			}
		}
		published[api.ID] = of
	}
	return published, errors.Join(missing...)
}

// allStages are the stages of all rows of the stack's APIs.
func (s *providerStack) allStages() []stageKey {
	var all []stageKey
	for _, api := range s.apis {
		for _, stage := range stages(api) {
			all = append(all, stageKey{api.ID, stage})
		}
	}
	return all
}

// findUndeployed finds the stages that base path mappings need and that the APIs'
// owner hasn't deployed yet: a private API can't be deployed before it has a
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
	asked := all
	if s.ctx.DryRun() {
		// Of each other API one, to know that the API exists.
		for _, key := range s.allStages() {
			if !slices.ContainsFunc(asked, func(other stageKey) bool { return other.api == key.api }) {
				asked = append(asked, key)
			}
		}
	}
	exists, err := s.existingStages(asked)
	s.undeployed = map[stageKey]bool{}
	for _, key := range all {
		s.undeployed[key] = !exists[key]
	}
	return err
}

// missingStage reports the rows of a stage that doesn't exist; nil if all of them
// are retired.
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
