package review_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/mapping"
)

// A file that the settings name, such as a certificate, is no value of them.
func TestAFileThatTheSettingsNameIsToldWhereItsContentsDiffer(t *testing.T) {
	rows, err := mapping.Parse("mapping.yaml", []byte("APIS: [{CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod}]\n"))
	require.NoError(t, err)
	state := func(digest byte) review.State {
		return review.State{Revision: "main", Mapping: rows, MappingFiles: []string{"mapping.yaml"},
			Files: map[string][32]byte{"mapping.yaml": {1}, "a.pem": {digest}}}
	}
	compared, err := review.Compare(review.Request{Environment: "dev", Base: state(1), Head: state(2)})
	require.NoError(t, err)
	require.Equal(t, []review.FileChange{{Path: "a.pem"}}, compared.Files)
	text, err := compared.Markdown(review.Style{})
	require.NoError(t, err)
	require.Contains(t, text, "- `file a.pem`: the settings name it, and its contents differ: read them.")
	require.Contains(t, text, "- `a.pem`: other contents.")

	same, err := review.Compare(review.Request{Environment: "dev", Base: state(1), Head: state(1)})
	require.NoError(t, err)
	require.True(t, same.Empty())
}
