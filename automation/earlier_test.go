package automation

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// repointed is an environment of which a row gets another target: the shared stack
// switches when the account's stack has admitted it, and that one narrows then.
func repointed(t *testing.T) (f *fakeEnvironment, story func() []string) {
	t.Helper()
	f = newFake(t)
	f.Providers, f.Settle = f.Providers[:1], time.Hour
	admitted, switched := false, false
	var told []string
	encode := func(v any) map[string]any {
		encoded, err := outputs.Encode(v)
		require.NoError(t, err)
		return encoded.(map[string]any)
	}
	f.Shared.Program = f.program("dev", func(string, bool) map[string]any {
		if !admitted {
			told = append(told, "dev holds")
			return aRowsOutputs(t)
		}
		switched = true
		told = append(told, "dev switches")
		return encode(outputs.Shared{Contract: outputs.Contract, VPCEndpointID: "vpce-1", Served: &outputs.Served{
			Rows: []outputs.ServedRow{{Host: aHost, URL: "https://another001.execute-api.us-east-1.amazonaws.com/dev", Account: "222222222222"}}, Count: 1,
		}})
	})
	f.Providers[0].Program = f.program("dev-orders", func(string, bool) map[string]any {
		reported := outputs.Provider{
			Contract: outputs.Contract, AccountID: "222222222222", ProvisionedFor: map[mapping.FrontDoor]string{"nginx": "vpce-1"},
		}
		if switched {
			told = append(told, "dev-orders narrows")
			return encode(reported)
		}
		admitted = true
		told = append(told, "dev-orders widens")
		reported.Admits, reported.Widens = outputs.Numbers{string(aHost): 1}, []string{string(aHost)}
		return encode(reported)
	})
	return f, func() []string {
		f.mu.Lock()
		defer f.mu.Unlock()
		defer func() { told = nil }()
		return told
	}
}

// TestAnUpGoesOnWhereOneWasInterruptedThatWidened: an up that was interrupted before the
// proxy led requests to an account's new target leaves the rest of the wait to the next,
// whose first run would lead them there. So does one that was interrupted before the
// policies were narrowed.
func TestAnUpGoesOnWhereOneWasInterruptedThatWidened(t *testing.T) {
	f, story := repointed(t)
	const admission = "what has just been deployed for a.example.com comes into effect, and requests go where they went"
	const tasks = "the proxy's replaced tasks answer the last requests of a.example.com, and the policies admit both targets"
	require.Equal(t, time.Hour, f.interrupted(admission))
	require.Equal(t, []string{"dev holds", "dev-orders widens"}, story())
	rest := f.interrupted(admission)
	require.Less(t, rest, time.Hour, "the time since the account's update counts")
	require.Greater(t, rest, 50*time.Minute)
	require.Empty(t, story(), "nothing runs before")

	require.Equal(t, time.Hour, f.interrupted(tasks), "from the switch on")
	require.Equal(t, []string{"dev switches"}, story(), "nothing is narrowed before")
	rest = f.interrupted(tasks)
	require.Less(t, rest, time.Hour, "the time since the switch counts")
	require.Greater(t, rest, 50*time.Minute)
	require.Equal(t, []string{"dev switches"}, story())

	var waits []string
	f.Progress = func(e Event) {
		if _, why, found := strings.Cut(e.Text, ": "); found && strings.HasPrefix(e.Text, "waiting ") {
			waits = append(waits, why)
		}
	}
	_, err := f.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"dev switches", "dev-orders narrows"}, story())
	require.Equal(t, []string{tasks}, waits)
	waits = nil
	_, err = f.Up(t.Context())
	require.NoError(t, err)
	require.Empty(t, waits, "nothing is left")
}

// TestAnUpThatIsNotInterruptedWaitsOnce: the waits of a whole update are those between its
// phases.
func TestAnUpThatIsNotInterruptedWaitsOnce(t *testing.T) {
	f, story := repointed(t)
	_, err := f.Up(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"dev holds", "dev-orders widens", "dev switches", "dev-orders narrows"}, story())
	require.Equal(t, []string{"1h0m0s pass", "1h0m0s pass"}, f.seen)
}
