package accounts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTasksGetTheBoundOfOneClientsRequests(t *testing.T) {
	require.NotContains(t, environment(t, up(t, minimalShared)), "PORTICO_CLIENT_REQUESTS", "the entrypoint knows the task's memory and disk")
	m := up(t, minimalShared+"  portico:proxy: {clientRequests: 100}\n")
	require.Equal(t, "100", environment(t, m)["PORTICO_CLIENT_REQUESTS"])
	require.Equal(t, "forwarded", environment(t, m)["PORTICO_CLIENT_ADDRESS"], "without clients' addresses the bound does nothing")
}
