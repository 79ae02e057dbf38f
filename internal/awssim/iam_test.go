package awssim

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iam"
	"github.com/portico-iac/portico/internal/awssim/view"
)

func TestResourcesOfServicesAreRefused(t *testing.T) {
	role := engine.Object{"assumeRolePolicy": trustECSTasks}
	policy := engine.Object{"role": "existing", "policy": pullAndLog}
	group := engine.Object{"name": "/new"}
	lifecycle := engine.Object{"repository": "existing", "policy": `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any",
		"countType":"imageCountMoreThan","countNumber":10},"action":{"type":"expire"}}]}`}
	for sentence, test := range map[string]struct {
		token   string
		inputs  engine.Object
		changes engine.Object
		want    string
	}{
		"a role whose name is taken":               {view.RoleType, role, engine.Object{"name": "existing"}, "EntityAlreadyExists"},
		"a role with a space in its name":          {view.RoleType, role, engine.Object{"name": "a b"}, "letters, digits"},
		"a role that trusts by a broken document":  {view.RoleType, role, engine.Object{"assumeRolePolicy": `{"Statement":[{"Effect":"Perhaps"}]}`}, "MalformedPolicyDocument"},
		"a role whose trust names a resource":      {view.RoleType, role, engine.Object{"assumeRolePolicy": strings.Replace(trustECSTasks, `"Action"`, `"Resource":"*","Action"`, 1)}, "Has prohibited field Resource"},
		"a role whose trust is not JSON":           {view.RoleType, role, engine.Object{"assumeRolePolicy": "{"}, "invalid JSON"},
		"a role bounded by a missing policy":       {view.RoleType, role, engine.Object{"permissionsBoundary": "arn:aws:iam::111111111111:policy/missing"}, "NoSuchEntity"},
		"a role bounded by another role":           {view.RoleType, role, engine.Object{"permissionsBoundary": "arn:aws:s3:::bucket"}, "ARN"},
		"a role with a tag in two spellings":       {view.RoleType, role, engine.Object{"tags": map[string]any{"Team": "a", "team": "b"}}, "Duplicate tag keys found"},
		"a session of a minute":                    {view.RoleType, role, engine.Object{"maxSessionDuration": 60.0}, "between 3600 and 43200"},
		"a policy of a role that isn't there":      {view.RolePolicyType, policy, engine.Object{"role": "missing"}, "NoSuchEntity"},
		"a policy with a principal":                {view.RolePolicyType, policy, engine.Object{"policy": trustECSTasks}, "MalformedPolicyDocument"},
		"a policy beyond 10,240 bytes":             {view.RolePolicyType, policy, engine.Object{"policy": strings.Replace(pullAndLog, `"*"`, `"`+strings.Repeat("x", 10240)+`"`, 1)}, "Maximum policy size of 10240 bytes"},
		"a log group whose name is taken":          {view.LogGroupType, group, engine.Object{"name": "/existing"}, "ResourceAlreadyExistsException"},
		"a log group that keeps for eight days":    {view.LogGroupType, group, engine.Object{"retentionInDays": 8.0}, "is not one of"},
		"a log group with a space in its name":     {view.LogGroupType, group, engine.Object{"name": "a b"}, "letters, digits"},
		"a repository in capitals":                 {view.RepositoryType, engine.Object{}, engine.Object{"name": "Proxy"}, "lower-case"},
		"a repository whose name is taken":         {view.RepositoryType, engine.Object{}, engine.Object{"name": "existing"}, "RepositoryAlreadyExistsException"},
		"a lifecycle policy without repository":    {view.LifecyclePolicyType, lifecycle, engine.Object{"repository": "nowhere"}, "RepositoryNotFoundException"},
		"a lifecycle policy of tagged without tag": {view.LifecyclePolicyType, lifecycle, engine.Object{"policy": strings.Replace(lifecycle.Text("policy"), "any", "tagged", 1)}, "tagPrefixList"},
		"a lifecycle policy that archives":         {view.LifecyclePolicyType, lifecycle, engine.Object{"policy": strings.Replace(lifecycle.Text("policy"), "expire", "archive", 1)}, `action.type "archive"`},
	} {
		t.Run(sentence, func(t *testing.T) {
			l := newLab(t, &Setup{})
			l.must(view.RoleType, "existing", role)
			l.must(view.LogGroupType, "/existing", engine.Object{})
			l.must(view.RepositoryType, "existing", engine.Object{})
			inputs := test.inputs.Clone()
			l.must(test.token, "fine", inputs)
			maps.Copy(inputs, test.changes)
			_, err := l.create(test.token, "refused", inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestRolesArePermittedByInlineAndAttachedPolicies(t *testing.T) {
	l := newLab(t, &Setup{})
	role := l.must(view.RoleType, "worker", engine.Object{"assumeRolePolicy": trustECSTasks})
	may := func(action string) (allowed bool) {
		l.Look(testAccount, testRegion, func(op *engine.Op) {
			allowed = iam.RoleMay(op, role, action, "arn:aws:logs:us-east-1:111111111111:log-group:/proxy:log-stream:x")
		})
		return allowed
	}
	require.False(t, may("logs:PutLogEvents"))

	allow := l.must(view.PolicyType, "allow", engine.Object{"policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:*","Resource":"*"}}`})
	attachment := l.must(view.PolicyAttachmentType, "attachment", engine.Object{"role": "worker", "policyArn": allow.ARN})
	require.True(t, may("logs:PutLogEvents"))
	require.Error(t, l.delete(allow), "an attached policy")

	l.must(view.RolePolicyType, "deny", engine.Object{"role": "worker",
		"policy": `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"logs:Put*","Resource":"*"}}`})
	require.False(t, may("logs:PutLogEvents"))
	require.True(t, may("logs:CreateLogStream"))

	require.NoError(t, l.delete(attachment))
	require.False(t, may("logs:CreateLogStream"))
}

func TestRegistryTokenIsForTheCallersRegistry(t *testing.T) {
	l := newLab(t, &Setup{})
	token := func(registry any) (engine.Object, error) {
		return l.caller.Invoke("aws:ecr/getAuthorizationToken:getAuthorizationToken", engine.Object{"registryId": registry})
	}
	got, err := token(nil)
	require.NoError(t, err)
	require.Equal(t, "AWS", got.Text("userName"))
	require.Equal(t, ecr.RegistryPassword(testAccount, testRegion), got.Text("password"))
	require.Equal(t, "https://111111111111.dkr.ecr.us-east-1.amazonaws.com", got.Text("proxyEndpoint"))
	_, err = token("222222222222")
	require.ErrorContains(t, err, "AccessDeniedException")
}

// TestOneCallGivesOrTakesAPermissionsBoundary has a role that gets another boundary,
// and one that loses its own.
func TestOneCallGivesOrTakesAPermissionsBoundary(t *testing.T) {
	const boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
	for sentence, c := range map[string]struct {
		after any
		want  string
	}{
		"another": {"arn:aws:iam::aws:policy/ReadOnlyAccess", "iam:PutRolePermissionsBoundary"},
		"none":    {nil, "iam:DeleteRolePermissionsBoundary"},
	} {
		t.Run(sentence, func(t *testing.T) {
			l := newLab(t, &Setup{})
			role := l.must(view.RoleType, "bounded", engine.Object{"name": "bounded", "assumeRolePolicy": trustECSTasks, "permissionsBoundary": boundary})
			before := len(l.Calls())
			_, err := l.update(role, engine.Object{"permissionsBoundary": c.after})
			require.NoError(t, err)
			var actions []string
			for _, call := range l.Calls()[before:] {
				actions = append(actions, call.Action)
			}
			require.Equal(t, []string{c.want}, actions)
		})
	}
}
