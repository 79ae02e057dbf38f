package iam

import (
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// authorization is what IAM's actions are checked against: roles by path and name.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
func authorization() engine.Authorization {
	role := engine.SelfOr(view.RoleType, engine.Its("role"))
	a := engine.Authorization{
		"iam:CreateRole":                 engine.WithKey("iam:PermissionsBoundary", boundary, engine.Created),
		"iam:PutRolePermissionsBoundary": engine.WithKey("iam:PermissionsBoundary", boundary, engine.Self),
		"iam:TagRole":                    engine.Tagged(""),
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
		"iam:CreateServiceLinkedRole": func(op *engine.Op) []engine.Checked {
			service := op.ServiceLinkedRole()
			return []engine.Checked{{
				ARN:     op.Fill("arn:{partition}:iam::{account}:role/aws-service-role/") + service + "/AWSServiceRole",
				Context: map[string][]string{"iam:AWSServiceName": {service}},
			}}
		},
		"iam:CreatePolicy": engine.Created,
		"iam:TagPolicy":    engine.Tagged(""),
	}
	a.Each(role, "iam:AttachRolePolicy", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:GetRole", "iam:GetRolePolicy",
		"iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies", "iam:PutRolePolicy", "iam:UntagRole",
		"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription")
	a.Each(engine.Self, "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeleteRolePermissionsBoundary", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:UntagPolicy")
	return a
}

// boundary is the permissions boundary that a role is given.
func boundary(op *engine.Op) []string {
	if arn := op.Inputs.Text("permissionsBoundary"); arn != "" {
		return []string{arn}
	}
	return nil
}
