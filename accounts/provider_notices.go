package accounts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/topology"
)

// advice has a sentence for each piece of advice; it is given host or front door
// names and the shared stack's name.
var advice = map[migration.Advice]string{
	migration.RunForEndpoint:     "front door %s has no endpoint yet: run pulumi up on stack %s, which makes it, and then on this one again",
	migration.RunToAssociate:     "%s: run pulumi up on stack %s next, which associates the custom domain with the endpoint, and again 15 minutes later or more, which leads the name there",
	migration.RunWhenProvisioned: "%s: when API Gateway has provisioned the access association (up to 15 minutes), run pulumi up on stack %s, which leads the name there",
	migration.RunToMove:          "%s: run pulumi up on stack %s next, " + inEffect + ", which leads the name there",
	migration.RunToRemove:        "%s: when clients hold no old answer any more (60 seconds), run pulumi up on stack %s, which removes the earlier front door, and then on this one again",
}

// adviseNext logs what to run after this update, for the account's hosts to reach
// their front doors.
func (s *providerStack) adviseNext(after *migration.State) error {
	for _, sentence := range append(sentences(after, s.config.Shared.Stack), s.rowSentences()...) {
		if err := s.ctx.Log.Info(sentence, nil); err != nil {
			return fmt.Errorf("log what to run next: %w", err)
		}
	}
	return nil
}

// rowSentences say what to run until the policies admit the mapping's rows alone, and
// that the stack isn't needed any more.
func (s *providerStack) rowSentences() []string {
	var all []string
	if !slices.ContainsFunc(s.apis, func(api topology.API) bool { return api.Rows[0].Index != formerIndex }) {
		all = append(all, fmt.Sprintf("no row leads to an API of account %s any more: destroy this stack when `pulumi up` has nothing to do", s.account.ID))
	}
	widened := s.ownWidens()
	if len(widened) == 0 {
		return all
	}
	next := "run pulumi up on stack %s next, " + inEffect
	if !*s.config.Redeploy && len(s.waitingRows()) > 0 {
		next = "when the commands of output redeployCommands were run, run pulumi up on this stack, then on stack %s"
	}
	return append(all, fmt.Sprintf("the policies admit what the proxy serves of %s beside what the mapping wants: "+next+", which leads the requests to what is admitted, and then on this one again, "+inEffect,
		strings.Join(widened, ", "), s.config.Shared.Stack))
}

func sentences(after *migration.State, sharedStack string) []string {
	var all []string
	for _, advised := range after.Advice() {
		all = append(all, fmt.Sprintf(advice[advised.Advice], strings.Join(advised.Names, ", "), sharedStack))
	}
	return all
}
