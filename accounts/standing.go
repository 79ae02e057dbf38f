package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// standing is what the environment's stacks said after their last runs.
type standing struct {
	topology.Standing

	// known tells whether the stack's own outputs were read.
	known bool
	// certificateNames are those that each load balancer has certificates for, by
	// the end of its name.
	certificateNames map[string][]mapping.Host
	// endpoints are the IDs of the execute-api endpoints, by front door.
	endpoints map[mapping.FrontDoor]string
	// domains are the PRIVATE custom domains, by host.
	domains map[mapping.Host]privateDomain
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
	Keeps            []mapping.Host                 `json:"keeps"`
	DomainNameARNs   map[mapping.Host]string        `json:"domainNameArns"`
	ResourceShareARN string                         `json:"resourceShareArn"`
}

// serves tells whether the host had a name after the last run.
func (s *standing) serves(host mapping.Host) bool {
	return slices.Contains(s.Hosts, host) || s.Placements[host].Name != ""
}

// derive works out what has to stand next. Load balancers beyond the first are
// the only thing for which nginx rows alone need to know what stands.
func (s *standing) derive(ctx *pulumi.Context, config *sharedConfig, rows *mapping.Mapping) (*topology.Topology, error) {
	limits := config.limits()
	limits.StandingNames = s.certificateNames
	derived, err := topology.DeriveAt(rows, limits, topology.Place(rows.Rows, s.Standing))
	if err != nil || s.known || len(derived.LoadBalancers) < 2 {
		return derived, err
	}
	if err := s.readOwn(ctx); err != nil {
		return nil, err
	}
	return topology.DeriveAt(rows, limits, topology.Place(rows.Rows, s.Standing))
}

// readStanding reads what the stack itself and those of portico:providers said
// last; nothing where neither the mapping nor the configuration knows of another
// front door than nginx.
func readStanding(ctx *pulumi.Context, config *sharedConfig, rows *mapping.Mapping) (*standing, error) {
	s := &standing{
		Standing: topology.Standing{
			Placements: map[mapping.Host]topology.Placement{},
			Ready:      map[mapping.FrontDoor]map[string]bool{},
		},
		certificateNames: map[string][]mapping.Host{},
		domains:          map[mapping.Host]privateDomain{},
	}
	wants := firstWithout(rows, mapping.FrontDoorNGINX)
	if wants == nil && len(config.Providers) == 0 {
		return s, nil
	}
	if len(config.Providers) == 0 {
		return nil, fmt.Errorf(`%s:%d:%d: APIS[%d].FRONT_DOOR: %s needs the provider accounts' stacks, which say when their side stands: set portico:providers: ["organization/portico-provider/%s-NAME"], all of them`,
			rows.Source, wants.Pos.Line, wants.Pos.Column, wants.Index, wants.FrontDoor, ctx.Stack())
	}
	if err := s.readOwn(ctx); err != nil {
		return nil, err
	}
	var failures []error
	for _, stack := range config.Providers {
		failures = append(failures, s.readProvider(ctx, stack))
	}
	slices.Sort(s.shareARNs)
	return s, errors.Join(failures...)
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
	s.known = true
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
			s.certificateNames[""] = append(s.certificateNames[""], mapping.Host("*."+host.Parent()))
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
		if s.Ready[door] == nil {
			s.Ready[door] = map[string]bool{}
		}
		for _, row := range rows {
			s.Ready[door][row] = true
		}
	}
	return nil
}

// readStack reads the outputs that a stack had after its last run into typed, a
// pointer to a struct with JSON names. False: there is no such stack.
//
// It is the engine's own function behind StackReference. A StackReference is a
// resource: to one that isn't there yet, or is this very stack, the update would
// fail. A stack's last outputs outlast updates that fail; the engine keeps them.
func readStack(ctx *pulumi.Context, name string, typed any) (bool, error) {
	var found struct {
		Outputs map[string]any `pulumi:"outputs"`
	}
	args := struct {
		Name string `pulumi:"name"`
	}{name}
	// The raw form takes stacks that have secrets among outputs of others'.
	_, err := ctx.InvokePackageRaw("pulumi:pulumi:readStackOutputs", &args, &found, "")
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
