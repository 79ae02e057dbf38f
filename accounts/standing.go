package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// standing is what the environment's stacks said after their last runs.
type standing struct {
	topology.Standing

	// certificateNames are those that each load balancer has certificates for, by
	// the end of its name.
	certificateNames map[string][]mapping.Host
	// endpoints are the IDs of the execute-api endpoints, by front door.
	endpoints map[mapping.FrontDoor]string
	// domains are the PRIVATE custom domains, by host.
	domains map[mapping.Host]privateDomain
	// owners are the accounts that have the custom domains of hosts, by front
	// door and host, as far as their stacks say so.
	owners map[mapping.FrontDoor]map[mapping.Host]mapping.AccountID
	// shareARNs are the provider accounts' resource shares, sorted.
	shareARNs []string
	// admitting are the provider stacks whose policies admit an earlier front
	// door still, and absent those that were never brought up; both in the
	// configuration's order.
	admitting, absent []string
}

// privateDomain is a PRIVATE custom domain and the share of it.
type privateDomain struct{ arn, shareARN string }

// placementOutput is a host's entry in the shared stack's output doors.
type placementOutput struct {
	Name  mapping.FrontDoor   `json:"name"`
	Keeps []mapping.FrontDoor `json:"keeps"`
	Waits topology.Wait       `json:"waits"`
}

// balancerOutput is a load balancer's entry in the shared stack's output
// loadBalancers.
type balancerOutput struct {
	Suffix           string         `json:"suffix"`
	CertificateNames []mapping.Host `json:"certificateNames"`
}

// ownOutputs are the shared stack's outputs, as far as it reads them itself.
type ownOutputs struct {
	Hosts         []mapping.Host                   `json:"hosts"`
	Doors         map[mapping.Host]placementOutput `json:"doors"`
	Endpoints     map[mapping.FrontDoor]string     `json:"endpoints"`
	LoadBalancers []balancerOutput                 `json:"loadBalancers"`
}

// providerOutputs are a provider stack's outputs, as far as the shared stack
// reads them.
type providerOutputs struct {
	Ready            map[mapping.FrontDoor][]string `json:"ready"`
	ReadyFor         map[mapping.FrontDoor]string   `json:"readyFor"`
	Keeps            []mapping.Host                 `json:"keeps"`
	DomainNameARNs   map[mapping.Host]string        `json:"domainNameArns"`
	ResourceShareARN string                         `json:"resourceShareArn"`
	AccountID        mapping.AccountID              `json:"accountId"`
}

// serves tells whether the host had a name after the last run.
func (s *standing) serves(host mapping.Host) bool {
	return slices.Contains(s.Hosts, host) || s.Placements[host].Name != ""
}

// derive works out what has to stand next.
func (s *standing) derive(config *settings.Shared, rows *mapping.Mapping) (*topology.Topology, error) {
	options := config.TopologyOptions()
	options.Previous.CertificateNames = s.certificateNames
	return topology.DeriveAt(rows, options, topology.Place(rows.Rows, s.Standing))
}

// readStanding reads what the stack itself said last and, where the configuration
// names them, those of portico:providers. Without these no host can come to
// another front door than nginx, or leave one.
func readStanding(ctx *pulumi.Context, config *settings.Shared, rows *mapping.Mapping) (*standing, error) {
	s := &standing{
		Standing: topology.Standing{
			Placements: map[mapping.Host]topology.Placement{},
			Ready:      map[mapping.FrontDoor]map[string]bool{},
		},
		certificateNames: map[string][]mapping.Host{},
		domains:          map[mapping.Host]privateDomain{},
		owners:           map[mapping.FrontDoor]map[mapping.Host]mapping.AccountID{mapping.FrontDoorALB: {}, mapping.FrontDoorNative: {}},
	}
	if err := s.readOwn(ctx); err != nil {
		return nil, err
	}
	if len(config.Providers) == 0 {
		return s, s.checkAlone(ctx.Stack(), rows)
	}
	var failures []error
	for _, stack := range config.Providers {
		failures = append(failures, s.readProvider(ctx, stack))
	}
	slices.Sort(s.shareARNs)
	return s, errors.Join(failures...)
}

// checkAlone reports the first row that needs portico:providers where there are
// none: one of another front door than nginx, or one whose host is served by such
// still. The latter's way would be taken down before nginx's is known to stand.
func (s *standing) checkAlone(stack string, rows *mapping.Mapping) error {
	at := func(row *mapping.Row) string {
		return row.Position() + ".FRONT_DOOR: "
	}
	if row := firstWithout(rows, mapping.FrontDoorNGINX); row != nil {
		return fmt.Errorf(`%s%s needs the provider accounts' stacks, which say when their side stands: set portico:providers: ["organization/portico-provider/%s-NAME"], all of them`,
			at(row), row.FrontDoor, stack)
	}
	for i := range rows.Rows {
		row := &rows.Rows[i]
		if door := s.Placements[row.Host].Name; !row.Retired && door != "" && door != mapping.FrontDoorNGINX {
			return fmt.Errorf("%s%s is served by %s still, and leaves it when the provider accounts' stacks say that nginx is admitted: keep portico:providers until an update has led the name to nginx",
				at(row), row.Host, door)
		}
	}
	return nil
}

// firstWithout is the first unretired row that has not the front door.
func firstWithout(rows *mapping.Mapping, door mapping.FrontDoor) *mapping.Row {
	for i := range rows.Rows {
		if row := &rows.Rows[i]; !row.Retired && row.FrontDoor != door {
			return row
		}
	}
	return nil
}

func (s *standing) readOwn(ctx *pulumi.Context) error {
	var own ownOutputs
	name := strings.Join([]string{ctx.Organization(), ctx.Project(), ctx.Stack()}, "/")
	if _, err := readStack(ctx, name, &own); err != nil {
		return err
	}
	s.Hosts, s.endpoints = own.Hosts, own.Endpoints
	for host, placement := range own.Doors {
		s.Placements[host] = topology.Placement(placement)
	}
	for _, balancer := range own.LoadBalancers {
		s.certificateNames[balancer.Suffix] = balancer.CertificateNames
	}
	if len(own.LoadBalancers) == 0 {
		// There was one, and it had them all.
		for _, host := range own.Hosts {
			s.certificateNames[""] = append(s.certificateNames[""], host.Wildcard())
		}
	}
	return nil
}

func (s *standing) readProvider(ctx *pulumi.Context, stack string) error {
	var outputs providerOutputs
	found, err := readStack(ctx, stack, &outputs)
	if err != nil {
		return fmt.Errorf("%w (portico:providers)", err)
	}
	if !found {
		s.absent = append(s.absent, stack)
	}
	if len(outputs.Keeps) > 0 {
		s.admitting = append(s.admitting, stack)
	}
	if outputs.ResourceShareARN != "" {
		s.shareARNs = append(s.shareARNs, outputs.ResourceShareARN)
	}
	for host, arn := range outputs.DomainNameARNs {
		s.domains[host] = privateDomain{arn: arn, shareARN: outputs.ResourceShareARN}
	}
	for door, rows := range outputs.Ready {
		// A way that stands for an endpoint which is gone leads nowhere.
		if endpoint := outputs.ReadyFor[door]; endpoint != "" && endpoint != s.endpoints[door] {
			continue
		}
		if s.Ready[door] == nil {
			s.Ready[door] = map[string]bool{}
		}
		for _, row := range rows {
			s.Ready[door][row] = true
			if of := s.owners[door]; of != nil && outputs.AccountID != "" {
				host, _, _ := strings.Cut(row, "/")
				of[mapping.Host(host)] = outputs.AccountID
			}
		}
	}
	return nil
}

// checkOwners reports hosts whose rows lead to another account while they are
// served by a custom domain: their account would delete it before the other's can
// stand, since a REGIONAL name is unique in a region, and an endpoint is
// associated with one PRIVATE domain of a name.
func (s *standing) checkOwners(derived *topology.Topology, rows *mapping.Mapping) error {
	var wrong []error
	for _, api := range derived.APIs {
		for _, row := range api.Rows {
			for _, door := range []mapping.FrontDoor{mapping.FrontDoorALB, mapping.FrontDoorNative} {
				owner := s.owners[door][row.Host]
				if row.Retired || !s.Placements[row.Host].Serves(door) || owner == "" || api.Account == "" || owner == api.Account {
					continue
				}
				wrong = append(wrong, fmt.Errorf("%s.ACCOUNT: %s is served by %s from a custom domain of account %s, which would be deleted before account %s can have it: leave ACCOUNT and PRIVATE_API_URL as they were, have the host served by nginx first, and change them then",
					row.Position(), row.Host, door, owner, api.Account))
			}
		}
	}
	return errors.Join(wrong...)
}

// A checkpoint that can't be read is read this often, with a pause in between:
// it takes the backend milliseconds to write one.
const (
	checkpointReads = 40
	checkpointPause = 50 * time.Millisecond
)

// readStack reads the outputs that a stack had after its last run into typed, a
// pointer to a struct with JSON names. False: there is no such stack.
//
// It is the engine's own function behind StackReference. A StackReference is a
// resource: to one that isn't there yet, or is this very stack, the update would
// fail. A stack's last outputs outlast updates that fail; the engine keeps them.
//
// A backend of files writes a stack's checkpoint in place, that of this very
// update beside its program. Who reads half a file reads it again.
func readStack(ctx *pulumi.Context, name string, typed any) (bool, error) {
	var found struct {
		Outputs map[string]any `pulumi:"outputs"`
	}
	args := struct {
		Name string `pulumi:"name"`
	}{name}
	// The raw form takes stacks that have secrets among outputs of others'.
	var err error
	for range checkpointReads {
		_, err = ctx.InvokePackageRaw("pulumi:pulumi:readStackOutputs", &args, &found, "")
		if err == nil || !strings.Contains(err.Error(), "failed to load checkpoint") {
			break
		}
		select {
		case <-ctx.Context().Done():
			return false, fmt.Errorf("read the outputs of stack %s: %w", name, ctx.Context().Err())
		case <-time.After(checkpointPause):
		}
	}
	if err != nil {
		// The engine has no other sign for it, whatever the backend.
		if strings.Contains(err.Error(), fmt.Sprintf("unknown stack %q", name)) {
			return false, nil
		}
		return false, fmt.Errorf("read the outputs of stack %s: %w", name, err)
	}
	if version, exported := found.Outputs["contract"]; exported && version != float64(Contract) {
		return false, fmt.Errorf("read the outputs of stack %s: they are of contract %v, and this program knows %d: use the version of Portico that brought the stack up",
			name, describe(version), Contract)
	}
	data, err := json.Marshal(found.Outputs)
	if err == nil {
		err = json.Unmarshal(data, typed)
	}
	if err != nil {
		return false, fmt.Errorf("read the outputs of stack %s: %w", name, err)
	}
	return true, nil
}
