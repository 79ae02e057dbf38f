package accounts

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/requestheaders"
	"github.com/portico-iac/portico/mapping"
)

// service runs the proxy.
func (s *sharedStack) service(network *components.Network, groups *components.SecurityGroups, deployed *deployedFrontDoors) (*components.Service, error) {
	image, repositoryARN, err := s.image()
	if err != nil {
		return nil, err
	}
	roles, err := components.NewTaskRoles(s.ctx, s.prefix, &components.TaskRolesArgs{
		RepositoryARN:       repositoryARN,
		LogRetentionDays:    *s.config.Logs.RetentionDays,
		LogKeyARN:           s.config.KMS.Logs,
		Path:                s.config.RolePath(),
		PermissionsBoundary: s.config.IAM.PermissionsBoundary,
		Tags:                s.tags,
	}, s.providers)
	if err != nil {
		return nil, err
	}
	deployed.logGroup = roles.LogGroupName
	if err := s.logMetrics(roles); err != nil {
		return nil, err
	}
	cluster, err := components.NewCluster(s.ctx, s.prefix, &components.ClusterArgs{
		UniqueName:       uniqueName(s.prefix, roles.LogGroupName),
		LogRetentionDays: *s.config.Logs.RetentionDays,
		LogKeyARN:        s.config.KMS.Logs,
		Tags:             s.tags,
	}, s.providers)
	if err != nil {
		return nil, err
	}
	dependencies := slices.Concat(deployed.endpoints.Resources(), groups.Resources())
	var targets []components.Target
	for _, balancer := range s.topology.LoadBalancers {
		if s.proxied(balancer) {
			dependencies = append(dependencies, deployed.balancers[balancer.Name].Resources()...)
			targets = append(targets, deployed.balancers[balancer.Name].Targets...)
		}
	}
	var requests int
	if aim := s.config.Task.RequestsPerTarget; aim != nil {
		requests = *aim
	}
	alarms, err := s.deploymentAlarms(deployed)
	if err != nil {
		return nil, err
	}
	return components.NewService(s.ctx, s.prefix, &components.ServiceArgs{
		Region:            s.config.AWS.Region,
		Cluster:           cluster,
		Roles:             roles,
		Image:             image,
		CPU:               s.config.Task.CPU,
		Memory:            s.config.Task.Memory,
		Architecture:      s.config.Task.Architecture,
		Min:               s.config.Task.Min,
		Max:               s.config.Task.Max,
		CPUPercent:        s.config.Task.CPUPercent,
		MemoryPercent:     s.config.Task.MemoryPercent,
		RequestsPerTarget: requests,
		Environment:       s.taskEnvironment(deployed.endpoints),
		SubnetIDs:         network.SubnetIDs,
		SecurityGroupID:   groups.TasksID,
		Targets:           targets,
		LongestTimeout:    s.longestTimeout(mapping.FrontDoorNGINX),
		LongestAnswer:     s.longestAnswer(),
		Alarms:            alarms.Names,
		Running:           s.reports.own.Service != "",
		Tags:              s.tags,
	}, s.providers, pulumi.DependsOn(dependencies))
}

// uniqueName is a prefix with the random suffix that Pulumi gave another resource's
// name.
func uniqueName(prefix string, other pulumi.StringOutput) pulumi.StringOutput {
	return other.ApplyT(func(name string) string { return prefix + name[max(0, strings.LastIndexByte(name, '-')):] }).(pulumi.StringOutput)
}

// taskEnvironment is what the image's entrypoint reads: the addresses and the DNS
// name of the proxy's execute-api endpoint, where the caller's address is, which
// headers pass, how many requests one client may have under way, and how many are
// logged.
func (s *sharedStack) taskEnvironment(endpoints *components.Endpoints) map[string]pulumi.StringInput {
	environment := map[string]pulumi.StringInput{
		"PORTICO_UPSTREAMS":      upstreams(endpoints.ExecuteAPIAddresses),
		"PORTICO_ENDPOINT_NAME":  endpoints.ExecuteAPIDNSName,
		"PORTICO_CLIENT_ADDRESS": pulumi.String(s.clientAddress()),
	}
	names := slices.Clone(s.config.Proxy.PassHeaders)
	if s.config.LoadBalancer.TrustStoreARN != "" {
		for _, name := range requestheaders.VerifiedClient() {
			if !slices.ContainsFunc(names, func(given string) bool { return strings.EqualFold(given, name) }) {
				names = append(names, name)
			}
		}
	}
	if len(names) > 0 {
		environment["PORTICO_PASS_HEADERS"] = pulumi.String(strings.Join(names, ","))
	}
	if requests := s.config.Proxy.ClientRequests; requests != nil {
		environment["PORTICO_CLIENT_REQUESTS"] = pulumi.String(strconv.Itoa(*requests))
	}
	if percent := s.config.Logs.SamplePercent; percent != nil {
		environment["PORTICO_LOG_SAMPLE"] = pulumi.String(strconv.Itoa(*percent))
	}
	return environment
}

// clientAddress is where the proxy takes the caller's address from
// (PORTICO_CLIENT_ADDRESS). An Application Load Balancer writes it into
// X-Forwarded-For, a Network Load Balancer into its header of the proxy protocol; then
// the proxy listens on the port without that header as well.
func (s *sharedStack) clientAddress() string {
	switch {
	case s.config.LoadBalancer.Type == components.ApplicationLoadBalancer:
		return "forwarded"
	case s.speaksProxyProtocol():
		return "proxy-protocol"
	}
	return "peer"
}

// longestAnswer is the longest that an answer may last which the proxy carries
// piece by piece; 0 where no row streams.
func (s *sharedStack) longestAnswer() time.Duration {
	if len(s.streamingHosts()) > 0 {
		return mapping.MaxStreamDuration
	}
	return 0
}

// upstreams writes the endpoint's addresses as the proxy's entrypoint reads
// them.
func upstreams(addresses pulumi.StringArrayOutput) pulumi.StringOutput {
	return addresses.ApplyT(func(addresses []string) string {
		var list string
		for i, address := range addresses {
			if i > 0 {
				list += ","
			}
			list += address + ":443"
		}
		return list
	}).(pulumi.StringOutput)
}
