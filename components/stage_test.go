package components

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestStageExists(t *testing.T) {
	for name, c := range map[string]struct {
		answer error
		exists bool
		fails  string
	}{
		"it is there":          {nil, true, ""},
		"it isn't there":       {errors.New("api error NotFoundException: Invalid stage identifier specified"), false, ""},
		"the API isn't there":  {errors.New("api error NotFoundException: Invalid API identifier specified"), false, "use REST API abcde12345: the account has none of that ID"},
		"the role may not ask": {errors.New("api error AccessDeniedException: not authorized"), false, "look for stage prod of REST API abcde12345"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{answers: map[string]func(map[string]any) (map[string]any, error){
				"aws:apigateway/getExport:getExport": func(a map[string]any) (map[string]any, error) {
					require.Equal(t, []any{"abcde12345", "prod"}, []any{a["restApiId"], a["stageName"]})
					return map[string]any{"body": "{}"}, c.answer
				},
			}}
			err := m.run(func(ctx *pulumi.Context, _ pulumi.ResourceOption) error {
				exists, err := StageExists(ctx, "abcde12345", "prod")
				require.Equal(t, c.exists, exists)
				return err
			})
			if c.fails == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.fails)
			}
		})
	}
}
