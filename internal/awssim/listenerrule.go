package awssim

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
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

func listenerRuleSpec() *typeSpec {
	host := pattern(`(?:[A-Za-z0-9*?-]+\.)+[A-Za-z*?]+`, "a host name with a dot and letters after the last one, in which * and ? stand for others")
	return &typeSpec{
		token: listenerRuleType, title: "ELBv2 Listener Rule", args: lb.ListenerRuleArgs{}, state: lb.ListenerRule{},
		id: "{arn}",
		identify: func(c *call) {
			c.arn = c.fill("arn:{partition}:elasticloadbalancing:{region}:{account}:listener-rule/") +
				arnName(c.inputs.Text("listenerArn"), "listener/") + "/" + c.hash(16)
		},
		required:  []string{"actions", "conditions"},
		immutable: []string{"listenerArn"},
		sets:      []string{"conditions"},
		rules: map[string][]rule{
			"priority":                                {between(1, rulePriorities)},
			"conditions[].hostHeader.values[]":        {length(1, 128), host},
			"conditions[].pathPattern.values[]":       {length(1, 128), pattern(`[A-Za-z0-9_\-.$/~"'@:+&*?]+`, "a path pattern of letters, digits and _-.$/~\"'@:+&*?")},
			"conditions[].httpRequestMethod.values[]": {pattern(`[A-Z_-]{1,40}`, "a method in capitals")},
			"conditions[].httpHeader.httpHeaderName":  {length(1, 40)},
			"conditions[].httpHeader.values[]":        {length(1, 128)},
			"conditions[].queryStrings[].value":       {length(1, 128)},
			"conditions[].queryStrings[].key":         {length(0, 128)},
			"conditions[].sourceIp.values[]":          {pattern(`[0-9a-fA-F.:]+/\d{1,3}`, "a network in CIDR notation")},
			"actions[].type":                          {oneOf("forward", "redirect", "fixed-response", "authenticate-cognito", "authenticate-oidc")},
			"actions[].order":                         {between(1, 50000)},
			"actions[].fixedResponse.contentType":     {oneOf("text/plain", "text/css", "text/html", "application/javascript", "application/json")},
			"actions[].fixedResponse.statusCode":      {pattern(`[245]\d\d`, "a status 2XX, 4XX or 5XX")},
			"actions[].fixedResponse.messageBody":     {length(0, 1024)},
			"actions[].redirect.statusCode":           {oneOf("HTTP_301", "HTTP_302")},
		},
		check: listenerRuleProblems,
		refs: []ref{
			{at: "listenerArn", to: listenerType, key: "arn", code: "ListenerNotFound", holds: cascades},
			{at: "actions[].targetGroupArn", to: targetGroupType, key: "arn", code: "TargetGroupNotFound"},
			{at: "actions[].forward.targetGroups[].arn", to: targetGroupType, key: "arn", code: "TargetGroupNotFound"},
		},
		unique: []string{"listenerArn", "priority"}, conflict: "PriorityInUse",
		create: []string{"elasticloadbalancing:CreateRule", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:AddTags"},
		read:   []string{"elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags"},
		update: []string{"elasticloadbalancing:ModifyRule", "elasticloadbalancing:SetRulePriorities", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
		delete: []string{"elasticloadbalancing:DeleteRule"},

		onCreate: createListenerRule, onUpdate: placeListenerRule,
	}
}

// conditionFields is what a condition can be about. Those that count more than
// one may occur in several conditions of a rule.
var conditionFields = map[string]bool{
	"hostHeader": false, "httpRequestMethod": false, "pathPattern": false, "sourceIp": false, "httpHeader": true, "queryStrings": true,
}

func listenerRuleProblems(inputs Object) []problem {
	var problems []problem
	add := func(property, format string, args ...any) {
		problems = append(problems, problem{property, fmt.Sprintf(format, args...)})
	}
	seen := map[string]bool{}
	values, wildcards := 0, 0
	for i, condition := range inputs.Objects("conditions") {
		var fields []string
		for _, field := range condition.sortedNames() {
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
	return append(problems, actionProblems(inputs.Objects("actions"))...)
}

// conditionTexts is the values that a condition compares with.
func conditionTexts(condition Object, field string) []string {
	if field != "queryStrings" {
		return condition.Object(field).Texts("values")
	}
	var texts []string
	for _, pair := range condition.Objects(field) {
		texts = append(texts, pair.Text("key")+pair.Text("value"))
	}
	return texts
}

func actionProblems(actions []Object) []problem {
	var problems []problem
	for i, action := range actions {
		if action.Text("type") == "forward" && action["targetGroupArn"] == nil && action["forward"] == nil {
			problems = append(problems, problem{fmt.Sprintf("actions[%d]", i), "forwards, but names neither targetGroupArn nor forward"})
		}
		if action["targetGroupArn"] != nil && action["forward"] != nil {
			problems = append(problems, problem{fmt.Sprintf("actions[%d]", i), "names both targetGroupArn and forward"})
		}
	}
	if len(actions) > 0 && strings.HasPrefix(actions[len(actions)-1].Text("type"), "authenticate-") {
		problems = append(problems, problem{"actions", "must end with forward, redirect or fixed-response"})
	}
	return problems
}

func createListenerRule(c *call) error {
	listener := c.findBy(listenerType, "arn", c.inputs.Text("listenerArn"))
	standing, highest := 0, 0
	for _, other := range c.listenersAt(listener.Properties.Text("loadBalancerArn")) {
		for _, rule := range c.rulesAt(other.ARN) {
			standing++
			if other == listener {
				highest = max(highest, rule.Properties.Number("priority"))
			}
		}
	}
	if limit := c.limit(rulesQuota, 100); standing >= limit {
		return c.refuse("TooManyRules", "%s: the quota of %d is reached", rulesQuota, limit)
	}
	if c.outputs["priority"] == nil {
		// The provider's choice: the next after the highest one.
		if highest == rulePriorities {
			return c.refuse("InvalidConfigurationRequest", "Priority %d is in use on listener %s; the next would be none", highest, listener.ARN)
		}
		c.outputs["priority"] = float64(highest + 1)
	}
	return placeListenerRule(c)
}

func placeListenerRule(c *call) error {
	listener := c.findBy(listenerType, "arn", c.inputs.Text("listenerArn")).Properties
	balancer := c.findBy(loadBalancerType, "arn", listener.Text("loadBalancerArn"))
	if balancer.Properties.Text("loadBalancerType") != "application" {
		return c.refuse("UnsupportedOperation", "Rules are unsupported for listeners of Network Load Balancers: %s", c.inputs.Text("listenerArn"))
	}
	if err := c.checkForwards(balancer, targetsOf(c.inputs)); err != nil {
		return err
	}
	return c.checkPublicUse(c.staged())
}
