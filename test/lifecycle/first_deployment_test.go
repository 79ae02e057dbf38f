package lifecycle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAFirstDeploymentThatCannotStartFailsSoonAndSaysWhy deploys an image that no
// registry has. ECS has nothing to roll back to, and the AWS provider would wait
// for 20 minutes and name no cause. The tasks' start, their health checks and the bake
// time of the alarms are waited for.
func TestAFirstDeploymentThatCannotStartFailsSoonAndSaysWhy(t *testing.T) {
	t.Parallel()
	files := smallProject()
	files["Pulumi.dev.yaml"] += "  portico:image: {uri: \"public.ecr.aws/team/proxy:2\"}\n"
	e := newEnvironment(t, files, ordersSetup())
	for _, attempt := range []string{"the first up", "the next one, which updates the service"} {
		before := e.Now()
		_, err := e.env.Up(t.Context())
		require.ErrorContains(t, err, "CannotPullContainerError", attempt)
		require.ErrorContains(t, err, "public.ecr.aws/team/proxy:2", attempt)
		require.WithinDuration(t, before.Add(10*time.Minute), e.Now(), time.Minute, attempt)
	}
}
