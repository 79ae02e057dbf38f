package accounts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/dashboardbody"
	"github.com/portico-iac/portico/internal/awssim/filterpattern"
	"github.com/portico-iac/portico/internal/cost"
)

const (
	alarmToken       = "aws:cloudwatch/metricAlarm:MetricAlarm"
	dashboardToken   = "aws:cloudwatch/dashboard:Dashboard"
	metricFilter     = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
	alarmed          = "\n  portico:alarms: {topicArn: \"arn:aws:sns:us-east-1:111111111111:on-call\"}\n"
	alarmedBehindNLB = alarmed + "  portico:loadBalancer: {type: NLB}\n"
)

// emitted are the metrics of AWS's namespaces that the alarms read, with the dimensions
// of each and the page that says so.
var emitted = map[string]struct {
	dimensions, page string
}{
	"AWS/ApplicationELB HealthyHostCount":        {"LoadBalancer TargetGroup", "elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"},
	"AWS/ApplicationELB RejectedConnectionCount": {"LoadBalancer", "elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"},
	"AWS/ApplicationELB RequestCount":            {"LoadBalancer TargetGroup", "elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"},
	"AWS/ApplicationELB UnHealthyHostCount":      {"LoadBalancer TargetGroup", "elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"},
	"AWS/NetworkELB HealthyHostCount":            {"LoadBalancer TargetGroup", "elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html"},
	"AWS/NetworkELB NewFlowCount":                {"LoadBalancer", "elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html"},
	"AWS/NetworkELB RejectedFlowCount":           {"LoadBalancer", "elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html"},
	"AWS/NetworkELB UnHealthyHostCount":          {"LoadBalancer TargetGroup", "elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html"},
	"AWS/CertificateManager DaysToExpiry":        {"CertificateArn", "acm/latest/userguide/cloudwatch-metrics.html"},
	"AWS/ECS CPUUtilization":                     {"ClusterName ServiceName", "AmazonECS/latest/developerguide/available-metrics.html"},
	"AWS/ECS MemoryUtilization":                  {"ClusterName ServiceName", "AmazonECS/latest/developerguide/available-metrics.html"},
	"AWS/PrivateLinkEndpoints PacketsDropped":    {"Endpoint Type Service Name VPC Endpoint Id VPC Id", "vpc/latest/privatelink/privatelink-cloudwatch-metrics.html"},
	"ECS/ContainerInsights RunningTaskCount":     {"ClusterName ServiceName", "AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html"},
}

// alarmMetric is a metric that an alarm reads.
type alarmMetric struct {
	namespace, name string
	dimensions      map[string]any
}

// metricsOf are the metrics that an alarm reads.
func metricsOf(alarm registered) []alarmMetric {
	read := func(in map[string]any) alarmMetric {
		namespace, _ := in["namespace"].(string)
		name, _ := in["metricName"].(string)
		dimensions, _ := in["dimensions"].(map[string]any)
		return alarmMetric{namespace, name, dimensions}
	}
	queries, math := alarm.Inputs["metricQueries"].([]any)
	if !math {
		return []alarmMetric{read(alarm.Inputs)}
	}
	var all []alarmMetric
	for _, query := range queries {
		if metric, ok := query.(map[string]any)["metric"].(map[string]any); ok {
			all = append(all, read(metric))
		}
	}
	return all
}

// TestEveryMetricOfAnAlarmIsEmitted walks what alarms read: each is a metric that a
// filter of the log makes, or one that AWS documents with these dimensions.
func TestEveryMetricOfAnAlarmIsEmitted(t *testing.T) {
	used := map[string]bool{}
	for sentence, settings := range map[string]settingsText{"an ALB": alarmed, "an NLB": alarmedBehindNLB} {
		t.Run(sentence, func(t *testing.T) {
			m := up(t, minimalShared+settings)
			filters := map[string]bool{}
			for _, filter := range m.of(metricFilter) {
				made := filter.Inputs["metricTransformation"].(map[string]any)
				filters[fmt.Sprint(made["namespace"], " ", made["name"])] = true
			}
			read := 0
			for _, alarm := range m.of(alarmToken) {
				require.Equal(t, []any{"arn:aws:sns:us-east-1:111111111111:on-call"}, alarm.Inputs["alarmActions"], alarm.Name)
				require.Equal(t, alarm.Inputs["alarmActions"], alarm.Inputs["okActions"], alarm.Name)
				for _, metric := range metricsOf(alarm) {
					read++
					id := metric.namespace + " " + metric.name
					if filters[id] {
						require.Empty(t, metric.dimensions, "%s: %s", alarm.Name, id)
						continue
					}
					documented, ok := emitted[id]
					require.True(t, ok, "%s reads %s, which nothing emits", alarm.Name, id)
					used[id] = true
					require.Equal(t, documented.dimensions, strings.Join(slices.Sorted(maps.Keys(metric.dimensions)), " "), "%s: %s", alarm.Name, id)
					for name, value := range metric.dimensions {
						require.NotEmpty(t, value, "%s: %s", alarm.Name, name)
					}
				}
			}
			require.Equal(t, cost.DeploymentAlarmMetrics(1)+cost.AlarmMetrics(1, len(m.of("aws:acm/certificate:Certificate"))), read, "the bill counts every metric that an alarm reads")
		})
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(emitted)), slices.Collect(maps.Keys(used)), "an alarm reads each metric of the list")
}

// namesOf are the alarms' names without the environment's.
func namesOf(alarms []registered) []string {
	names := []string{}
	for _, alarm := range alarms {
		names = append(names, strings.TrimPrefix(alarm.Name, "portico-dev-"))
	}
	slices.Sort(names)
	return names
}

func TestOtherAlarmsThanThoseOfDeploymentsExistWithATopicAlone(t *testing.T) {
	quiet := up(t, minimalShared).of(alarmToken)
	require.Equal(t, []string{"proxy-5xx", "unhealthy-targets"}, namesOf(quiet))
	for _, alarm := range quiet {
		require.NotContains(t, alarm.Inputs, "alarmActions")
		require.NotContains(t, alarm.Inputs, "okActions")
	}
	require.Equal(t, []string{
		"certificate-_wildcard.internal.example.com", "endpoint-errors", "healthy-targets", "log-delivery", "proxy-5xx",
		"rejected-connections", "tasks-at-maximum-cpu", "tasks-at-maximum-memory", "unhealthy-targets",
	}, namesOf(up(t, minimalShared+alarmed).of(alarmToken)))
}

// TestADeploymentIsTakenBackByTheAlarmsOfItsProxy: on the proxy's own errors, which the
// target group's metric doesn't tell from the API's, and on unhealthy tasks of each load
// balancer.
func TestADeploymentIsTakenBackByTheAlarmsOfItsProxy(t *testing.T) {
	for sentence, settings := range map[string]settingsText{"without a topic": "", "with a topic": alarmed, "behind an NLB": alarmedBehindNLB} {
		t.Run(sentence, func(t *testing.T) {
			m := up(t, minimalShared+settings)
			service := m.only(t, "aws:ecs/service:Service")
			alarms := service.Inputs["alarms"].(map[string]any)
			require.Equal(t, true, alarms["enable"])
			require.Equal(t, true, alarms["rollback"])
			require.Equal(t, map[string]any{"enable": true, "rollback": true}, service.Inputs["deploymentCircuitBreaker"])
			require.ElementsMatch(t, []any{"portico-dev-proxy-5xx", "portico-dev-unhealthy-targets"}, alarms["alarmNames"])
			for _, metric := range metricsOf(m.named(t, alarmToken, "-proxy-5xx")) {
				require.Equal(t, "Portico/portico-dev", metric.namespace, "the log's metric")
			}
		})
	}
}

func TestAlarmsFollowTheirSettings(t *testing.T) {
	m := up(t, minimalShared+alarmed+"  portico:task: {min: 3, max: 7, cpuPercent: 60, memoryPercent: 65}\n")
	require.EqualValues(t, 3, m.named(t, alarmToken, "-healthy-targets").Inputs["threshold"])
	for kind, aim := range map[string]float64{"cpu": 60, "memory": 65} {
		alarm := m.named(t, alarmToken, "-tasks-at-maximum-"+kind)
		require.EqualValues(t, aim, alarm.Inputs["threshold"])
		require.Equal(t, "IF(tasks >= 7, used, 0)", alarm.Inputs["metricQueries"].([]any)[0].(map[string]any)["expression"])
	}
}

// shownMetrics are the metrics that the widgets of a dashboard show.
func shownMetrics(t *testing.T, dashboard registered) []alarmMetric {
	t.Helper()
	body, _ := dashboard.Inputs["dashboardBody"].(string)
	require.Empty(t, dashboardbody.Problems(body))
	var whole struct {
		Widgets []struct {
			Properties struct{ Metrics [][]any }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &whole))
	var all []alarmMetric
	for _, widget := range whole.Widgets {
		for _, metric := range widget.Properties.Metrics {
			shown := alarmMetric{metric[0].(string), metric[1].(string), map[string]any{}}
			for i := 2; i+1 < len(metric); i += 2 {
				shown.dimensions[metric[i].(string)] = metric[i+1]
			}
			all = append(all, shown)
		}
	}
	return all
}

// TestEveryMetricOfTheDashboardIsEmitted walks what widgets show, as the test of alarms
// does. Flows have no target group behind a Network Load Balancer.
func TestEveryMetricOfTheDashboardIsEmitted(t *testing.T) {
	require.Empty(t, up(t, minimalShared).of(dashboardToken))
	for sentence, settings := range map[string]settingsText{"an ALB": "", "an NLB": "  portico:loadBalancer: {type: NLB}\n"} {
		t.Run(sentence, func(t *testing.T) {
			m := up(t, minimalShared+"\n  portico:metrics: {dashboard: true}\n"+settings)
			filters, shown := map[string]bool{}, map[string]bool{}
			for _, filter := range m.of(metricFilter) {
				made := filter.Inputs["metricTransformation"].(map[string]any)
				filters[fmt.Sprint(made["namespace"], " ", made["name"])] = true
			}
			boards := m.of(dashboardToken)
			require.Len(t, boards, 1)
			require.Equal(t, "portico-dev-us-east-1", boards[0].Inputs["dashboardName"])
			for _, metric := range shownMetrics(t, boards[0]) {
				id := metric.namespace + " " + metric.name
				shown[id] = true
				if filters[id] {
					require.Empty(t, metric.dimensions, id)
					continue
				}
				documented, ok := emitted[id]
				require.True(t, ok, "a widget shows %s, which nothing emits", id)
				dimensions := strings.Join(slices.Sorted(maps.Keys(metric.dimensions)), " ")
				if id == "AWS/ApplicationELB RequestCount" { // which has both
					require.Equal(t, "LoadBalancer", dimensions)
				} else {
					require.Equal(t, documented.dimensions, dimensions, id)
				}
				for name, value := range metric.dimensions {
					require.NotEmpty(t, value, "%s: %s", id, name)
				}
			}
			for metric := range filters {
				require.True(t, shown[metric], "no widget shows %s, which the account pays for", metric)
			}
		})
	}
}

// TestASampledLogIsCountedByItsWeights: the setting reaches the tasks, each metric counts
// lines with and without a weight, and no alarm reads what sampling leaves out.
func TestASampledLogIsCountedByItsWeights(t *testing.T) {
	everything := up(t, minimalShared+alarmed)
	require.NotContains(t, environment(t, everything), "PORTICO_LOG_SAMPLE")
	require.Len(t, everything.of(metricFilter), cost.LogMetrics)
	m := up(t, minimalShared+alarmed+"  portico:metrics: {dashboard: true}\n  portico:logs: {samplePercent: 20}\n")
	require.Equal(t, "20", environment(t, m)["PORTICO_LOG_SAMPLE"])

	const weighed, plain, drawn = `{"status":200,"request_id":"","seconds":0.1,"weight":5,"sampled":1}`, `{"status":200,"request_id":"","seconds":0.1}`,
		`{"status":502,"request_id":"","seconds":3,"weight":1,"sampled":0}`
	counted := map[string]map[string]float64{weighed: {}, plain: {}, drawn: {}}
	for _, filter := range m.of(metricFilter) {
		made := filter.Inputs["metricTransformation"].(map[string]any)
		pattern, err := filterpattern.Parse(filter.Inputs["pattern"].(string))
		require.NoError(t, err)
		for line, values := range counted {
			event := filterpattern.Event(line)
			if !pattern.Matches(event) {
				continue
			}
			value, err := strconv.ParseFloat(made["value"].(string), 64)
			if err != nil {
				selector, err := filterpattern.ParseSelector(made["value"].(string))
				require.NoError(t, err)
				value, _ = selector.Number(event)
			}
			values[made["name"].(string)] += value
		}
	}
	require.Equal(t, map[string]map[string]float64{
		weighed: {"Requests": 5, "Latency": 0.1},
		plain:   {"Requests": 1, "Latency": 0.1},
		drawn:   {"Requests": 1, "Proxy5xx": 1}, // kept, but not drawn: no part of the percentiles
	}, counted)

	expression := func(m *monitor) any {
		return m.named(t, alarmToken, "-log-delivery").Inputs["metricQueries"].([]any)[0].(map[string]any)["expression"]
	}
	require.Equal(t, "IF(FILL(requests0, 0) >= 100, FILL(logged, 0) / (FILL(requests0, 0)), 1)", expression(everything))
	require.Equal(t, "IF(FILL(requests0, 0) >= 500, FILL(logged, 0) / (FILL(requests0, 0)), 1)", expression(m), "100 lines on average")
	require.Contains(t, m.only(t, dashboardToken).Inputs["dashboardBody"], "stats sum(weight) as requests, ")
}
