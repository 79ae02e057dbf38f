package automation

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
)

// accessAssociation is the type of what lets an endpoint use another account's
// private custom domain. While it exists, the domain can't be deleted, and the
// domain's account can't delete it either.
const accessAssociation = "aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation"

// release destroys the shared stack's access associations, and the records that
// lead names to them. Without any it does nothing.
func (r *run) release(ctx context.Context) Result {
	var associations []string
	nothing := Result{Name: r.Shared.Name, Account: r.Shared.Account}
	note := func(text string) { r.send(Event{Stack: r.Shared.Name, Kind: Note, Text: text}) }
	err := r.readably(ctx, r.Shared, note, func() error {
		stack, err := r.open(ctx, r.Shared)
		if err == nil {
			associations = stack.state.associations()
		}
		return err
	})
	switch {
	case err != nil && !errors.Is(err, errNoStack):
		return r.fail(nothing, fmt.Errorf("look for access associations: %s", printed(err)))
	case len(associations) == 0:
		return nothing
	}
	first := r.phase("lets go of the provider accounts' custom domains")
	first.op.run = func(ctx context.Context, s *auto.Stack, ch chan<- events.EngineEvent) error {
		// Again, for what an interrupted run left may have been adopted meanwhile.
		state, err := readState(ctx, s)
		if err != nil {
			return err
		}
		_, err = s.Destroy(ctx, optdestroy.Target(state.associations()), optdestroy.TargetDependents(),
			optdestroy.EventStreams(ch), optdestroy.UserAgent(userAgent), optdestroy.SuppressProgress())
		return err
	}
	return first.stack(ctx, r.Shared)
}

// associations are the URNs of the access associations that the state has.
func (d *deployment) associations() []string {
	var urns []string
	for _, v := range d.resources() {
		resource, _ := v.(map[string]any)
		if urn, _ := resource["urn"].(string); resource["type"] == accessAssociation && urn != "" {
			urns = append(urns, urn)
		}
	}
	return urns
}
