package accounts

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// exportAdmission reports what the policies admit through the proxy, for the shared
// stack to lead requests there.
func (s *providerStack) exportAdmission() error {
	known := outputs.Provider{Contract: outputs.Contract, Widens: s.ownWidens(), Stages: s.stagesInEffect()}
	for _, key := range s.takenBack {
		known.TakenBack = append(known.TakenBack, string(key.api)+"/"+key.stage)
	}
	if err := exportPlain(s.ctx, known); err != nil {
		return err
	}
	waiting := s.waitingRows()
	if len(waiting) == 0 {
		return nil
	}
	if *s.config.Redeploy {
		return s.exportAdmitted(waiting)
	}
	return s.exportDeployed(waiting)
}

// ownWidens are the addresses for which policies admit more than the mapping asks:
// none before the proxy has an endpoint.
func (s *providerStack) ownWidens() []string {
	if s.endpoint(mapping.FrontDoorNGINX) == "" {
		return nil
	}
	return s.admission.Widens
}

// stagesInEffect are the stages of which the policies say something: those of rows of
// the mapping that aren't retired, and those of served rows.
func (s *providerStack) stagesInEffect() map[mapping.APIID][]mapping.Stage {
	served := map[stageKey]bool{}
	for _, row := range s.admission.Served {
		if former, err := row.Row(); err == nil {
			served[keyOf(former)] = true
		}
	}
	stages := map[mapping.APIID][]mapping.Stage{}
	for _, api := range s.apis {
		if s.created.apis[api.ID] == nil {
			continue
		}
		for _, row := range api.Rows {
			if !row.Retired || served[keyOf(row)] {
				stages[api.ID] = append(stages[api.ID], row.API.Stage)
			}
		}
		slices.Sort(stages[api.ID])
		stages[api.ID] = slices.Compact(stages[api.ID])
	}
	maps.DeleteFunc(stages, func(_ mapping.APIID, stages []mapping.Stage) bool { return len(stages) == 0 })
	return stages
}

// waitingRows are the rows of the mapping that wait for the account, and whose API
// has a policy of this update's.
func (s *providerStack) waitingRows() []mapping.Row {
	var rows []mapping.Row
	for _, api := range s.apis {
		for _, row := range api.Rows {
			if !row.Retired && s.admission.Waiting[outputs.Address(&row)] > 0 && s.created.apis[api.ID] != nil {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// exportAdmitted reports waiting rows when the stages are deployed.
func (s *providerStack) exportAdmitted(rows []mapping.Row) error {
	admits := outputs.Numbers{}
	var created []any
	for _, row := range rows {
		admits[outputs.Address(&row)] = s.admission.Waiting[outputs.Address(&row)]
		private := s.created.apis[row.API.ID]
		created = append(created, private.Policy.ID())
		if deployment := private.Deployments[string(row.API.Stage)]; deployment != nil {
			created = append(created, deployment.ID())
		}
	}
	encoded, err := outputs.Encode(admits)
	if err != nil {
		return err
	}
	s.ctx.Export("admits", pulumi.All(created...).ApplyT(func([]any) any { return encoded }))
	return nil
}

// exportDeployed reports the waiting rows whose stage its owner has deployed since
// the policy was saved: its deployment is another one than then. No call tells which
// policy a deployment has.
func (s *providerStack) exportDeployed(rows []mapping.Row) error {
	read := map[stageKey]pulumi.StringOutput{}
	var keys []stageKey
	for _, row := range rows {
		if key := keyOf(row); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	exists, err := s.existingStages(keys)
	if err != nil {
		return findings(err)
	}
	values := []any{}
	for _, key := range keys {
		read[key] = pulumi.String("").ToStringOutput()
		if exists[key] {
			if read[key], err = s.deploymentOf(key); err != nil {
				return err
			}
		}
		values = append(values, s.created.apis[key.api].PolicyDigest, read[key])
	}
	reported := pulumi.All(values...).ApplyT(func(values []any) (map[string]any, error) {
		digests, deployments := map[mapping.APIID]string{}, map[stageKey]string{}
		for i, key := range keys {
			digests[key.api], deployments[key] = values[2*i].(string), values[2*i+1].(string)
		}
		encoded, err := outputs.Encode(s.deployedSince(rows, digests, deployments))
		all, _ := encoded.(map[string]any)
		return all, err
	})
	for _, name := range []string{"admits", "undeployed", "saved"} {
		s.ctx.Export(name, reported.ApplyT(func(reported any) any { return reported.(map[string]any)[name] }))
	}
	return nil
}

// deploymentOf reads the ID of the deployment that a stage has, once the API's policy
// is saved.
func (s *providerStack) deploymentOf(key stageKey) (pulumi.StringOutput, error) {
	private := s.created.apis[key.api]
	id := private.Policy.ID().ApplyT(func(pulumi.ID) pulumi.ID { return pulumi.ID(string(key.api) + "/" + key.stage) }).(pulumi.IDOutput)
	name := "stage-" + string(key.api) + "-" + key.stage
	stage, err := apigateway.GetStage(s.ctx, name, id, nil, pulumi.Parent(private), pulumi.Provider(s.awsProvider))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("read stage %s of REST API %s: %w", key.stage, key.api, err)
	}
	return stage.Deployment, nil
}

// deployedSince are the outputs about waiting rows, given the digests of the policies
// and the deployments that the stages have.
func (s *providerStack) deployedSince(rows []mapping.Row, digests map[mapping.APIID]string, deployments map[stageKey]string) *outputs.Provider {
	reported := &outputs.Provider{Contract: outputs.Contract, Admits: outputs.Numbers{}, Saved: map[mapping.APIID]outputs.SavedPolicy{}}
	unsettled := migration.Unsettled(s.shared.Served)
	for _, row := range rows {
		key, address := keyOf(row), outputs.Address(&row)
		saved, known := reported.Saved[key.api]
		if before := s.own.Saved[key.api]; !known && before.Digest == digests[key.api] {
			saved = outputs.SavedPolicy{Digest: before.Digest, Deployments: maps.Clone(before.Deployments)}
		} else if !known {
			saved = outputs.SavedPolicy{Digest: digests[key.api], Deployments: map[mapping.Stage]string{}}
		}
		then, known := saved.Deployments[row.API.Stage]
		if !known {
			then = deployments[key]
			saved.Deployments[row.API.Stage] = then
		}
		reported.Saved[key.api] = saved
		if deployments[key] != then {
			reported.Admits[address] = s.admission.Waiting[address]
		} else if _, unsettled := slices.BinarySearch(unsettled, row.Host); unsettled {
			reported.Undeployed = append(reported.Undeployed, address)
		}
	}
	slices.SortFunc(reported.Undeployed, strings.Compare)
	return reported
}
