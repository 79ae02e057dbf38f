package elbv2

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/publicuse"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// Quotas of an Application Load Balancer, over all of its listeners; default
// rules don't count.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	rulesQuota        = "Rules per Application Load Balancer"
	targetGroupsQuota = "Target groups per Application Load Balancer"
)

// What one rule can have at most.
const (
	conditionValues    = 5
	conditionWildcards = 6
)

// rulePriorities is the number of priorities that there are; 1 is the first.
const rulePriorities = 50000

func listenerRuleSpec() *engine.Type {
	host := engine.Pattern(`(?:[A-Za-z0-9*?-]+\.)+[A-Za-z*?]+`, "a host name with a dot and letters after the last one, in which * and ? stand for others")
	return &engine.Type{
		Token: view.ListenerRuleType, Title: "ELBv2 Listener Rule", Args: lb.ListenerRuleArgs{}, State: lb.ListenerRule{},
		ID: "{arn}",
		Identify: func(op *engine.Op) {
			op.ARN = op.Fill("arn:{partition}:elasticloadbalancing:{region}:{account}:listener-rule/") +
				arnName(op.Inputs.Text("listenerArn"), "listener/") + "/" + op.Own(engine.HexDigits, "", 16)
		},
		Properties: withActions("actions[]", engine.Properties{
			"actions":                                 {engine.Required},
			"conditions":                              {engine.Required, engine.Set},
			"conditions[].hostHeader.values":          {engine.Required, someValues},
			"conditions[].hostHeader.values[]":        {engine.Length(1, 128), host},
			"conditions[].httpHeader.httpHeaderName":  {engine.Length(1, 40)},
			"conditions[].httpHeader.values":          {engine.Required, someValues},
			"conditions[].httpHeader.values[]":        {engine.Length(1, 128)},
			"conditions[].httpRequestMethod.values":   {engine.Required, someValues},
			"conditions[].httpRequestMethod.values[]": {engine.Pattern(`[A-Z_-]{1,40}`, "a method in capitals")},
			"conditions[].pathPattern.values":         {engine.Required, someValues},
			"conditions[].pathPattern.values[]":       {engine.Length(1, 128), engine.Pattern(`[A-Za-z0-9_\-.$/~"'@:+&*?]+`, "a path pattern of letters, digits and _-.$/~\"'@:+&*?")},
			"conditions[].queryStrings[].key":         {engine.Length(0, 128)},
			"conditions[].queryStrings[].value":       {engine.Length(1, 128)},
			"conditions[].sourceIp.values":            {engine.Required, someValues},
			"conditions[].sourceIp.values[]":          {engine.Pattern(`[0-9a-fA-F.:]+/\d{1,3}`, "a network in CIDR notation")},
			"listenerArn":                             {engine.ForceNew, engine.Refers{To: view.ListenerType, Key: "arn", Code: "ListenerNotFound", Holds: engine.Cascades}},
			"priority":                                {engine.Between(1, rulePriorities)},
		}),

		Check:  listenerRuleProblems,
		Unique: []string{"listenerArn", "priority"}, Conflict: "PriorityInUse",
		Create: []string{"elasticloadbalancing:CreateRule", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:AddTags"},
		Read:   []string{"elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags"},
		Update: []string{"elasticloadbalancing:ModifyRule", "elasticloadbalancing:SetRulePriorities", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		Delete: []string{"elasticloadbalancing:DeleteRule"},
		When:   map[string][]string{"elasticloadbalancing:SetRulePriorities": {"priority"}},

		OnCreate: createListenerRule, OnUpdate: placeListenerRule,
	}
}

// someValues is what a condition compares with: one value at least.
var someValues = engine.Items(1, conditionValues)

// conditionFields is what a condition can be about. Those that count more than
// one may occur in several conditions of a rule.
var conditionFields = map[string]bool{
	"hostHeader": false, "httpRequestMethod": false, "pathPattern": false, "sourceIp": false, "httpHeader": true, "queryStrings": true,
}

func listenerRuleProblems(inputs engine.Object) []engine.Problem {
	var problems []engine.Problem
	add := func(property, format string, args ...any) {
		problems = append(problems, engine.Problem{Property: property, Reason: fmt.Sprintf(format, args...)})
	}
	seen := map[string]bool{}
	values, wildcards := 0, 0
	for i, condition := range inputs.Objects("conditions") {
		var fields []string
		for _, field := range condition.SortedNames() {
			if condition[field] != nil {
				fields = append(fields, field)
			}
		}
		if len(fields) != 1 {
			add(fmt.Sprintf("conditions[%d]", i), "has %d fields (%s); exactly one must be set", len(fields), strings.Join(fields, ", "))
			continue
		}
		field := fields[0]
		if seen[field] && !conditionFields[field] {
			add(fmt.Sprintf("conditions[%d]", i), "is a second one of %s; a rule has one", field)
		}
		seen[field] = true
		stated := conditionTexts(condition, field)
		values += len(stated)
		wildcards += strings.Count(strings.Join(stated, ""), "*") + strings.Count(strings.Join(stated, ""), "?")
	}
	if values > conditionValues {
		add("conditions", "have %d values; a rule has %d at most, over all of its conditions", values, conditionValues)
	}
	if wildcards > conditionWildcards {
		add("conditions", "have %d wildcards; a rule has %d at most", wildcards, conditionWildcards)
	}
	return append(problems, actionProblems("actions", inputs)...)
}

// conditionTexts is the values that a condition compares with.
func conditionTexts(condition engine.Object, field string) []string {
	if field != "queryStrings" {
		return condition.Object(field).Texts("values")
	}
	var texts []string
	for _, pair := range condition.Objects(field) {
		texts = append(texts, pair.Text("key")+pair.Text("value"))
	}
	return texts
}

// actionProblems holds actions to one that answers, which is the last.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
func actionProblems(property string, inputs engine.Object) []engine.Problem {
	actions := inputs.Objects(property)
	for i, action := range actions {
		authenticates, last := strings.HasPrefix(action.Text("type"), "authenticate-"), i == len(actions)-1
		if authenticates == last && action["type"] != (engine.Unknown{}) {
			return []engine.Problem{{Property: property, Reason: "must end with forward, redirect or fixed-response, and have one of them"}}
		}
	}
	return nil
}

func createListenerRule(op *engine.Op) error {
	listener := op.Ref("listenerArn")
	count, highest := 0, 0
	for _, other := range listenersAt(op, listener.Properties.Text("loadBalancerArn")) {
		for _, rule := range rulesAt(op, other.ARN) {
			count++
			if other == listener {
				highest = max(highest, rule.Properties.Number("priority"))
			}
		}
	}
	if limit := op.Limit(rulesQuota, 100); count >= limit {
		return op.Refuse("TooManyRules", "%s: the quota of %d is reached", rulesQuota, limit)
	}
	if op.Outputs["priority"] == nil {
		// The provider's choice: the next after the highest one.
		if highest == rulePriorities {
			return op.Refuse("InvalidConfigurationRequest", "Priority %d is in use on listener %s; the next would be none", highest, listener.ARN)
		}
		op.Outputs["priority"] = float64(highest + 1)
	}
	return placeListenerRule(op)
}

func placeListenerRule(op *engine.Op) error {
	balancer := op.FindBy(view.LoadBalancerType, "arn", op.Ref("listenerArn").Properties.Text("loadBalancerArn"))
	if balancer.Properties.Text("loadBalancerType") != "application" {
		return op.Refuse("UnsupportedOperation", "Rules are unsupported for listeners of Network Load Balancers: %s", op.Inputs.Text("listenerArn"))
	}
	if err := checkForwards(op, balancer, view.TargetsOf(op.Inputs)); err != nil {
		return err
	}
	return publicuse.CheckPublicUse(op, op.Staged())
}
