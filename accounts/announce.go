package accounts

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// maxHostsShown is how many hosts a message names before it counts the rest.
const maxHostsShown = 3

// announce logs the announcements.
func (s *sharedStack) announce() error {
	for _, line := range s.announcements() {
		if err := s.ctx.Log.Info(line, nil); err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
	return nil
}

// announcements say, in previews too, what hosts wait for and what to run next:
// a line for each kind, however many hosts there are.
func (s *sharedStack) announcements() []string {
	lines := slices.Clone(s.topology.Notices)
	waiting := map[topology.Wait][]string{}
	for host, placement := range s.topology.Placements {
		waiting[placement.Waits] = append(waiting[placement.Waits], string(host))
	}
	forProvider, forDomain, forClients := waiting[topology.WaitsForProvider], waiting[topology.WaitsForDomain], waiting[topology.WaitsForClients]
	if len(forProvider) > 0 {
		lines = append(lines, fmt.Sprintf("%s until the accounts of their APIs (%s) have their side of the front door: run `pulumi up` on the accounts' stacks, then on this one again%s",
			plural(forProvider, "waits", "wait"), strings.Join(s.accountsOf(forProvider), ", "), notThereYet(s.standing.absent)))
	}
	if len(forDomain) > 0 {
		lines = append(lines, fmt.Sprintf("%s until API Gateway has provisioned the access association that this update makes, which takes up to 15 minutes: run `pulumi up` on this stack again 15 minutes later or more, to move the name",
			plural(forDomain, "stays where it is", "stay where they are")))
	}
	if hosts := s.begun(); len(hosts) > 0 {
		lines = append(lines, plural(hosts, "is", "are")+" new, and answered when API Gateway has provisioned the access association that this update makes: up to 15 minutes later")
	}
	if len(forClients) > 0 {
		lines = append(lines, fmt.Sprintf("%s to another front door in this update, and the earlier one stays up for clients that know the old address: run `pulumi up` on this stack again a minute later or more, to take it down",
			plural(forClients, "moves", "move")))
	}
	if stacks := s.standing.admitting; len(stacks) > 0 && len(forProvider)+len(forDomain)+len(forClients) == 0 {
		lines = append(lines, "APIs of hosts that have moved admit the earlier front door until `pulumi up` on "+strings.Join(stacks, ", "))
	}
	return lines
}

// begun are the hosts that get their first name in this update, at native.
func (s *sharedStack) begun() []string {
	var hosts []string
	for host, placement := range s.topology.Placements {
		if placement.Name == mapping.FrontDoorNative && !s.standing.serves(host) {
			hosts = append(hosts, string(host))
		}
	}
	return hosts
}

// plural says what hosts do: "a.example.com waits", "a.example.com and 2 more
// hosts wait".
func plural(hosts []string, one, many string) string {
	slices.Sort(hosts)
	if len(hosts) == 1 {
		return hosts[0] + " " + one
	}
	shown := strings.Join(hosts[:min(len(hosts), maxHostsShown)], ", ")
	if more := len(hosts) - maxHostsShown; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%d hosts (%s) %s", len(hosts), shown, many)
}

func notThereYet(stacks []string) string {
	if len(stacks) == 0 {
		return ""
	}
	return " (never brought up: " + strings.Join(stacks, ", ") + ")"
}

// accountsOf are the accounts that own the APIs of hosts, sorted.
func (s *sharedStack) accountsOf(hosts []string) []string {
	wanted := map[mapping.Host]bool{}
	for _, host := range hosts {
		wanted[mapping.Host(host)] = true
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
