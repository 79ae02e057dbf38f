package taskdefinition_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/e2e/taskdefinition"
)

func TestTheContainerHasNoMoreRightsThanItNeeds(t *testing.T) {
	d := taskdefinition.Of(t, "portico:1", map[string]string{"PORTICO_UPSTREAMS": "10.0.0.1:443"})
	c := d.Container
	require.Equal(t, "portico:1", c.Image)
	require.Equal(t, "101", c.User)
	require.True(t, c.ReadonlyRootFilesystem)
	require.False(t, c.Privileged)
	require.Equal(t, []string{"ALL"}, c.LinuxParameters.Capabilities.Drop)
	require.Empty(t, c.LinuxParameters.Capabilities.Add)
	require.Len(t, c.Environment, 1)
	require.Len(t, c.MountPoints, 1)
	require.Equal(t, []string{c.MountPoints[0].SourceVolume}, d.Volumes)
}
