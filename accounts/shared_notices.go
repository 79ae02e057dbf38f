package accounts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/migration"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

// maxHostsShown is how many hosts a message names before it counts the rest.
const maxHostsShown = 3

// inEffect is when what an update has deployed, or the tasks that it has replaced, no
// longer act as before: as long as the driver waits (automation.DefaultSettle).
const inEffect = "90 seconds later or more"

// logNotices logs the notices.
func (s *sharedStack) logNotices() error {
	for _, notice := range s.notices() {
		if err := s.ctx.Log.Info(notice, nil); err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
	return nil
}

// notices say, in previews too, what hosts wait for and what to run next: a line
// for each kind, however many hosts there are.
func (s *sharedStack) notices() []string {
	lines := slices.Clone(s.topology.Notices)
	if s.reports.renames != "" {
		lines = append(lines, s.reports.renames)
	}
	if s.config != nil && s.config.Endpoints.TrustCallers {
		lines = append(lines, "portico:endpoints.trustCallers is true: no check reads who reaches existing execute-api endpoints: at the proxy's they can claim any custom domain by a Referer header, at alb's the load balancer's rules and web ACLs do not hold them")
	}
	if s.config != nil {
		lines = append(lines, s.proxyProtocolNotices()...)
		lines = append(lines, s.prebuiltNotices()...)
		lines = append(lines, s.baseNotices()...)
		lines = append(lines, s.prebuiltImageNotices()...)
	}
	plan, state := s.topology.Plan, s.reports.migration
	if hosts := plan.Hosts(outputs.PendingProvider); len(hosts) > 0 {
		lines = append(lines, fmt.Sprintf("%s until the accounts of their APIs (%s) have their side of the front door: run `pulumi up` on the accounts' stacks, then on this one again%s",
			plural(hosts, "waits", "wait"), strings.Join(s.accountsOf(hosts), ", "), neverBroughtUp(state.Absent())))
	}
	if hosts := plan.Hosts(outputs.PendingAssociation); len(hosts) > 0 {
		lines = append(lines, fmt.Sprintf("%s until API Gateway has provisioned the access association that this update makes, which takes up to 15 minutes: run `pulumi up` on this stack again 15 minutes later or more, to move the name",
			plural(hosts, "stays where it is", "stay where they are")))
	}
	if hosts := newAtNative(plan, state); len(hosts) > 0 {
		lines = append(lines, plural(hosts, "is", "are")+" new, and answered when API Gateway has provisioned the access association that this update makes: up to 15 minutes later")
	}
	if hosts := plan.Hosts(outputs.PendingClients); len(hosts) > 0 {
		lines = append(lines, fmt.Sprintf("%s to another front door in this update, and the earlier one stays up for clients that know the old address: run `pulumi up` on this stack again a minute later or more, to remove it",
			plural(hosts, "moves", "move")))
	}
	if hosts := s.streamingHosts(); len(hosts) > 0 {
		lines = append(lines, fmt.Sprintf("%s (STREAM: true): each deployment of the proxy waits %.0f minutes for the answers of the tasks that it replaces, and takes that much longer",
			plural(hosts, "streams", "stream"), mapping.MaxStreamDuration.Minutes()))
	}
	lines = append(lines, s.rowNotices()...)
	if stacks := state.Outdated(plan); len(stacks) > 0 {
		lines = append(lines, "APIs of hosts that have moved admit the earlier front door until `pulumi up` on "+strings.Join(stacks, ", "))
	}
	return lines
}

// prebuiltNotices say how rows get other targets with a prebuilt image, of which it is
// not known what it serves.
func (s *sharedStack) prebuiltNotices() []string {
	if before := s.reports.own.MappingDigest; s.config.Image.URI == "" || before == "" || before == s.mapping.Digest {
		return nil
	}
	return []string{"the mapping has changed, and no row is held for it, since portico:image.uri is a prebuilt image: requests of a row whose PRIVATE_API_URL has changed get 403 until its account's stack has run. " +
		"To lose none: give the new target a row under a base path of its own, bring that up with an image that serves both rows, then bring up an image that sends the requests to the new target, and change the first row when its tasks are replaced"}
}

// rowNotices say which hosts' requests go on to former targets, and what to run next.
func (s *sharedStack) rowNotices() []string {
	var lines []string
	if hosts := migration.Unsettled(s.reports.served); len(hosts) > 0 {
		var accounts []string
		for _, row := range s.reports.served.Awaited {
			accounts = append(accounts, cmp.Or(string(row.Account), "the one of "+row.URL))
		}
		slices.Sort(accounts)
		lines = append(lines, fmt.Sprintf("%s served as before until the policies of the new targets (%s) admit the requests: run `pulumi up` on the accounts' stacks, then on this one again, %s",
			plural(hosts, "is", "are"), strings.Join(slices.Compact(accounts), ", "), inEffect))
	}
	if stacks := s.reports.migration.Wide(s.reports.served); len(stacks) > 0 {
		lines = append(lines, "policies admit the former targets of rows until `pulumi up` on "+strings.Join(stacks, ", ")+", "+inEffect)
	}
	return lines
}

// streamingHosts are the hosts of rows whose answers may last up to 15 minutes,
// sorted, each once.
func (s *sharedStack) streamingHosts() []mapping.Host {
	var hosts []mapping.Host
	for _, row := range s.mapping.Rows {
		if !row.Retired && row.Stream {
			hosts = append(hosts, row.Host)
		}
	}
	if s.reports.served != nil {
		for _, row := range s.reports.served.Rows {
			if row.Stream {
				hosts = append(hosts, row.Host)
			}
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// newAtNative are the hosts that get their first name in this update, at native.
func newAtNative(plan migration.Plan, state *migration.State) []mapping.Host {
	return slices.DeleteFunc(state.NextRun().Creates, func(host mapping.Host) bool {
		return plan[host].Current != mapping.FrontDoorNative
	})
}

// plural says what hosts do: "a.example.com waits", "a.example.com and 2 more
// hosts wait".
func plural(hosts []mapping.Host, one, many string) string {
	if len(hosts) == 1 {
		return string(hosts[0]) + " " + one
	}
	var names []string
	for _, host := range hosts[:min(len(hosts), maxHostsShown)] {
		names = append(names, string(host))
	}
	shown := strings.Join(names, ", ")
	if more := len(hosts) - maxHostsShown; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%d hosts (%s) %s", len(hosts), shown, many)
}

func neverBroughtUp(stacks []string) string {
	if len(stacks) == 0 {
		return ""
	}
	return " (never brought up: " + strings.Join(stacks, ", ") + ")"
}

// accountsOf are the accounts that own the APIs of hosts, sorted.
func (s *sharedStack) accountsOf(hosts []mapping.Host) []string {
	wanted := map[mapping.Host]bool{}
	for _, host := range hosts {
		wanted[host] = true
	}
	accounts := map[string]bool{}
	for _, api := range s.topology.APIs {
		for _, row := range api.Rows {
			if !row.Retired && wanted[row.Host] {
				accounts[cmp.Or(string(api.Account), "the one of API "+string(api.ID))] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(accounts))
}
