package resourcepolicy

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// TestDecideClaimsNoRefusalThatIAMDoesNotMake compares what Decide says of calls by the
// front doors with an evaluation that knows everything of them: a denial that is named,
// or a call that nothing allows, is refused there too.
func TestDecideClaimsNoRefusalThatIAMDoesNotMake(t *testing.T) {
	all := owners()
	names := slices.Sorted(maps.Keys(all))
	rapid.Check(t, func(t *rapid.T) {
		r := requests(1).Draw(t, "request")
		r.Existing = []byte(all[rapid.SampledFrom(names).Draw(t, "owner")].document)
		policy := mergeAs(t, r, AllowExact).Policy
		truth := parsed(t, policy)
		for range 20 {
			c := calls().Draw(t, "call")
			if c.endpoint == "" || (c.referer == "") == (c.domain == "") {
				continue // by no front door, or by two
			}
			request := c.request()
			asked := Call{API: api, Resource: request.Resource, VPCEndpointID: c.endpoint, Referer: c.referer}
			if c.domain != "" {
				asked.DomainARN = domainARN(c.domain)
			}
			decision, err := Decide(policy, asked)
			require.NoError(t, err)
			outcome := iampolicy.Evaluate(truth, request).Outcome
			if len(decision.Denials) > 0 {
				require.Equal(t, iampolicy.ExplicitDeny, outcome, "%+v: %v", c, decision)
			}
			if !decision.Allowed {
				require.NotEqual(t, iampolicy.Allowed, outcome, "%+v: %v", c, decision)
			}
		}
	})
}
