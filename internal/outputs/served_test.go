package outputs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// TestAServedRowIsTheRowAgain: what the proxy is rendered from comes back from an
// output.
func TestAServedRowIsTheRowAgain(t *testing.T) {
	api, err := mapping.ParsePrivateAPI("https://abcde12345.execute-api.us-east-1.amazonaws.com/dev/orders")
	require.NoError(t, err)
	for _, row := range []mapping.Row{
		{Host: "a.example.com", API: api, Timeout: mapping.DefaultTimeout, AccessMode: mapping.AccessModeBasic, FrontDoor: mapping.FrontDoorNGINX},
		{
			Host: "*.example.com", BasePath: "/v1", API: api, Methods: []mapping.Method{"GET", "OPTIONS"}, Account: "222222222222", CORS: true,
			Timeout: 2 * time.Minute, Stream: true, NoRewrite: true, AccessMode: mapping.AccessModeStrict, FrontDoor: mapping.FrontDoorNGINX,
		},
	} {
		again, err := outputs.NewServedRow(&row).Row()
		require.NoError(t, err)
		require.Equal(t, row, again)
	}
	_, err = outputs.ServedRow{Host: "a.example.com", URL: "https://example.com"}.Row()
	require.ErrorContains(t, err, "row a.example.com: ")
}

func TestAServedOutputThatIsNoneIsReported(t *testing.T) {
	for text, problem := range map[string]string{"?": "it is not Base64", "aGVsbG8=": "it is not compressed", "eJw=": "it is not"} {
		_, err := outputs.DecodeShared(map[string]any{"contract": 2, "served": text})
		require.ErrorContains(t, err, "output served: "+problem)
	}
	read, err := outputs.DecodeShared(map[string]any{"contract": 2})
	require.NoError(t, err)
	require.Nil(t, read.Served, "nothing is known")
}
