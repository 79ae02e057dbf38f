package rehearsal

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// Policies of docs/iam are held to what IAM is asked in the simulated accounts:
// each question by the files of the role that asks it, and each action of the
// files by a question that would be denied without it.

const policies = root + "/docs/iam"

// questions are what IAM was asked, by the asker: "account" for credentials of the
// account itself, "account/role" for a role. A question is kept once.
type questions map[string][]awssim.Authorized

func (q questions) add(asked []awssim.Authorized) {
	for _, a := range asked {
		asker := a.Account
		if _, session, found := strings.Cut(a.Caller, ":assumed-role/"); found {
			role, _, _ := strings.Cut(session, "/")
			asker += "/" + role
		}
		known := func(b awssim.Authorized) bool {
			return a.Action == b.Action && a.ARN == b.ARN && a.Type == b.Type && reads(a) == reads(b) && fmt.Sprint(a.Context) == fmt.Sprint(b.Context)
		}
		if !slices.ContainsFunc(q[asker], known) {
			q[asker] = append(q[asker], a)
		}
	}
}

// reads reports whether a preview or a refresh asks the question.
func reads(a awssim.Authorized) bool {
	return strings.HasPrefix(a.Operation, "reading ") || strings.HasPrefix(a.Operation, "invoking ")
}

// exercise does to all resources what their stacks do to them later: it reads
// them, gives them another tag and takes it, changes what can change in place, and
// deletes them.
func (p *inProcess) exercise(t *testing.T) {
	t.Helper()
	var all []*heldResource
	for _, stack := range p.stacks {
		for _, held := range stack.held {
			all = append(all, held)
		}
	}
	for _, held := range all {
		token := held.resource.Type
		if strings.HasPrefix(token, "docker:") {
			continue
		}
		_, err := held.session.Read(&held.resource)
		require.NoError(t, err, "%s %s", token, held.resource.ID)
		if tags := held.inputs.Object("tags"); tags != nil {
			for _, owner := range []string{"team", ""} {
				changed := held.inputs.Clone()
				if owner != "" {
					changed.Object("tags")["owner"] = owner
				}
				r, err := held.session.UpdateTo(&held.resource, changed)
				require.NoError(t, err, "%s %s", token, held.resource.ID)
				held.resource = *r
			}
		}
		for _, change := range changesInPlace[token] {
			changed := held.inputs.Clone()
			maps.Copy(changed, change(changed))
			maps.DeleteFunc(changed, func(_ string, value any) bool { return value == nil })
			// Some values make no sense. IAM is asked before the service looks at them.
			_, _ = held.session.UpdateTo(&held.resource, changed)
		}
	}
	slices.SortFunc(all, func(a, b *heldResource) int { return b.number - a.number })
	for len(all) > 0 {
		var left []*heldResource
		var failure error
		for _, held := range all {
			if held.retain {
				continue
			}
			if err := held.session.Delete(&held.resource); err != nil {
				left, failure = append(left, held), err
			}
		}
		require.Less(t, len(left), len(all), "%v", failure)
		all = left
	}
}

// changesInPlace are changes of settings that are made in place, by type.
var changesInPlace = map[string][]func(inputs engine.Object) engine.Object{
	"aws:acm/certificate:Certificate":                {to("certificateBody", "another")},
	"aws:cloudwatch/dashboard:Dashboard":             {to("dashboardBody", `{"widgets":[]}`)},
	"aws:cloudwatch/logGroup:LogGroup":               {to("retentionInDays", 7.0), to("retentionInDays", 0.0), noKey, aKey},
	"aws:cloudwatch/metricAlarm:MetricAlarm":         {to("alarmDescription", "another")},
	"aws:ec2/route:Route":                            {to("gatewayId", "igw-0")},
	"aws:ec2/vpcEndpoint:VpcEndpoint":                {to("policy", `{"Version":"2012-10-17","Statement":[]}`), fewer("subnetIds"), fewer("routeTableIds")},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter": {to("pattern", "{ $.status = 200 }")},
	"aws:ecr/repository:Repository": {
		to("imageTagMutability", "IMMUTABLE"), to("imageScanningConfiguration", map[string]any{"scanOnPush": false}),
	},
	"aws:ecs/cluster:Cluster": {to("settings", []any{map[string]any{"name": "containerInsights", "value": "disabled"}})},
	"aws:iam/role:Role": {to("assumeRolePolicy", `{"Version":"2012-10-17","Statement":[
	  {"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`), anotherBoundary, noBoundary},
	"aws:lb/listener:Listener": {to("sslPolicy", "ELBSecurityPolicy-TLS13-1-3-2021-06")},
	"aws:lb/listenerRule:ListenerRule": {
		to("priority", 999.0), to("conditions", []any{map[string]any{"hostHeader": map[string]any{"values": []any{"another.example.com"}}}}),
	},
	"aws:lb/loadBalancer:LoadBalancer": {to("idleTimeout", 61.0), fewer("securityGroups"), fewer("subnets")},
	"aws:s3/bucketPolicy:BucketPolicy": {to("policy", `{"Version":"2012-10-17","Statement":[]}`)},
	"aws:lb/targetGroup:TargetGroup": {
		to("deregistrationDelay", 7.0), to("healthCheck", map[string]any{"enabled": true, "interval": 7.0}),
	},
	"aws:ram/resourceShare:ResourceShare":                       {to("name", "renamed")},
	"aws:route53/resolverEndpoint:ResolverEndpoint":             {to("name", "another"), anotherAddress},
	"aws:route53/zone:Zone":                                     {to("comment", "another"), to("vpcs", []any{map[string]any{"vpcId": "vpc-0", "vpcRegion": "us-east-1"}})},
	"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {to("description", "another")},
}

func to(property string, value any) func(engine.Object) engine.Object {
	return func(engine.Object) engine.Object { return engine.Object{property: value} }
}

// anotherBoundary changes a permissions boundary, where there is one.
func anotherBoundary(inputs engine.Object) engine.Object {
	if inputs.Text("permissionsBoundary") == "" {
		return nil
	}
	return engine.Object{"permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}
}

// noBoundary takes a permissions boundary away, as a stack does whose settings name
// none any more.
func noBoundary(inputs engine.Object) engine.Object {
	if inputs.Text("permissionsBoundary") == "" {
		return nil
	}
	return engine.Object{"permissionsBoundary": nil}
}

// noKey takes a log group's key away, and aKey gives it the key again, as stacks do
// whose settings change.
func noKey(inputs engine.Object) engine.Object {
	if inputs.Text("kmsKeyId") == "" {
		return nil
	}
	return engine.Object{"kmsKeyId": nil}
}

func aKey(inputs engine.Object) engine.Object {
	if inputs.Text("kmsKeyId") == "" {
		return nil
	}
	return engine.Object{"kmsKeyId": keyARN}
}

// anotherAddress chooses the first address of an inbound endpoint.
func anotherAddress(inputs engine.Object) engine.Object {
	addresses := inputs.Clone()["ipAddresses"].([]any)
	addresses[0].(map[string]any)["ip"] = "10.0.0.77"
	return engine.Object{"ipAddresses": addresses}
}

// fewer takes the last of a list away.
func fewer(property string) func(engine.Object) engine.Object {
	return func(inputs engine.Object) engine.Object {
		list, _ := inputs[property].([]any)
		if len(list) == 0 {
			return nil
		}
		return engine.Object{property: list[:len(list)-1]}
	}
}

// files are policies of docs/iam, by the name of the file, with the statements of
// each.
type files map[string][]statement

// statement is a statement as JSON has it.
type statement map[string]any

// apiID is a REST API in an ARN of the policies.
var apiID = regexp.MustCompile(`^(.*:/restapis/)[a-z0-9]{10}(.*)$`)

// load reads policies, and puts a run's own IDs and ARNs in place of the
// example's, as README.md says: of several IDs each.
func load(t *testing.T, replace map[string][]string, apis []string, names ...string) files {
	t.Helper()
	loaded := files{}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(policies, name+".json"))
		require.NoError(t, err)
		var document struct{ Statement []statement }
		require.NoError(t, json.Unmarshal(data, &document))
		for _, s := range document.Statement {
			for _, element := range []string{"Resource", "NotResource"} {
				if s[element] != nil {
					s[element] = replaced(withAPIs(listOf(s[element]), apis), replace)
				}
			}
			for _, keys := range mapsOf(s["Condition"]) {
				for key, values := range keys {
					keys[key] = replaced(listOf(values), replace)
				}
			}
		}
		loaded[name] = document.Statement
	}
	return loaded
}

func mapsOf(v any) map[string]map[string]any {
	found := map[string]map[string]any{}
	all, _ := v.(map[string]any)
	for name, inner := range all {
		found[name], _ = inner.(map[string]any)
	}
	return found
}

// replaced puts others in place of each text that has one of the keys in it.
func replaced(texts []string, replace map[string][]string) []string {
	var changed []string
	for _, text := range texts {
		others := []string{text}
		for from, to := range replace {
			if strings.Contains(text, from) {
				others = nil
				for _, other := range to {
					others = append(others, strings.ReplaceAll(text, from, other))
				}
			}
		}
		changed = append(changed, others...)
	}
	return changed
}

// withAPIs names the run's APIs where the policies name the example's.
func withAPIs(arns, apis []string) []string {
	if apis == nil {
		return arns
	}
	var changed []string
	for _, arn := range arns {
		parts := apiID.FindStringSubmatch(arn)
		if parts == nil {
			changed = append(changed, arn)
			continue
		}
		for _, id := range apis {
			if other := parts[1] + id + parts[2]; !slices.Contains(changed, other) {
				changed = append(changed, other)
			}
		}
	}
	return changed
}

func listOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		list := make([]string, len(v))
		for i := range v {
			list[i], _ = v[i].(string)
		}
		return list
	}
	return nil
}

// policy is all statements together; change may leave out what it is told to.
func (f files) policy(t *testing.T, change func(file string, index int, s statement) statement) iampolicy.Policy {
	t.Helper()
	var whole iampolicy.Policy
	for _, name := range slices.Sorted(maps.Keys(f)) {
		for i, s := range f[name] {
			changed := s
			if change != nil {
				changed = change(name, i, s)
			}
			if changed == nil {
				continue
			}
			data, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": changed})
			require.NoError(t, err)
			parsed, err := iampolicy.ParseIdentity(data)
			require.NoError(t, err, name)
			whole.Statements = append(whole.Statements, parsed.Statements...)
		}
	}
	return whole
}

func allows(p iampolicy.Policy, a awssim.Authorized) bool {
	request := iampolicy.Request{Principal: a.Caller, Action: a.Action, Resource: a.ARN, Context: a.Context}
	return iampolicy.Evaluate(p, request).Outcome == iampolicy.Allowed
}

// requireAllowed fails for each question that the files deny.
func (f files) requireAllowed(t *testing.T, asker string, asked []awssim.Authorized) {
	t.Helper()
	whole := f.policy(t, nil)
	for _, a := range asked {
		if !allows(whole, a) {
			t.Errorf("not allowed to %s: %s on %s (%s, %s) with %v", asker, a.Action, a.ARN, a.Type, a.Operation, a.Context)
		}
	}
}

// needed are the actions of the files without which some question is denied, as
// "file: action".
func (f files) needed(t *testing.T, asked []awssim.Authorized) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for name, statements := range f {
		for i, s := range statements {
			if s["Effect"] != "Allow" {
				continue
			}
			for _, action := range listOf(s["Action"]) {
				var about []awssim.Authorized
				for _, a := range asked {
					if a.Action == action {
						about = append(about, a)
					}
				}
				without := f.policy(t, func(file string, index int, s statement) statement {
					if file != name || index != i {
						return s
					}
					left := slices.DeleteFunc(slices.Clone(listOf(s["Action"])), func(a string) bool { return a == action })
					if len(left) == 0 {
						return nil
					}
					changed := maps.Clone(s)
					changed["Action"] = left
					return changed
				})
				if slices.ContainsFunc(about, func(a awssim.Authorized) bool { return !allows(without, a) }) {
					found[fmt.Sprintf("%s: %s: %s", name, s["Sid"], action)] = true
				}
			}
		}
	}
	return found
}

// allowed are all actions that the files allow, as needed names them.
func (f files) allowed() map[string]bool {
	all := map[string]bool{}
	for name, statements := range f {
		for _, s := range statements {
			if s["Effect"] != "Allow" {
				continue
			}
			for _, action := range listOf(s["Action"]) {
				all[fmt.Sprintf("%s: %s: %s", name, s["Sid"], action)] = true
			}
		}
	}
	return all
}
