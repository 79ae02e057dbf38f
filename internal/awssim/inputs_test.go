package awssim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// TestNoInputPanics changes one input at a time of every resource type, in a
// creation and in an update, and holds references to lead somewhere.
func TestNoInputPanics(t *testing.T) {
	seen := map[string]bool{}
	everything(t, func(l *lab, token, name string, inputs engine.Object) {
		seen[token] = true
		references := l.Catalog.Types[token].Properties
		for _, change := range changesOf(map[string]any(inputs), "", "") {
			mutated := inputs.Clone()
			change.apply(mutated)
			label := fmt.Sprintf("%s with %s %s", token, change.path, change.kind)
			err := attempt(t, l, label, func(s engine.Session) error {
				_, err := s.Create(token, name, mutated)
				return err
			})
			if change.kind == "empty" && refers(references[change.rule]) {
				require.Error(t, err, label)
			}
			attempt(t, l, label+", updated", func(s engine.Session) error {
				r, err := s.Create(token, name, inputs)
				if err != nil {
					return err
				}
				changes := engine.Object{}
				for property := range inputs {
					changes[property] = mutated[property]
				}
				_, err = s.Update(r, changes)
				return err
			})
		}
	})
	for token := range simulated().Types {
		require.True(t, seen[token], "%s is not among the resources that are tried", token)
	}
}

// attempt runs f on a copy of the accounts and fails the test if it panics.
func attempt(t *testing.T, l *lab, label string, f func(engine.Session) error) (err error) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: panic: %v", label, p)
		}
	}()
	return f(l.Fork().As(l.caller.Account, l.caller.Region, l.caller.Caller))
}

func refers(rules []engine.Rule) bool {
	return slices.ContainsFunc(rules, func(r engine.Rule) bool { _, ok := r.(engine.Refers); return ok })
}

// inputChange is one change of one input.
type inputChange struct {
	path, rule string // "subnetIds[0]", "subnetIds[]"
	kind       string
	apply      func(inputs map[string]any)
}

// changesOf is every change of a value's members, at any depth.
func changesOf(v map[string]any, path, rule string) []inputChange {
	var all []inputChange
	for _, name := range slices.Sorted(maps.Keys(v)) {
		at, as := strings.TrimPrefix(path+"."+name, "."), strings.TrimPrefix(rule+"."+name, ".")
		all = append(all, changesAt(v[name], at, as, func(in map[string]any, set func(any) any, absent bool) {
			if absent {
				delete(in, name)
			} else {
				in[name] = set(in[name])
			}
		})...)
	}
	return all
}

// changesAt is every change of a value that put puts into the object that has it.
func changesAt(v any, path, rule string, put func(in map[string]any, set func(any) any, absent bool)) []inputChange {
	var all []inputChange
	add := func(kind string, value any) {
		all = append(all, inputChange{path, rule, kind, func(in map[string]any) { put(in, func(any) any { return value }, false) }})
	}
	add("empty", "")
	add("null", nil)
	add("a number", 7.0)
	add("below any range", -1.0)
	add("an object", map[string]any{"unknown": true})
	add("an empty object", map[string]any{})
	add("a list", []any{7.0})
	add("an empty list", []any{})
	add("a list of empty strings", []any{""})
	add("odd text", "a b\n\"{}:/")
	add("a known form", "arn:aws:acm:us-east-1:111111111111:certificate/1")
	all = append(all, inputChange{path, rule, "absent", func(in map[string]any) { put(in, nil, true) }})
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range changesOf(v, path, rule) {
			all = append(all, inputChange{inner.path, inner.rule, inner.kind, func(in map[string]any) {
				put(in, func(old any) any { inner.apply(old.(map[string]any)); return old }, false)
			}})
		}
	case []any:
		for i := range v {
			at := fmt.Sprintf("%s[%d]", path, i)
			all = append(all, changesAt(v[i], at, rule+"[]", func(in map[string]any, set func(any) any, absent bool) {
				put(in, func(old any) any {
					list := old.([]any)
					if absent {
						return slices.Delete(list, i, i+1)
					}
					list[i] = set(list[i])
					return list
				}, false)
			})...)
		}
	}
	return all
}

// everything creates a resource of every type that is simulated, and calls
// before with each.
func everything(t *testing.T, before func(l *lab, token, name string, inputs engine.Object)) *environment {
	t.Helper()
	const other = "222222222222"
	e := newEnvironment(t)
	e.lab = newLab(t, &Setup{
		Images: prebuilt, Accounts: []engine.Account{{ID: testAccount}, {ID: other, OutsideOrganization: true}},
		DNSProfiles: []DNSProfile{{Account: testAccount, Region: testRegion, ID: "rp-0123456789abcdef"}},
		RESTAPIs:    []RESTAPI{{Account: other, Region: testRegion, ID: "orders1234", Name: "orders", Policy: json.RawMessage(allowing("vpce-owner")), Stages: []string{"dev"}}},
	})
	e.before = before
	service, err := e.service()
	require.NoError(t, err)
	dnsOf(e, other)
	dataPathOf(e, service)
	apisOf(t, e, other)
	return e
}

// dnsOf creates zones and what belongs to them.
func dnsOf(e *environment, other string) {
	e.must(view.ZoneType, "public", engine.Object{"name": "example.com", "comment": "public"})
	e.must(view.RecordType, "public", engine.Object{"zoneId": e.all(view.ZoneType)[0].ID, "name": "www", "type": "CNAME", "ttl": 60.0, "records": engine.List("example.net")})
	zone := e.must(view.ZoneType, "private", engine.Object{"name": "internal.example.com", "vpcs": []any{map[string]any{"vpcId": e.created["vpc"].ID, "vpcRegion": testRegion}}})
	balancer := e.created["balancer-lb"].Properties
	e.must(view.RecordType, "alias", engine.Object{"zoneId": zone.ID, "name": "*.internal.example.com", "type": "A",
		"aliases": []any{map[string]any{"name": balancer.Text("dnsName"), "zoneId": balancer.Text("zoneId"), "evaluateTargetHealth": true}}})
	theirs := e.as(other, testRegion)
	vpc := theirs.must(view.VPCType, "theirs", engine.Object{"cidrBlock": "10.8.0.0/16"})
	e.must(view.ZoneAuthorizationType, "authorization", engine.Object{"zoneId": zone.ID, "vpcId": vpc.ID, "vpcRegion": testRegion})
	theirs.must(view.ZoneAssociationType, "association", engine.Object{"zoneId": zone.ID, "vpcId": vpc.ID, "vpcRegion": testRegion})
	e.must(view.ResolverEndpointType, "inbound", engine.Object{"direction": "INBOUND", "securityGroupIds": engine.List(e.created["services"].ID), "ipAddresses": []any{
		map[string]any{"subnetId": e.created["subnet-a"].ID}, map[string]any{"subnetId": e.created["subnet-b"].ID, "ip": "10.0.1.77"}}})
	e.must(view.ProfileEntryType, "entry", engine.Object{"name": "entry", "profileId": "rp-0123456789abcdef", "resourceArn": zone.ARN})
}

// all is the account's resources of a type.
func (l *lab) all(token string) []engine.Resource {
	return l.Resources(engine.Filter{Account: l.caller.Account, Type: token})
}

// dataPathOf creates what the environment's service does without.
func dataPathOf(e *environment, service *engine.Resource) {
	vpc, subnet := e.created["vpc"].ID, e.created["subnet-a"].ID
	gateway := e.must(view.InternetGatewayType, "gateway", engine.Object{"vpcId": vpc})
	e.must(view.RouteType, "route", engine.Object{"routeTableId": e.created["table"].ID, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.ID})
	e.must(view.RouteTableType, "inline", engine.Object{"vpcId": vpc, "routes": []any{map[string]any{"cidrBlock": "0.0.0.0/0", "gatewayId": gateway.ID}}})
	e.must(view.CIDRBlockAssociationType, "second", engine.Object{"vpcId": vpc, "cidrBlock": "100.64.0.0/16"})
	e.must(view.ReservationType, "reservation", engine.Object{"subnetId": subnet, "cidrBlock": "10.0.0.128/28", "reservationType": "explicit"})
	e.must(view.LifecyclePolicyType, "lifecycle", engine.Object{"repository": "proxy",
		"policy": `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":10},"action":{"type":"expire"}}]}`})
	e.must(view.MetricFilterType, "requests", engine.Object{"logGroupName": "/proxy", "pattern": "{ $.status = * }",
		"metricTransformation": map[string]any{"namespace": "Proxy", "name": "Requests", "value": "1", "defaultValue": "0", "unit": "Count"}})
	count := func(id, name string) any {
		return map[string]any{"id": id, "metric": map[string]any{"namespace": "Proxy", "metricName": name, "dimensions": map[string]any{"Host": "a"}, "period": 60.0, "stat": "Sum"}}
	}
	e.must(view.DashboardType, "proxy", engine.Object{"dashboardName": "proxy", "dashboardBody": `{"widgets":[{"type":"text","properties":{"markdown":"proxy"}}]}`})
	e.must(view.MetricAlarmType, "errors", engine.Object{"comparisonOperator": "GreaterThanThreshold", "threshold": 5.0, "evaluationPeriods": 3.0, "datapointsToAlarm": 2.0,
		"metricQueries": []any{count("errors", "Errors"), count("requests", "Requests"), map[string]any{"id": "percent", "expression": "100 * errors / requests", "returnData": true}},
		"alarmActions":  engine.List("arn:aws:sns:us-east-1:111111111111:alarms"), "treatMissingData": "notBreaching"})
	managed := e.must(view.PolicyType, "managed", engine.Object{"policy": pullAndLog, "path": "/"})
	e.must(view.PolicyAttachmentType, "attachment", engine.Object{"role": "execution", "policyArn": managed.ARN})
	id := "service/cluster/" + service.Properties.Text("name")
	namespace := engine.Object{"resourceId": id, "scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs"}
	target := namespace.Clone()
	maps.Copy(target, engine.Object{"minCapacity": 1.0, "maxCapacity": 4.0})
	e.must(view.ScalableTargetType, "target", target)
	policy := namespace.Clone()
	maps.Copy(policy, engine.Object{"policyType": "TargetTrackingScaling", "targetTrackingScalingPolicyConfiguration": map[string]any{
		"targetValue": 50.0, "predefinedMetricSpecification": map[string]any{"predefinedMetricType": "ECSServiceAverageCPUUtilization"}}})
	e.must(view.ScalingPolicyType, "policy", policy)

	e.must(view.CertificateType, "amazon", engine.Object{"domainName": "a.example.org", "validationMethod": "EMAIL",
		"validationOptions": []any{map[string]any{"domainName": "a.example.org", "validationDomain": "example.org"}}})
	e.ApproveEmail("example.org")
	e.must(view.CertificateValidationType, "validation", engine.Object{"certificateArn": e.all(view.CertificateType)[0].ARN})
	imported := e.must(view.CertificateType, "imported", selfSigned(e.t, "*.example.com"))
	listener := e.must(view.ListenerType, "secure", engine.Object{"loadBalancerArn": e.created["balancer-lb"].ARN, "port": 443.0, "protocol": "HTTPS",
		"certificateArn": imported.ARN, "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06", "defaultActions": []any{map[string]any{"type": "fixed-response",
			"fixedResponse": map[string]any{"statusCode": "404", "contentType": "text/plain", "messageBody": "no"}}}})
	second := e.must(view.CertificateType, "second", selfSigned(e.t, "*.example.net"))
	e.must(view.ListenerCertificateType, "certificate", engine.Object{"listenerArn": listener.ARN, "certificateArn": second.ARN})
	group := e.must(view.TargetGroupType, "plain", engine.Object{"vpcId": vpc, "port": 443.0, "protocol": "HTTPS", "targetType": "ip",
		"healthCheck": map[string]any{"protocol": "HTTPS", "path": "/", "matcher": "200,403", "port": "traffic-port", "interval": 30.0, "timeout": 5.0}})
	e.must(view.ListenerRuleType, "rule", engine.Object{"listenerArn": listener.ARN, "priority": 10.0,
		"conditions": []any{map[string]any{"hostHeader": map[string]any{"values": engine.List("a.example.com")}}},
		"actions":    []any{map[string]any{"type": "forward", "targetGroupArn": group.ARN}}})
	e.must(view.TargetAttachmentType, "target", engine.Object{"targetGroupArn": group.ARN, "targetId": "10.0.0.200", "port": 443.0})
}

// apisOf creates APIs, custom domain names and shares.
func apisOf(t *testing.T, e *environment, other string) {
	t.Helper()
	theirs := e.as(other, testRegion)
	theirs.must(view.RESTAPIType, "api", engine.Object{"name": "api", "endpointConfiguration": map[string]any{"types": "REGIONAL"}})
	theirs.must(view.RESTAPIPolicyType, "policy", engine.Object{"restApiId": "orders1234", "policy": allowing("vpce-portico")})
	deployment := theirs.must(view.DeploymentType, "deployment", engine.Object{"restApi": "orders1234", "triggers": map[string]any{"policy": "1"}})
	theirs.must(view.StageType, "stage", engine.Object{"restApi": "orders1234", "stageName": "live", "deployment": deployment.ID})
	certificate := theirs.must(view.CertificateType, "imported", selfSigned(t, "*.example.com"))
	domain := theirs.must(view.DomainNameType, "private", engine.Object{"domainName": "orders.example.com", "certificateArn": certificate.ARN,
		"endpointConfiguration": map[string]any{"types": "PRIVATE"}, "policy": strings.Replace(allowing("vpce-portico"), "execute-api:/*", "*", 1)})
	theirs.must(view.DomainNameType, "regional", engine.Object{"domainName": "a.example.com", "regionalCertificateArn": certificate.ARN,
		"endpointConfiguration": map[string]any{"types": "REGIONAL"}})
	theirs.must(view.BasePathMappingType, "mapping", engine.Object{"domainName": "orders.example.com", "domainNameId": domain.Properties.Text("domainNameId"),
		"restApi": "orders1234", "stageName": "dev", "basePath": "v1"})
	share := theirs.must(view.ResourceShareType, "share", engine.Object{"name": "share", "allowExternalPrincipals": true})
	theirs.must(view.ResourceAssociationType, "resource", engine.Object{"resourceShareArn": share.ARN, "resourceArn": domain.ARN})
	theirs.must(view.PrincipalAssociationType, "principal", engine.Object{"resourceShareArn": share.ARN, "principal": testAccount})
	e.must(view.ShareAccepterType, "accepter", engine.Object{"shareArn": share.ARN})
	e.must(view.AccessAssociationType, "association", engine.Object{"accessAssociationSource": e.created["execute-api"].ID,
		"accessAssociationSourceType": "VPCE", "domainNameArn": domain.ARN})
}

// selfSigned is the inputs of a certificate for a name.
func selfSigned(t *testing.T, name string) engine.Object {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return engine.Object{
		"certificateBody": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"privateKey":      string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}
}
