package components

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const policyVersion = "2012-10-17"

type policyDocument struct {
	Version   string            `json:"Version"`
	Statement []policyStatement `json:"Statement"`
}

type policyStatement struct {
	Effect    string                       `json:"Effect"`
	Principal map[string]string            `json:"Principal,omitempty"`
	Action    []string                     `json:"Action"`
	Resource  []string                     `json:"Resource,omitempty"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// serviceRole is a role that a service of AWS assumes.
type serviceRole struct {
	// service is the service's principal, such as ecs-tasks.amazonaws.com.
	service string
	// condition is what has to hold of the service's requests; nil: nothing.
	condition map[string]map[string]string
	// path is the role's IAM path; "": AWS's default, "/".
	path string
	// permissionsBoundary is the ARN of its boundary; "": none.
	permissionsBoundary string
	tags                Tags
}

// create creates the role, as a child of parent.
func (r serviceRole) create(ctx *pulumi.Context, name string, parent pulumi.Resource) (*iam.Role, error) {
	trust, err := json.Marshal(policyDocument{Version: policyVersion, Statement: []policyStatement{{
		Effect:    "Allow",
		Principal: map[string]string{"Service": r.service},
		Action:    []string{"sts:AssumeRole"},
		Condition: r.condition,
	}}})
	if err != nil {
		return nil, fmt.Errorf("write trust policy: %w", err)
	}
	described := &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trust), Tags: r.tags.ofRole(name)}
	if r.path != "" {
		described.Path = pulumi.String(r.path)
	}
	if r.permissionsBoundary != "" {
		described.PermissionsBoundary = pulumi.String(r.permissionsBoundary)
	}
	role, err := iam.NewRole(ctx, name, described, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("create role %s: %w", name, err)
	}
	return role, nil
}
