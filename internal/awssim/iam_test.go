package awssim

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResourcesOfServicesAreRefused(t *testing.T) {
	role := Object{"assumeRolePolicy": trustECSTasks}
	policy := Object{"role": "standing", "policy": pullAndLog}
	group := Object{"name": "/new"}
	lifecycle := Object{"repository": "standing", "policy": `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any",
		"countType":"imageCountMoreThan","countNumber":10},"action":{"type":"expire"}}]}`}
	for sentence, test := range map[string]struct {
		token   string
		inputs  Object
		changes Object
		want    string
	}{
		"a role whose name is taken":               {roleType, role, Object{"name": "standing"}, "EntityAlreadyExists"},
		"a role with a space in its name":          {roleType, role, Object{"name": "a b"}, "letters, digits"},
		"a role that trusts by a broken document":  {roleType, role, Object{"assumeRolePolicy": `{"Statement":[{"Effect":"Perhaps"}]}`}, "MalformedPolicyDocument"},
		"a role whose trust names a resource":      {roleType, role, Object{"assumeRolePolicy": strings.Replace(trustECSTasks, `"Action"`, `"Resource":"*","Action"`, 1)}, "Has prohibited field Resource"},
		"a role whose trust is not JSON":           {roleType, role, Object{"assumeRolePolicy": "{"}, "invalid JSON"},
		"a session of a minute":                    {roleType, role, Object{"maxSessionDuration": 60.0}, "between 3600 and 43200"},
		"a policy of a role that isn't there":      {rolePolicyType, policy, Object{"role": "nobody"}, "NoSuchEntity"},
		"a policy with a principal":                {rolePolicyType, policy, Object{"policy": trustECSTasks}, "MalformedPolicyDocument"},
		"a policy beyond 10,240 bytes":             {rolePolicyType, policy, Object{"policy": strings.Replace(pullAndLog, `"*"`, `"`+strings.Repeat("x", 10240)+`"`, 1)}, "Maximum policy size of 10240 bytes"},
		"a log group whose name is taken":          {logGroupType, group, Object{"name": "/standing"}, "ResourceAlreadyExistsException"},
		"a log group that keeps for eight days":    {logGroupType, group, Object{"retentionInDays": 8.0}, "is not one of"},
		"a log group with a space in its name":     {logGroupType, group, Object{"name": "a b"}, "letters, digits"},
		"a repository in capitals":                 {repositoryType, Object{}, Object{"name": "Proxy"}, "lower-case"},
		"a repository whose name is taken":         {repositoryType, Object{}, Object{"name": "standing"}, "RepositoryAlreadyExistsException"},
		"a lifecycle policy without repository":    {lifecyclePolicyType, lifecycle, Object{"repository": "nowhere"}, "RepositoryNotFoundException"},
		"a lifecycle policy of tagged without tag": {lifecyclePolicyType, lifecycle, Object{"policy": strings.Replace(lifecycle.Text("policy"), "any", "tagged", 1)}, "tagPrefixList"},
		"a lifecycle policy that archives":         {lifecyclePolicyType, lifecycle, Object{"policy": strings.Replace(lifecycle.Text("policy"), "expire", "archive", 1)}, `action.type "archive"`},
	} {
		t.Run(sentence, func(t *testing.T) {
			l := newLab(t, &World{})
			l.must(roleType, "standing", role)
			l.must(logGroupType, "/standing", Object{})
			l.must(repositoryType, "standing", Object{})
			inputs := test.inputs.Clone()
			l.must(test.token, "fine", inputs)
			maps.Copy(inputs, test.changes)
			_, err := l.create(test.token, "refused", inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestRolesArePermittedByInlineAndAttachedPolicies(t *testing.T) {
	l := newLab(t, &World{})
	role := l.must(roleType, "worker", Object{"assumeRolePolicy": trustECSTasks})
	may := func(action string) (allowed bool) {
		l.look(testAccount, testRegion, func(c *call) {
			allowed = c.roleMay(role, action, "arn:aws:logs:us-east-1:111111111111:log-group:/proxy:log-stream:x")
		})
		return allowed
	}
	require.False(t, may("logs:PutLogEvents"))

	allow := l.must(policyType, "allow", Object{"policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:*","Resource":"*"}}`})
	attachment := l.must(policyAttachmentType, "attachment", Object{"role": "worker", "policyArn": allow.ARN})
	require.True(t, may("logs:PutLogEvents"))
	require.Error(t, l.delete(allow), "an attached policy")

	l.must(rolePolicyType, "deny", Object{"role": "worker",
		"policy": `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"logs:Put*","Resource":"*"}}`})
	require.False(t, may("logs:PutLogEvents"))
	require.True(t, may("logs:CreateLogStream"))

	require.NoError(t, l.delete(attachment))
	require.False(t, may("logs:CreateLogStream"))
}

func TestRegistryTokenIsForTheCallersRegistry(t *testing.T) {
	l := newLab(t, &World{})
	token := func(registry any) (Object, error) {
		return l.caller.invoke("aws:ecr/getAuthorizationToken:getAuthorizationToken", Object{"registryId": registry})
	}
	got, err := token(nil)
	require.NoError(t, err)
	require.Equal(t, "AWS", got.Text("userName"))
	require.Equal(t, registryPassword(testAccount, testRegion), got.Text("password"))
	require.Equal(t, "https://111111111111.dkr.ecr.us-east-1.amazonaws.com", got.Text("proxyEndpoint"))
	_, err = token("222222222222")
	require.ErrorContains(t, err, "AccessDeniedException")
}
