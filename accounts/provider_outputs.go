package accounts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// export tells the shared stack how far this one is, and the user what to run
// next. See docs/design/front-doors.md, "What the stacks tell each other".
func (s *providerStack) export() error {
	commands := []string{}
	var rows []mapping.Row
	for _, api := range s.apis {
		rows = append(rows, api.Rows...)
		if s.made.apis[api.ID] != nil && !*s.config.Redeploy {
			commands = append(commands, redeployCommands(api)...)
		}
	}
	s.ctx.Export("redeployCommands", pulumi.ToStringArray(commands))

	keeps := pulumi.StringArray{}
	for _, host := range s.doors.keeps(rows) {
		keeps = append(keeps, pulumi.String(host))
	}
	s.ctx.Export("keeps", keeps)

	arns := pulumi.StringMap{}
	for key, custom := range s.made.domains {
		if key.door == mapping.FrontDoorNative {
			arns[string(key.host)] = once(custom.ARN, custom.shared)
		}
	}
	s.ctx.Export("domainNameArns", arns)
	return s.exportReady(rows)
}

// exportReady exports the rows whose whole way on the account's side stands,
// once it does.
func (s *providerStack) exportReady(rows []mapping.Row) error {
	slices.SortFunc(rows, func(a, b mapping.Row) int { return strings.Compare(topology.Address(a), topology.Address(b)) })
	ready := map[mapping.FrontDoor]pulumi.StringArray{}
	var hosts []mapping.Host
	for _, row := range rows {
		if row.Retired || !s.doors.asked(row) || s.shared.endpoints[row.FrontDoor] == "" {
			continue
		}
		way, stands := s.way(row)
		if !stands {
			continue
		}
		ready[row.FrontDoor] = append(ready[row.FrontDoor], once(pulumi.String(topology.Address(row)).ToStringOutput(), way))
		hosts = append(hosts, row.Host)
	}
	byDoor, endpoints := pulumi.Map{}, pulumi.StringMap{}
	for door, rows := range ready {
		byDoor[string(door)], endpoints[string(door)] = rows, pulumi.String(s.shared.endpoints[door])
	}
	s.ctx.Export("ready", byDoor)
	s.ctx.Export("readyFor", endpoints)
	s.ctx.Export("accountId", pulumi.String(s.account.ID))
	for _, step := range s.doors.next(rows, hosts) {
		if err := s.ctx.Log.Info(step, nil); err != nil {
			return fmt.Errorf("log what to run next: %w", err)
		}
	}
	return nil
}

// way is the resources that have to stand before requests can be led to a row by
// its front door; false: not all of them are part of this update.
func (s *providerStack) way(row mapping.Row) ([]pulumi.CustomResource, bool) {
	private := s.made.apis[row.API.ID]
	if private == nil {
		return nil, false
	}
	way := []pulumi.CustomResource{private.Policy}
	if deployment := private.Deployments[string(row.API.Stage)]; deployment != nil {
		way = append(way, deployment)
	}
	if row.FrontDoor == mapping.FrontDoorNGINX {
		return way, true
	}
	custom := s.made.domains[domainKey{row.Host, row.FrontDoor}]
	if custom == nil || custom.paths[segment(row)] == nil {
		return nil, false
	}
	return append(append(way, custom.Domain, custom.paths[segment(row)]), custom.shared...), true
}

// segment is a row's base path as a custom domain's mapping has it.
func segment(row mapping.Row) string {
	if row.BasePath == "" {
		return ""
	}
	return string(row.BasePath[1:])
}

// once is a text that is known once the resources stand.
func once(text pulumi.StringOutput, stand []pulumi.CustomResource) pulumi.StringOutput {
	values := []any{text}
	for _, resource := range stand {
		values = append(values, resource.ID())
	}
	return pulumi.All(values...).ApplyT(func(values []any) string { return values[0].(string) }).(pulumi.StringOutput)
}
