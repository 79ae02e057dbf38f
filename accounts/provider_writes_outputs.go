package accounts

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/mapping"
)

// export reports to the shared stack what this one has provisioned, and logs what
// to run next.
func (s *providerStack) export() error {
	known, err := s.exportOutputs()
	if err != nil {
		return err
	}
	return s.adviseNext(migration.New(s.wanted(), s.shared, []migration.Provider{{Outputs: known}}))
}

// exportOutputs exports the outputs, and returns those that the program knows by
// itself. See docs/design/front-doors.md, "What the stacks report to each other".
func (s *providerStack) exportOutputs() (*outputs.Provider, error) {
	provisioned := s.provisionedRows()
	known := outputs.Provider{
		Contract:         outputs.Contract,
		AccountID:        s.account.ID,
		RedeployCommands: s.redeployCommands(),
		Provisioned:      map[mapping.FrontDoor][]string{},
		ProvisionedFor:   map[mapping.FrontDoor]string{},
		Retains:          append([]mapping.Host{}, s.migration.Retained()...),
	}
	rows := map[mapping.FrontDoor]pulumi.StringArray{}
	for _, row := range provisioned {
		known.Provisioned[row.frontDoor] = append(known.Provisioned[row.frontDoor], row.address)
		known.ProvisionedFor[row.frontDoor] = s.endpoint(row.frontDoor)
		rows[row.frontDoor] = append(rows[row.frontDoor], whenCreated(pulumi.String(row.address).ToStringOutput(), row.needs))
	}
	if !s.waitsForStages() {
		known.Digest = s.digest
	}
	if len(s.waitingRows()) > 0 {
		known.ProvisionedFor[mapping.FrontDoorNGINX] = s.endpoint(mapping.FrontDoorNGINX)
	}
	if err := exportPlain(s.ctx, known); err != nil {
		return nil, err
	}
	byFrontDoor := pulumi.Map{}
	for frontDoor, addresses := range rows {
		byFrontDoor[string(frontDoor)] = addresses
	}
	s.ctx.Export("provisioned", byFrontDoor)
	arns := pulumi.StringMap{}
	for key, custom := range s.created.domains {
		if key.frontDoor == mapping.FrontDoorNative {
			arns[string(key.host)] = whenCreated(custom.ARN, custom.shared)
		}
	}
	s.ctx.Export("domainNameArns", arns)
	s.exportPolicies()
	return &known, s.exportAdmission()
}

// exportPolicies exports the digests of the policies, once they are saved.
func (s *providerStack) exportPolicies() {
	digests := pulumi.StringMap{}
	for id, private := range s.created.apis {
		recorded := private.PolicyDigest.ApplyT(func(digest string) string {
			return resourcepolicy.Recorded(digest, s.config.App.Name, s.config.App.Environment)
		}).(pulumi.StringOutput)
		digests[string(id)] = whenCreated(recorded, []pulumi.CustomResource{private.Policy})
	}
	if len(digests) > 0 {
		s.ctx.Export("policies", digests)
	}
}

// waitsForStages reports whether base path mappings wait until the APIs' owner has
// deployed stages. The next update looks for them again.
func (s *providerStack) waitsForStages() bool {
	for _, undeployed := range s.undeployed {
		if undeployed {
			return true
		}
	}
	return false
}

// wanted is what the rows of the stack's APIs want.
func (s *providerStack) wanted() migration.Wanted {
	var rows []mapping.Row
	for _, api := range s.apis {
		rows = append(rows, api.Rows...)
	}
	return migration.WantedBy(rows)
}

// redeployCommands are the commands with which the owner deploys the stages;
// none where the stack deploys them.
func (s *providerStack) redeployCommands() []string {
	commands := []string{}
	for _, api := range s.apis {
		if s.created.apis[api.ID] != nil && !*s.config.Redeploy {
			commands = append(commands, redeployCommands(api)...)
		}
	}
	return commands
}

// provisionedRow is a row for which the account has everything that its front
// door needs.
type provisionedRow struct {
	frontDoor mapping.FrontDoor
	address   string
	// needs are the resources that have to exist before requests can reach the
	// row.
	needs []pulumi.CustomResource
}

// provisionedRows are the rows that this update provisions, of hosts of which the
// shared stack needs to know, by address.
func (s *providerStack) provisionedRows() []provisionedRow {
	var rows []provisionedRow
	for _, api := range s.apis {
		for _, row := range api.Rows {
			if row.Retired || !s.migration.Awaited(row.Host) || s.endpoint(row.FrontDoor) == "" {
				continue
			}
			if needs, complete := s.needs(row); complete {
				rows = append(rows, provisionedRow{row.FrontDoor, outputs.Address(&row), needs})
			}
		}
	}
	slices.SortFunc(rows, func(a, b provisionedRow) int { return strings.Compare(a.address, b.address) })
	return rows
}

// needs are the resources that have to exist before requests can reach a row by
// its front door; false: not all of them are part of this update.
func (s *providerStack) needs(row mapping.Row) ([]pulumi.CustomResource, bool) {
	private := s.created.apis[row.API.ID]
	if private == nil {
		return nil, false
	}
	needs := []pulumi.CustomResource{private.Policy}
	if deployment := private.Deployments[string(row.API.Stage)]; deployment != nil {
		needs = append(needs, deployment)
	}
	if row.FrontDoor == mapping.FrontDoorNGINX {
		return needs, true
	}
	custom := s.created.domains[domainKey{row.Host, row.FrontDoor}]
	if custom == nil || custom.basePathMappings[basePath(row)] == nil {
		return nil, false
	}
	return append(append(needs, custom.Domain, custom.basePathMappings[basePath(row)]), custom.shared...), true
}

// basePath is a row's base path as a custom domain's mapping has it: without a
// leading slash.
func basePath(row mapping.Row) string { return strings.TrimPrefix(string(row.BasePath), "/") }

// whenCreated is a text that is known once the resources exist.
func whenCreated(text pulumi.StringOutput, resources []pulumi.CustomResource) pulumi.StringOutput {
	values := []any{text}
	for _, resource := range resources {
		values = append(values, resource.ID())
	}
	return pulumi.All(values...).ApplyT(func(values []any) string { return values[0].(string) }).(pulumi.StringOutput)
}
