package main

import (
	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// costSettings is what a stack's settings say about what the environment costs.
func costSettings(s *settings.Shared) cost.Settings {
	size := cost.Settings{
		Zones: s.Network.Zones, Tasks: s.Task.Min, CPUUnits: s.Task.CPU, MemoryMiB: s.Task.Memory, X86: s.Task.Architecture == settings.X8664,
		FlowLogs: s.Network.RecordsFlows(), Alarms: s.Alarms.TopicARN != "", Dashboard: s.Metrics.Dashboard, TrustStore: s.LoadBalancer.TrustStoreARN != "",
		NLB:              s.LoadBalancer.Type == settings.NetworkLoadBalancer,
		InboundAddresses: s.DNS.ResolverInbound.AddressCount(),
		AccessLogs:       s.LoadBalancer.AccessLogs.On(), ConnectionLogs: s.LoadBalancer.ConnectionLogs.On(),
	}
	if !s.Network.Creates() {
		size.Zones = len(s.Network.SubnetIDs)
	}
	if s.Logs.RetentionDays != nil {
		size.RetentionDays = *s.Logs.RetentionDays
	}
	if s.Logs.SamplePercent != nil {
		size.SamplePercent = *s.Logs.SamplePercent
	}
	for name, endpoint := range map[string]settings.Endpoint{
		cost.ExecuteAPI: s.Endpoints.ExecuteAPI.Endpoint(), cost.Logs: s.Endpoints.Logs, cost.ECRAPI: s.Endpoints.ECRAPI,
		cost.ECRDocker: s.Endpoints.ECRDKR, cost.ALB: s.Endpoints.ALB.Endpoint(), cost.Native: s.Endpoints.Native.Endpoint(),
	} {
		if endpoint.ID != "" || endpoint.Lookup {
			size.ExistingEndpoints = append(size.ExistingEndpoints, name)
		}
	}
	for _, zone := range s.DNS.Existing {
		size.ExistingZones = append(size.ExistingZones, mapping.Zone(zone.Name))
	}
	return size
}
