package accounts

import (
	"errors"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// ProviderRetiredIn is ProviderIn as if all rows of the mapping were RETIRED: the
// last update of a stack that is to be destroyed. It takes Portico's statements out
// of the policies that have some, and leaves other APIs alone. With redeploy it
// deploys the stages; without, output redeployCommands has the commands.
func ProviderRetiredIn(dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, rows, err := readProviderProject(ctx, dir)
		if err != nil {
			return err
		}
		return withSetting(retire(ctx, config, rows))
	}
}

func retire(ctx *pulumi.Context, config *settings.Provider, rows *mapping.Mapping) error {
	retired, own := *rows, *config
	retired.Rows = slices.Clone(rows.Rows)
	for i := range retired.Rows {
		retired.Rows[i].Retired = true
	}
	own.CreateStages = false
	stack, err := uncheckedProviderStack(ctx, &own, &retired)
	if err != nil {
		return err
	}
	return stack.retire()
}

// retire takes the statements of the stack's environment back.
func (s *providerStack) retire() error {
	shared, err := s.endpointsOf()
	if err != nil {
		return err
	}
	s.shared, s.migration = shared, migration.New(s.wanted(), shared, nil)
	if err := s.useAccount(); err != nil {
		return err
	}
	if err := s.keepHolding(); err != nil {
		return findings(err)
	}
	if err := s.addFormerAPIs(); err != nil {
		return findings(err)
	}
	published, err := s.publishedStages()
	if err != nil {
		return findings(err)
	}
	if err := s.privateAPIs(published); err != nil {
		return err
	}
	_, err = s.exportOutputs()
	return err
}

// endpointsOf are the endpoints of the shared stack and no more of its outputs: what
// it serves is to end. Where the stack has none any more, statements are known by
// their Sids alone.
func (s *providerStack) endpointsOf() (*outputs.Shared, error) {
	values, _, err := readStackOutputs(s.ctx, s.config.Shared.Stack)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return &outputs.Shared{}, nil
	}
	shared, err := outputs.DecodeShared(values)
	if err != nil {
		return nil, readError(s.config.Shared.Stack, err)
	}
	return &outputs.Shared{Region: shared.Region, VPCID: shared.VPCID, Endpoints: shared.Endpoints}, nil
}

// keepHolding leaves out the mapping's APIs that don't exist, and those to which no
// update has come: their policies have no statement of this environment's.
func (s *providerStack) keepHolding() error {
	var asked []stageKey
	for _, api := range s.apis {
		asked = append(asked, stageKey{api.ID, stages(api)[0]})
	}
	_, failures := s.askStages(asked)
	var kept []topology.API
	var wrong []error
	for i, api := range s.apis {
		holds, err := true, failures[i]
		if _, known := s.own.Stages[api.ID]; err == nil && !known {
			holds, err = s.holds(api)
		}
		switch {
		case errors.As(err, new(*components.ExistingResourceError)):
		case err != nil:
			wrong = append(wrong, err)
		case holds:
			kept = append(kept, api)
		}
	}
	s.apis = kept
	return errors.Join(wrong...)
}

// holds reports whether an API's policy has statements of this environment's.
func (s *providerStack) holds(api topology.API) (holds bool, err error) {
	args := &components.PrivateAPIArgs{APIID: string(api.ID), Policy: func(existing string, _ map[string]string) (policy string, err error) {
		request := s.policyRequest(api)
		request.Existing = []byte(existing)
		holds, err = resourcepolicy.Holds(request)
		return "", err
	}}
	err = components.CheckPrivateAPI(s.ctx, "held-"+string(api.ID), args, pulumi.Provider(s.awsProvider))
	return holds, err
}
