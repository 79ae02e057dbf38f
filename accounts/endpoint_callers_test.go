package accounts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Referer says which custom domain a request came by. It can be trusted while only
// the tasks reach the proxy's endpoint.
func TestAnExistingEndpointAdmitsTheTasksAloneOrTrustsItsCallers(t *testing.T) {
	const adopted, group = "  portico:endpoints: {executeApi: {id: vpce-0a1b2c3d4e5f60715}%s}\n", "  portico:securityGroups: {endpointId: sg-0000000b, tasksId: sg-0000000c}\n"
	const fromTasks = "  portico:securityGroups: {tasksId: sg-0000000c}\n"
	in := func(group string, more map[string]any) map[string]map[string]any {
		rule := map[string]any{"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
		for key, value := range more {
			rule[key] = value
		}
		return map[string]map[string]any{"sgr-1": rule}
	}
	endpoint := func(trust string) string { return strings.Replace(adopted, "%s", trust, 1) }
	wide := in("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8"})
	for sentence, test := range map[string]struct {
		settings string
		rules    map[string]map[string]any
		want     string
	}{
		"an endpoint without rules":        {endpoint(""), nil, ""},
		"an endpoint of the tasks' group":  {endpoint("") + fromTasks, in("sg-of-others", map[string]any{"referencedSecurityGroupId": "sg-0000000c"}), ""},
		"an endpoint of a range":           {endpoint(""), wide, "its rule sgr-1 admits 10.0.0.0/8 to port 443"},
		"an endpoint of every protocol":    {endpoint(""), in("sg-of-others", map[string]any{"cidrIpv6": "::/0", "ipProtocol": "-1", "fromPort": 0, "toPort": 0}), "admits ::/0"},
		"an endpoint of a prefix list":     {endpoint(""), in("sg-of-others", map[string]any{"prefixListId": "pl-1"}), "admits pl-1"},
		"an endpoint of another group":     {endpoint("") + fromTasks, in("sg-of-others", map[string]any{"referencedSecurityGroupId": "sg-0000000d"}), "admits sg-0000000d"},
		"another port":                     {endpoint(""), in("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8", "fromPort": 80, "toPort": 80}), ""},
		"a range of ports":                 {endpoint(""), in("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8", "fromPort": 1, "toPort": 1024}), "admits 10.0.0.0/8"},
		"what the group lets out":          {endpoint(""), in("sg-of-others", map[string]any{"cidrIpv4": "0.0.0.0/0", "isEgress": true}), ""},
		"callers that are trusted":         {endpoint(", trustCallers: true"), wide, ""},
		"a group that admits a range":      {group, in("sg-0000000b", map[string]any{"cidrIpv4": "10.7.0.0/16"}), "use security group sg-0000000b for the execute-api endpoint: its rule sgr-1 admits 10.7.0.0/16"},
		"a group that admits the tasks'":   {group, in("sg-0000000b", map[string]any{"referencedSecurityGroupId": "sg-0000000c"}), ""},
		"a group that others are in alone": {group, in("sg-0000000b", map[string]any{"referencedSecurityGroupId": "sg-0000000b"}), "admits sg-0000000b"},
	} {
		t.Run(sentence, func(t *testing.T) {
			for _, preview := range []bool{false, true} {
				m := &monitor{rules: test.rules, unknown: preview}
				err := shared(t, m, minimalShared+existingVPC+settingsText(test.settings), twoRows)
				if test.want == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, test.want)
				require.ErrorContains(t, err, "Referer")
				require.ErrorContains(t, err, "trustCallers")
			}
		})
	}
}
