package accounts

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/nginxconf"
)

// logMetrics are the metrics of the proxy as a whole.
func (s *sharedStack) logMetrics(roles *components.TaskRoles) error {
	var metrics []components.LogMetric
	for _, m := range nginxconf.Metrics(s.config.Logs.SamplePercent != nil) {
		metrics = append(metrics, components.LogMetric{Name: m.Name, Filter: m.Filter, Pattern: m.Pattern, Value: m.Value, Unit: m.Unit})
	}
	_, err := components.NewLogMetrics(s.ctx, s.prefix, &components.LogMetricsArgs{
		LogGroupName: roles.LogGroupName, Namespace: s.metricsNamespace(), Metrics: metrics,
	}, s.providers)
	return err
}

// metricsNamespace is that of the proxy's metrics, the environment's own.
func (s *sharedStack) metricsNamespace() string { return "Portico/" + s.prefix }

// proxyMetrics are those that alarms read.
func (s *sharedStack) proxyMetrics() components.ProxyMetrics {
	return components.ProxyMetrics{
		Namespace: s.metricsNamespace(), Requests: nginxconf.MetricRequests, ServerErrors: nginxconf.MetricProxyServerErrors,
	}
}

// deploymentAlarms are those that take a deployment of the proxy back. They exist with
// and without a topic.
func (s *sharedStack) deploymentAlarms(deployed *deployedFrontDoors) (*components.DeploymentAlarms, error) {
	return components.NewDeploymentAlarms(s.ctx, s.prefix, &components.DeploymentAlarmsArgs{
		TopicARN:     s.config.Alarms.TopicARN,
		Metrics:      s.proxyMetrics(),
		Balancers:    s.proxyBalancers(deployed),
		BalancerType: s.config.LoadBalancer.Type,
		Tags:         s.tags,
	}, s.providers)
}

// proxyBalancers are the load balancers that lead to the proxy, by name.
func (s *sharedStack) proxyBalancers(deployed *deployedFrontDoors) map[string]*components.LoadBalancer {
	balancers := map[string]*components.LoadBalancer{}
	for _, derived := range s.topology.LoadBalancers {
		if s.proxied(derived) {
			balancers[derived.Name] = deployed.balancers[derived.Name]
		}
	}
	return balancers
}

// alarms are the proxy's others, where the settings name a topic for them.
func (s *sharedStack) alarms(network *components.Network, deployed *deployedFrontDoors) error {
	if s.config.Alarms.TopicARN == "" {
		return nil
	}
	certificates := map[string]pulumi.StringInput{}
	for _, derived := range s.topology.LoadBalancers {
		for _, certificate := range deployed.certificates[derived.Name] {
			certificates[certificate.Name] = certificate.ARN
		}
	}
	var logPercent int
	if percent := s.config.Logs.SamplePercent; percent != nil {
		logPercent = *percent
	}
	_, err := components.NewAlarms(s.ctx, s.prefix, &components.AlarmsArgs{
		TopicARN:      s.config.Alarms.TopicARN,
		Metrics:       s.proxyMetrics(),
		LogPercent:    logPercent,
		Service:       deployed.proxy,
		MinTasks:      s.config.Task.Min,
		MaxTasks:      s.config.Task.Max,
		CPUPercent:    s.config.Task.CPUPercent,
		MemoryPercent: s.config.Task.MemoryPercent,
		Balancers:     s.proxyBalancers(deployed),
		BalancerType:  s.config.LoadBalancer.Type,
		Certificates:  certificates,
		Region:        s.config.AWS.Region,
		EndpointID:    deployed.endpoints.ExecuteAPIID,
		VPCID:         network.VPCID,
		Tags:          s.tags,
	}, s.providers)
	return err
}

// dashboard is that of the proxy, where the settings want one.
func (s *sharedStack) dashboard(network *components.Network, deployed *deployedFrontDoors) error {
	if !s.config.Metrics.Dashboard {
		return nil
	}
	_, err := components.NewDashboard(s.ctx, s.prefix, &components.DashboardArgs{
		Metrics: components.DashboardMetrics{
			Namespace: s.metricsNamespace(), Requests: nginxconf.MetricRequests, Latency: nginxconf.MetricLatency,
			ProxyClientErrors: nginxconf.MetricProxyClientErrors, ProxyServerErrors: nginxconf.MetricProxyServerErrors,
			APIClientErrors: nginxconf.MetricAPIClientErrors, APIServerErrors: nginxconf.MetricAPIServerErrors,
			LogGroupName: deployed.logGroup, Sampled: s.config.Logs.SamplePercent != nil,
		},
		Service:      deployed.proxy,
		Balancers:    s.proxyBalancers(deployed),
		BalancerType: s.config.LoadBalancer.Type,
		EndpointID:   deployed.endpoints.ExecuteAPIID,
		Region:       s.config.AWS.Region,
		VPCID:        network.VPCID,
	}, s.providers)
	return err
}
