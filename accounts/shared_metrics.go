package accounts

import (
	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/nginxconf"
)

// logMetrics are the metrics of the proxy as a whole.
func (s *sharedStack) logMetrics(roles *components.TaskRoles) error {
	var metrics []components.LogMetric
	for _, m := range nginxconf.Metrics() {
		metrics = append(metrics, components.LogMetric{Name: m.Name, Pattern: m.Pattern, Value: m.Value, Unit: m.Unit})
	}
	_, err := components.NewLogMetrics(s.ctx, s.prefix, &components.LogMetricsArgs{
		LogGroupName: roles.LogGroupName, Namespace: s.metricsNamespace(), Metrics: metrics,
	}, s.providers)
	return err
}

// metricsNamespace is that of the proxy's metrics, the environment's own.
func (s *sharedStack) metricsNamespace() string { return "Portico/" + s.prefix }
