package awssim

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// iamName is what IAM takes in the names of roles and policies.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
func iamName(longest int) rule {
	return pattern(fmt.Sprintf(`[\w+=,.@-]{1,%d}`, longest), fmt.Sprintf("1 to %d letters, digits and _+=,.@-", longest))
}

var iamPath = pattern(`/|/[\x21-\x7e]{1,510}/`, "a path that begins and ends with a slash")

// iamService is roles and what policies allow them.
func iamService() service {
	return service{types: []*typeSpec{roleSpec(), rolePolicySpec(), managedPolicySpec(), policyAttachmentSpec()}}
}

func roleSpec() *typeSpec {
	return &typeSpec{
		token: roleType, title: "IAM Role", args: iam.RoleArgs{}, state: iam.Role{}, global: true,
		identify: func(c *call) {
			c.id = c.outputs.Text("name")
			c.arn = c.fill("arn:{partition}:iam::{account}:role") + c.outputs.Text("path") + c.id
		},
		autoname: "name", autonameMax: 64,
		defaults:  Object{"path": "/", "maxSessionDuration": 3600.0, "forceDetachPolicies": false},
		required:  []string{"assumeRolePolicy"},
		immutable: []string{"name", "namePrefix", "path"},
		documents: []string{"assumeRolePolicy"},
		rules: map[string][]rule{
			"name": {iamName(64)}, "path": {iamPath}, "maxSessionDuration": {between(3600, 43200)}, "description": {length(0, 1000)},
		},
		unique: []string{"name"}, conflict: "EntityAlreadyExists",
		quota:    quota{name: "Roles per account", limit: 1000, code: "LimitExceeded"},
		create:   []string{"iam:CreateRole", "iam:GetRole", "iam:TagRole"},
		read:     []string{"iam:GetRole", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"},
		update:   []string{"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:TagRole", "iam:UntagRole"},
		delete:   []string{"iam:DeleteRole", "iam:ListInstanceProfilesForRole"},
		onCreate: createRole,
		onUpdate: checkTrustPolicy,
	}
}

func createRole(c *call) error {
	if err := checkTrustPolicy(c); err != nil {
		return err
	}
	c.outputs["createDate"] = now()
	c.outputs["uniqueId"] = "AROA" + strings.ToUpper(c.hash(17))
	return nil
}

func checkTrustPolicy(c *call) error {
	text := c.inputs.Text("assumeRolePolicy")
	if n := policySize(text); n > 2048 {
		return c.refuse("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048 (the document has %d characters)", n)
	}
	var document struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &document); err == nil && strings.Contains(string(document.Statement), `"Resource"`) {
		return c.refuse("MalformedPolicyDocument", "Has prohibited field Resource")
	}
	if _, err := parseTrust(text); err != nil {
		return c.refuse("MalformedPolicyDocument", "%s", err)
	}
	return nil
}

// parseTrust reads a trust policy, whose resource is the role itself and so
// goes unnamed.
func parseTrust(text string) (iampolicy.Policy, error) {
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return iampolicy.Policy{}, fmt.Errorf("parse trust policy: %w", err)
	}
	statements, isList := document["Statement"].([]any)
	if !isList {
		statements = []any{document["Statement"]}
	}
	for _, statement := range statements {
		if members, ok := statement.(map[string]any); ok {
			members["Resource"] = "*"
		}
	}
	document["Statement"] = statements
	whole, err := marshalPlain(document)
	if err != nil {
		return iampolicy.Policy{}, err
	}
	return iampolicy.Parse([]byte(whole))
}

// policySize is a document's length as IAM counts it: white space is free.
func policySize(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

func rolePolicySpec() *typeSpec {
	return &typeSpec{
		token: rolePolicyType, title: "IAM Role Policy", args: iam.RolePolicyArgs{}, state: iam.RolePolicy{}, global: true,
		id:       "{role}:{name}",
		upserts:  always,
		autoname: "name", autonameMax: 128,
		required:  []string{"policy", "role"},
		immutable: []string{"name", "namePrefix", "role"},
		documents: []string{"policy"},
		rules:     map[string][]rule{"name": {iamName(128)}},
		refs:      []ref{{at: "role", to: roleType, key: "name", code: "NoSuchEntity"}},
		create:    []string{"iam:PutRolePolicy", "iam:GetRolePolicy"},
		read:      []string{"iam:GetRolePolicy"},
		update:    []string{"iam:PutRolePolicy", "iam:GetRolePolicy"},
		delete:    []string{"iam:DeleteRolePolicy"},
		onCreate:  checkRolePolicy,
		onUpdate:  checkRolePolicy,
	}
}

func checkRolePolicy(c *call) error {
	if err := checkIdentityPolicy(c); err != nil {
		return err
	}
	total := policySize(c.inputs.Text("policy"))
	for _, other := range c.all(rolePolicyType) {
		if other.ID != c.id && other.Properties.Text("role") == c.inputs.Text("role") {
			total += policySize(other.Properties.Text("policy"))
		}
	}
	if total > 10240 {
		return c.refuse("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role %s", c.inputs.Text("role"))
	}
	return nil
}

func checkIdentityPolicy(c *call) error {
	if _, err := iampolicy.ParseIdentity([]byte(c.inputs.Text("policy"))); err != nil {
		return c.refuse("MalformedPolicyDocument", "%s", err)
	}
	return nil
}

func managedPolicySpec() *typeSpec {
	return &typeSpec{
		token: policyType, title: "IAM Policy", args: iam.PolicyArgs{}, state: iam.Policy{}, global: true,
		identify: func(c *call) {
			c.arn = c.fill("arn:{partition}:iam::{account}:policy") + c.outputs.Text("path") + c.outputs.Text("name")
			c.id = c.arn
		},
		autoname: "name", autonameMax: 128,
		defaults:  Object{"path": "/"},
		required:  []string{"policy"},
		immutable: []string{"name", "namePrefix", "path", "description"},
		documents: []string{"policy"},
		rules:     map[string][]rule{"name": {iamName(128)}, "path": {iamPath}},
		unique:    []string{"name"}, conflict: "EntityAlreadyExists",
		create: []string{"iam:CreatePolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:TagPolicy"},
		read:   []string{"iam:GetPolicy", "iam:GetPolicyVersion"},
		update: []string{"iam:CreatePolicyVersion", "iam:ListPolicyVersions", "iam:TagPolicy", "iam:UntagPolicy"},
		delete: []string{"iam:DeletePolicy", "iam:ListPolicyVersions"},
		onCreate: func(c *call) error {
			c.outputs["policyId"] = "ANPA" + strings.ToUpper(c.hash(17))
			return checkManagedPolicy(c)
		},
		onUpdate: checkManagedPolicy,
	}
}

func checkManagedPolicy(c *call) error {
	if n := policySize(c.inputs.Text("policy")); n > 6144 {
		return c.refuse("LimitExceeded", "Cannot exceed quota for PolicySize: 6144 (the document has %d characters)", n)
	}
	return checkIdentityPolicy(c)
}

func policyAttachmentSpec() *typeSpec {
	return &typeSpec{
		token: policyAttachmentType, title: "IAM Role Policy Attachment",
		args: iam.RolePolicyAttachmentArgs{}, state: iam.RolePolicyAttachment{}, global: true,
		id:        "{role}-{policyArn}",
		upserts:   always,
		immutable: []string{"policyArn", "role"},
		rules:     map[string][]rule{"policyArn": {arnOf("iam")}},
		refs: []ref{
			{at: "role", to: roleType, key: "name", code: "NoSuchEntity"},
			{at: "policyArn", to: policyType, code: "NoSuchEntity"},
		},
		quota:  quota{name: "Managed policies attached to an IAM role", limit: 10, per: "role", code: "LimitExceeded"},
		create: []string{"iam:AttachRolePolicy", "iam:ListAttachedRolePolicies"},
		read:   []string{"iam:ListAttachedRolePolicies"},
		update: []string{"iam:AttachRolePolicy"},
		delete: []string{"iam:DetachRolePolicy"},
	}
}

// role is the caller's role with that ARN, or nil.
func (c *call) role(arn string) *Resource { return c.findBy(roleType, "arn", arn) }

// roleTrusts tells whether a service may assume a role.
func roleTrusts(role *Resource, service string) bool {
	trust, err := parseTrust(role.Properties.Text("assumeRolePolicy"))
	if err != nil {
		return false
	}
	return iampolicy.Evaluate(trust, iampolicy.Request{
		Principal: service, Action: "sts:AssumeRole", Resource: role.ARN,
	}).Outcome == iampolicy.Allowed
}

// roleMay tells whether a role's policies, inline and attached, allow it an
// action on a resource of its own account.
func (c *call) roleMay(role *Resource, action, resource string) bool {
	allowed := false
	request := iampolicy.Request{Principal: role.ARN, Action: action, Resource: resource}
	for _, text := range c.policiesOf(role) {
		policy, err := iampolicy.ParseIdentity([]byte(text))
		if err != nil {
			return false
		}
		outcome := iampolicy.Evaluate(policy, request).Outcome
		if outcome == iampolicy.ExplicitDeny {
			return false
		}
		allowed = allowed || outcome == iampolicy.Allowed
	}
	return allowed
}

func (c *call) policiesOf(role *Resource) []string {
	var texts []string
	for _, inline := range role.Properties.Objects("inlinePolicies") {
		texts = append(texts, inline.Text("policy"))
	}
	for _, p := range c.all(rolePolicyType) {
		if p.Properties.Text("role") == role.Properties.Text("name") {
			texts = append(texts, p.Properties.Text("policy"))
		}
	}
	for _, attachment := range c.all(policyAttachmentType) {
		if attachment.Properties.Text("role") != role.Properties.Text("name") {
			continue
		}
		if p := c.find(policyType, attachment.Properties.Text("policyArn")); p != nil {
			texts = append(texts, p.Properties.Text("policy"))
		}
	}
	return texts
}
