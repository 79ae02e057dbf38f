package upgrade

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/thrifty"
)

// revisions are the types of which every change is a new resource in place of the
// former: AWS has no other way, and nothing is interrupted by it.
var revisions = map[string]string{
	"aws:ecs/taskDefinition:TaskDefinition": "a revision; the service rolls over to it",
	"aws:apigateway/deployment:Deployment":  "a snapshot; the stage goes over to it",
}

// exception is something that upgrades are to replace or delete.
type exception struct {
	// last is the last release whose states have it: "v0.1.0". It is excepted for those
	// of earlier releases too.
	last string
	// resource is its type and its name, without its parents.
	resource string
	// why says why it has to be, as CHANGELOG.md does.
	why string
}

// exceptions are all. Each of them has to occur.
var exceptions []exception

// exceptionsFrom are the exceptions for upgrades from a release.
func exceptionsFrom(release string) []exception {
	return slices.DeleteFunc(slices.Clone(exceptions), func(e exception) bool { return versionOf(e.last).LT(versionOf(release)) })
}

// versionOf is the version of a release's tag.
func versionOf(tag string) semver.Version { return semver.MustParse(strings.TrimPrefix(tag, "v")) }

// preview previews a stack with a program, and returns the engine's steps.
func preview(t *testing.T, p *rehearsal.Prepared, s automation.Stack) []apitype.StepEventMetadata {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	workspace, err := auto.NewLocalWorkspace(ctx, auto.WorkDir(s.Dir), auto.Program(s.Program), auto.Pulumi(p.Environment.Command), auto.EnvVars(p.Environment.Env))
	require.NoError(t, err)
	stack, err := auto.SelectStack(ctx, s.Name, thrifty.Workspace{Workspace: workspace})
	require.NoError(t, err)
	stream, read := make(chan events.EngineEvent), make(chan []apitype.StepEventMetadata, 1)
	go func() {
		var steps []apitype.StepEventMetadata
		for event := range stream {
			if event.ResourcePreEvent != nil {
				steps = append(steps, event.ResourcePreEvent.Metadata)
			}
		}
		read <- steps
	}()
	_, err = stack.Preview(ctx, optpreview.EventStreams(stream), optpreview.SuppressProgress())
	require.NoError(t, err, "preview of %s", s.Name)
	return <-read
}

// problems are what a preview's steps would replace and delete, sorted, without what is
// excepted. It notes in met the exceptions that occur.
func problems(steps []apitype.StepEventMetadata, excepted []exception, met map[string]bool) []string {
	var found []string
	for _, step := range steps {
		resource := resourceOf(step.URN)
		var what string
		switch step.Op {
		case apitype.OpDelete:
			what = fmt.Sprintf("%s would be deleted: where the program has renamed it, moved it to another parent or given it another type, "+
				"let the resource's options have its former URN (pulumi.Aliases)", resource)
		case apitype.OpReplace:
			if revisions[step.Type] != "" {
				continue
			}
			what = fmt.Sprintf("%s would be replaced, for its %s", resource, strings.Join(step.Keys, ", "))
		default:
			continue
		}
		if slices.ContainsFunc(excepted, func(e exception) bool { return e.resource == resource }) {
			met[resource] = true
			continue
		}
		found = append(found, what+"; where it has to be, add it to exceptions and tell it in CHANGELOG.md")
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// resourceOf is the type and the name of a resource by its URN, without its parents:
// "aws:ecs/cluster:Cluster proxy-cluster".
func resourceOf(urn string) string {
	parts := strings.Split(urn, "::")
	kind := parts[2]
	return kind[strings.LastIndex(kind, "$")+1:] + " " + strings.Join(parts[3:], "::")
}
