package iam

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// iamName is what IAM takes in the names of roles and policies.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
func iamName(longest int) engine.Value {
	return engine.Pattern(fmt.Sprintf(`[\w+=,.@-]{1,%d}`, longest), fmt.Sprintf("1 to %d letters, digits and _+=,.@-", longest))
}

var iamPath = engine.Pattern(`/|/[\x21-\x7e]{1,510}/`, "a path that begins and ends with a slash")

// Service is roles and what policies allow them.
func Service() engine.Service {
	return engine.Service{Authorization: authorization(), Types: []*engine.Type{roleSpec(), rolePolicySpec(), managedPolicySpec(), policyAttachmentSpec()}}
}

func roleSpec() *engine.Type {
	return &engine.Type{
		Token: view.RoleType, Title: "IAM Role", Args: iam.RoleArgs{}, State: iam.Role{}, Global: true,
		ID: "{name}", ARN: "arn:{partition}:iam::{account}:role{path}{name}",
		Properties: engine.Properties{
			"assumeRolePolicy":    {engine.Required, engine.JSON},
			"createDate":          {engine.Computed("{now}")},
			"description":         {engine.Length(0, 1000)},
			"forceDetachPolicies": {engine.Default(false)},
			"inlinePolicies":      {engine.Kept},
			"managedPolicyArns":   {engine.Kept},
			"maxSessionDuration":  {engine.Default(3600.0), engine.Between(3600, 43200)},
			"name":                {engine.Autonamed(64), engine.ForceNew, iamName(64)},
			"namePrefix":          {engine.ForceNew},
			"path":                {engine.ForceNew, engine.Default("/"), engine.Value(iamPath)},
			"permissionsBoundary": {engine.ARNOf("iam")},
			"uniqueId":            {engine.Computed("AROA{capitals17}")},
		},

		Unique: []string{"name"}, Conflict: "EntityAlreadyExists",
		Quota:  engine.Quota{Name: "Roles per account", Limit: 1000, Code: "LimitExceeded"},
		Create: []string{"iam:CreateRole", "iam:GetRole", "iam:TagRole"},
		Read:   []string{"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"}, // internal/service/iam/role.go
		Update: []string{"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
			"iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "iam:TagRole", "iam:UntagRole"},
		When: map[string][]string{
			"iam:UpdateAssumeRolePolicy": {"assumeRolePolicy"}, "iam:UpdateRole": {"maxSessionDuration"}, "iam:UpdateRoleDescription": {"description"},
			"iam:PutRolePermissionsBoundary": {"permissionsBoundary"}, "iam:DeleteRolePermissionsBoundary": {"permissionsBoundary"},
		},
		// The provider makes the one call for a boundary and the other one for none.
		Only:     map[string]engine.Condition{"iam:PutRolePermissionsBoundary": bounded, "iam:DeleteRolePermissionsBoundary": engine.Not(bounded)},
		Delete:   []string{"iam:DeleteRole", "iam:ListInstanceProfilesForRole"},
		OnCreate: checkRole,
		OnUpdate: checkRole,
	}
}

// bounded is when a role is given a permissions boundary.
var bounded = engine.Given("permissionsBoundary")

func checkRole(op *engine.Op) error {
	if err := checkTags(op); err != nil {
		return err
	}
	if err := checkTrustPolicy(op); err != nil {
		return err
	}
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html
	// names NoSuchEntity; the text is assumed.
	boundary := op.Inputs.Text("permissionsBoundary")
	if boundary != "" && !isAWSPolicy(boundary) && op.Find(view.PolicyType, boundary) == nil {
		return op.Refuse("NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", boundary)
	}
	return nil
}

// checkTags refuses keys that differ in capitals alone.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html; the text is of
// https://github.com/terraform-aws-modules/terraform-aws-rds-aurora/issues/189.
func checkTags(op *engine.Op) error {
	seen := map[string]bool{}
	for key := range engine.AsObject(op.Inputs["tags"]) {
		if folded := strings.ToLower(key); seen[folded] {
			return op.Refuse("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		} else {
			seen[folded] = true
		}
	}
	return nil
}

// isAWSPolicy reports whether a managed policy is one of AWS's own, of which no text is
// simulated.
func isAWSPolicy(arn string) bool { return strings.Contains(arn, ":iam::aws:policy/") }

func checkTrustPolicy(op *engine.Op) error {
	text := op.Inputs.Text("assumeRolePolicy")
	if n := policySize(text); n > 2048 {
		return op.Refuse("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048 (the document has %d characters)", n)
	}
	var document struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &document); err == nil && strings.Contains(string(document.Statement), `"Resource"`) {
		return op.Refuse("MalformedPolicyDocument", "Has prohibited field Resource")
	}
	if _, err := parseTrust(text); err != nil {
		return op.Refuse("MalformedPolicyDocument", "%s", err)
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
	whole, err := engine.MarshalPlain(document)
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

func rolePolicySpec() *engine.Type {
	return &engine.Type{
		Token: view.RolePolicyType, Title: "IAM Role Policy", Args: iam.RolePolicyArgs{}, State: iam.RolePolicy{}, Global: true,
		ID:      "{role}:{name}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"name":       {engine.Autonamed(128), engine.ForceNew, iamName(128)},
			"namePrefix": {engine.ForceNew},
			"policy":     {engine.Required, engine.JSON},
			"role":       {engine.Required, engine.ForceNew, engine.Refers{To: view.RoleType, Key: "name", Code: "NoSuchEntity"}},
		},

		Create:   []string{"iam:PutRolePolicy", "iam:GetRolePolicy"},
		Read:     []string{"iam:GetRolePolicy"},
		Update:   []string{"iam:PutRolePolicy", "iam:GetRolePolicy"},
		Delete:   []string{"iam:DeleteRolePolicy"},
		OnCreate: checkRolePolicy,
		OnUpdate: checkRolePolicy,
	}
}

func checkRolePolicy(op *engine.Op) error {
	if err := checkIdentityPolicy(op); err != nil {
		return err
	}
	total := policySize(op.Inputs.Text("policy"))
	for _, other := range op.Having(view.RolePolicyType, "role", op.Inputs.Text("role")) {
		if other.ID != op.ID {
			total += policySize(other.Properties.Text("policy"))
		}
	}
	if total > 10240 {
		return op.Refuse("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role %s", op.Inputs.Text("role"))
	}
	return nil
}

func checkIdentityPolicy(op *engine.Op) error {
	if _, err := iampolicy.ParseIdentity([]byte(op.Inputs.Text("policy"))); err != nil {
		return op.Refuse("MalformedPolicyDocument", "%s", err)
	}
	return nil
}

func managedPolicySpec() *engine.Type {
	return &engine.Type{
		Token: view.PolicyType, Title: "IAM Policy", Args: iam.PolicyArgs{}, State: iam.Policy{}, Global: true,
		ID: "{arn}", ARN: "arn:{partition}:iam::{account}:policy{path}{name}",
		Properties: engine.Properties{
			"description": {engine.ForceNew},
			"name":        {engine.Autonamed(128), engine.ForceNew, iamName(128)},
			"namePrefix":  {engine.ForceNew},
			"path":        {engine.ForceNew, engine.Default("/"), engine.Value(iamPath)},
			"policy":      {engine.Required, engine.JSON},
			"policyId":    {engine.Computed("ANPA{capitals17}")},
		},

		Unique: []string{"name"}, Conflict: "EntityAlreadyExists",
		Create:   []string{"iam:CreatePolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:TagPolicy"},
		Read:     []string{"iam:GetPolicy", "iam:GetPolicyVersion"},
		Update:   []string{"iam:CreatePolicyVersion", "iam:ListPolicyVersions", "iam:TagPolicy", "iam:UntagPolicy"},
		Delete:   []string{"iam:DeletePolicy", "iam:ListPolicyVersions"},
		OnCreate: checkManagedPolicy,
		OnUpdate: checkManagedPolicy,
	}
}

func checkManagedPolicy(op *engine.Op) error {
	if n := policySize(op.Inputs.Text("policy")); n > 6144 {
		return op.Refuse("LimitExceeded", "Cannot exceed quota for PolicySize: 6144 (the document has %d characters)", n)
	}
	return checkIdentityPolicy(op)
}

func policyAttachmentSpec() *engine.Type {
	return &engine.Type{
		Token: view.PolicyAttachmentType, Title: "IAM Role Policy Attachment",
		Args: iam.RolePolicyAttachmentArgs{}, State: iam.RolePolicyAttachment{}, Global: true,
		ID:      "{role}-{policyArn}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"policyArn": {engine.ForceNew, engine.ARNOf("iam"), engine.Refers{To: view.PolicyType, Code: "NoSuchEntity"}},
			"role":      {engine.ForceNew, engine.Refers{To: view.RoleType, Key: "name", Code: "NoSuchEntity"}},
		},

		Quota:  engine.Quota{Name: "Managed policies attached to an IAM role", Limit: 10, Per: "role", Code: "LimitExceeded"},
		Create: []string{"iam:AttachRolePolicy", "iam:ListAttachedRolePolicies"},
		Read:   []string{"iam:ListAttachedRolePolicies"},
		Update: []string{"iam:AttachRolePolicy"},
		Delete: []string{"iam:DetachRolePolicy"},
	}
}

// Role is the caller's role with that ARN, or nil.
func Role(op *engine.Op, arn string) *engine.Resource { return op.FindBy(view.RoleType, "arn", arn) }

// RoleTrusts reports whether a service may assume a role in a request with these
// condition keys.
func RoleTrusts(role *engine.Resource, service string, context map[string][]string) bool {
	trust, err := parseTrust(role.Properties.Text("assumeRolePolicy"))
	if err != nil {
		return false
	}
	return iampolicy.Evaluate(trust, iampolicy.Request{
		Principal: service, Action: "sts:AssumeRole", Resource: role.ARN, Context: context,
	}).Outcome == iampolicy.Allowed
}

// RoleMay reports whether a role's policies, inline and attached, allow it an
// action on a resource of its own account, within its permissions boundary.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func RoleMay(op *engine.Op, role *engine.Resource, action, resource string) bool {
	allowed := false
	request := iampolicy.Request{Principal: role.ARN, Action: action, Resource: resource}
	if boundary := role.Properties.Text("permissionsBoundary"); boundary != "" && !isAWSPolicy(boundary) {
		policy := op.Find(view.PolicyType, boundary)
		if policy == nil {
			return false
		}
		limit, err := iampolicy.ParseIdentity([]byte(policy.Properties.Text("policy")))
		if err != nil || iampolicy.Evaluate(limit, request).Outcome != iampolicy.Allowed {
			return false
		}
	}
	for _, text := range policiesOf(op, role) {
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

func policiesOf(op *engine.Op, role *engine.Resource) []string {
	var texts []string
	for _, inline := range role.Properties.Objects("inlinePolicies") {
		texts = append(texts, inline.Text("policy"))
	}
	for _, p := range op.Having(view.RolePolicyType, "role", role.Properties.Text("name")) {
		texts = append(texts, p.Properties.Text("policy"))
	}
	for _, attachment := range op.Having(view.PolicyAttachmentType, "role", role.Properties.Text("name")) {
		if p := op.Find(view.PolicyType, attachment.Properties.Text("policyArn")); p != nil {
			texts = append(texts, p.Properties.Text("policy"))
		}
	}
	return texts
}
