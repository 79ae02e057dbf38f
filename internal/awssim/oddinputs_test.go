package awssim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// oddInputs are values that AWS refuses though they are of the right kind, and what
// it says of them.
var oddInputs = []struct {
	token, origin string
	change        engine.Object
	refusal       string
}{
	{view.SubnetType, "subnet-a", engine.Object{"availabilityZone": testRegion}, "InvalidParameterValue"},
	{view.SubnetType, "subnet-a", engine.Object{"availabilityZone": testRegion + "ab"}, "InvalidParameterValue"},
	{view.RouteTableType, "inline", engine.Object{"routes": []any{nil}}, "routes[0]: is null"},
	{view.ZoneType, "private", engine.Object{"vpcs": []any{nil}}, "vpcs[0]: is null"},
	{view.StageType, "", engine.Object{"stageName": "a stage"}, "stageName"},
	{view.StageType, "", engine.Object{"stageName": "v1/orders"}, "stageName"},
	{view.RecordType, "public", engine.Object{"name": "a..b"}, "labels of 1 to 63 characters"},
	{view.RecordType, "public", engine.Object{"records": engine.List("two words.example.net")}, "records[0]"},
	{view.RecordType, "public", engine.Object{"records": engine.List("a..example.net")}, "records[0]"},
	{view.ZoneAuthorizationType, "authorization", engine.Object{"vpcId": "vpc-a b"}, "InvalidVPCId"},
	{view.ZoneAuthorizationType, "authorization", engine.Object{"vpcId": "*"}, "InvalidVPCId"},
	{view.ProfileEntryType, "entry", engine.Object{"name": "42"}, "digits alone"},
	{view.ListenerType, "", engine.Object{"defaultActions": []any{answer("404"), answer("503")}}, "must end with forward"},
	{view.ListenerType, "", engine.Object{"defaultActions": []any{nil}}, "defaultActions[0]: is null"},
	{view.ListenerRuleType, "", engine.Object{"actions": []any{answer("404"), answer("404")}}, "must end with forward"},
	{view.BucketLifecycleType, "", engine.Object{"rules": []any{expiry("old"), expiry("old")}}, "must be unique"},
	{view.MetricAlarmType, "", engine.Object{"metricQueries": nil, "metricName": "M", "namespace": "N", "period": 60.0, "statistic": "Sum", "dimensions": map[string]any{"Host": "  "}}, "is blank"},
	{view.MetricAlarmType, "", engine.Object{"metricQueries": nil, "metricName": "M", "namespace": "N", "period": 60.0, "statistic": "Sum", "dimensions": map[string]any{"Host": ":a"}}, "begins with a colon"},
	{view.MetricAlarmType, "", engine.Object{"metricQueries": nil, "metricName": "M", "namespace": "N", "period": 60.0, "statistic": "Sum", "dimensions": map[string]any{"Hôte": "a"}}, "printable ASCII"},
}

func answer(status string) any {
	return map[string]any{"type": "fixed-response", "fixedResponse": map[string]any{"contentType": "text/plain", "statusCode": status}}
}

func expiry(id string) any {
	return map[string]any{"id": id, "status": "Enabled", "filter": map[string]any{}, "expiration": map[string]any{"days": 30.0}}
}

// TestOddInputsAreRefused changes one property of a resource that is accepted.
func TestOddInputsAreRefused(t *testing.T) {
	tried := map[int]bool{}
	everything(t, func(l *lab, token, name string, inputs engine.Object) {
		for i, odd := range oddInputs {
			if odd.token != token || odd.origin != "" && odd.origin != name {
				continue
			}
			tried[i] = true
			changed := inputs.Clone()
			for property, value := range odd.change {
				changed[property] = value
			}
			err := attempt(t, l, token+" "+name, func(s engine.Session) error {
				_, err := s.Create(token, name, changed)
				return err
			})
			require.ErrorContains(t, err, odd.refusal, "%s %s with %v", token, name, odd.change)
		}
	})
	for i, odd := range oddInputs {
		require.True(t, tried[i], "%s %s is created nowhere", odd.token, odd.origin)
	}
}

// TestAStageServesADeploymentOfItsAPI has two APIs and gives one's stage a deployment
// of the other.
func TestAStageServesADeploymentOfItsAPI(t *testing.T) {
	e := newEnvironment(t)
	api := func(name string) (*engine.Resource, *engine.Resource) {
		created := e.must(view.RESTAPIType, name, engine.Object{"name": name, "endpointConfiguration": map[string]any{"types": "REGIONAL"}})
		return created, e.must(view.DeploymentType, name, engine.Object{"restApi": created.ID})
	}
	orders, first := api("orders")
	_, others := api("billing")
	_, err := e.caller.Create(view.StageType, "crossed", engine.Object{"restApi": orders.ID, "deployment": others.ID, "stageName": "v1"})
	require.ErrorContains(t, err, "NotFoundException")
	_, err = e.caller.Create(view.StageType, "own", engine.Object{"restApi": orders.ID, "deployment": first.ID, "stageName": "v1"})
	require.NoError(t, err)
}

// TestAServiceNamesItsClusterInFull has the cluster's name in a text or an ARN that is
// not the cluster's.
func TestAServiceNamesItsClusterInFull(t *testing.T) {
	everything(t, func(l *lab, token, name string, inputs engine.Object) {
		if token != view.ECSServiceType {
			return
		}
		arn := inputs.Text("cluster")
		bare := arn[strings.LastIndexByte(arn, '/')+1:]
		create := func(cluster string) error {
			changed := inputs.Clone()
			changed["cluster"] = cluster
			return attempt(t, l, cluster, func(s engine.Session) error {
				_, err := s.Create(token, name, changed)
				return err
			})
		}
		for _, wrong := range []string{" " + arn, "other/" + bare, strings.Replace(arn, testAccount, "222222222222", 1)} {
			require.ErrorContains(t, create(wrong), "ClusterNotFoundException", wrong)
		}
		require.NoError(t, create(arn))
		require.NoError(t, create(bare))
	})
}
