package rehearsal

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// environmentOf reads a region's data path out of the simulated accounts: the
// shared account's load balancers and what they lead to, and every account's
// endpoints, zones, APIs and custom domain names. The workloads are one in each
// VPC with an endpoint or a load balancer, with the VPC's default security
// group.
func environmentOf(simulator *awssim.Simulator, shared, region string) (*live.Environment, workloads, error) {
	a := openAccount(simulator, shared, region)
	partition, _ := aws.PartitionOf(region)
	environment := &live.Environment{
		Region: region, Partition: partition.ID,
		PublicNames: make(map[string][]netip.Addr),
		Reach:       reach(simulator, region),
		Zones:       zonesOf(simulator),
		APIs:        apisOf(simulator, region),
	}
	var err error
	if environment.Domains, err = domainsOf(simulator, region); err != nil {
		return nil, nil, err
	}
	running, err := a.services()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range running {
		environment.Tasks = append(environment.Tasks, s.tasks...)
	}
	if environment.LoadBalancers, err = a.loadBalancers(environment, running); err != nil {
		return nil, nil, err
	}
	if environment.Endpoints, err = a.endpoints(environment); err != nil {
		return nil, nil, err
	}
	subnetID := subnetOf(environment)
	if subnetID == "" {
		return nil, nil, fmt.Errorf("account %s has neither a task, a load balancer nor an execute-api endpoint in %s", shared, region)
	}
	own, err := a.client(subnetID)
	if err != nil {
		return nil, nil, err
	}
	environment.VPCID = own.VPCID
	clients := workloads{own.VPCID: own}
	return environment, clients, clients.consume(simulator, environment)
}

// workloads are network interfaces of clients, by VPC.
type workloads map[string]live.Interface

// consume adds to the environment the endpoints of other accounts, by which
// workloads there call APIs and custom domain names, and finds a workload in
// each endpoint's VPC.
func (w workloads) consume(simulator *awssim.Simulator, environment *live.Environment) error {
	known := make(map[string]bool)
	for _, endpoint := range environment.Endpoints {
		known[endpoint.ID] = true
	}
	seen := make(map[string]bool)
	for _, r := range view.All[view.VPCEndpoint](simulator, awssim.Filter{Region: environment.Region}) {
		if seen[r.Account] {
			continue
		}
		seen[r.Account] = true
		a := openAccount(simulator, r.Account, environment.Region)
		endpoints, err := a.endpoints(environment)
		if err != nil {
			return err
		}
		for _, endpoint := range endpoints {
			if !known[endpoint.ID] {
				environment.Endpoints = append(environment.Endpoints, endpoint)
			}
			if _, found := w[endpoint.VPCID]; found {
				continue
			}
			if w[endpoint.VPCID], err = a.client(endpoint.Interfaces[0].SubnetID); err != nil {
				return err
			}
		}
	}
	return nil
}

// reach decides about connections within a VPC by the security groups of its account.
func reach(simulator *awssim.Simulator, region string) func(from, to live.Interface, port uint16) error {
	networks := make(map[string]*awssim.Network)
	for _, vpc := range view.All[view.VPC](simulator, awssim.Filter{Region: region}) {
		networks[vpc.ID] = simulator.Network(vpc.Account, region)
	}
	return func(from, to live.Interface, port uint16) error {
		network, ok := networks[to.VPCID]
		if !ok {
			return fmt.Errorf("no account has VPC %s", to.VPCID)
		}
		return network.Admits(endpointOf(from), endpointOf(to), int(port))
	}
}

// subnetOf is a subnet in which the data path begins.
func subnetOf(environment *live.Environment) string {
	for _, task := range environment.Tasks {
		return task.Interface.SubnetID
	}
	for _, balancer := range environment.LoadBalancers {
		for _, one := range balancer.Interfaces {
			return one.SubnetID
		}
	}
	for _, endpoint := range environment.Endpoints {
		for _, one := range endpoint.Interfaces {
			return one.SubnetID
		}
	}
	return ""
}

// apisOf are the REST APIs of every account in the region.
func apisOf(simulator *awssim.Simulator, region string) []live.API {
	deployed := simulator.RESTAPIs(region)
	var apis []live.API
	for _, id := range slices.Sorted(maps.Keys(deployed)) {
		api := deployed[id]
		apis = append(apis, live.API{
			ID: id, AccountID: api.Account, Private: api.EndpointType == "PRIVATE",
			Stages: api.StageNames(), VPCEndpointIDs: api.VPCEndpointIDs,
			Strict: api.AccessMode == "STRICT", TLS13: strings.HasPrefix(api.SecurityPolicy, "SecurityPolicy_TLS13_1_3"),
			Denials: func(call live.Invocation) []string { return api.Denials(invocationOf(call)) },
			Admit: func(call live.Invocation) (bool, error) {
				outcome := iampolicy.Unauthenticated
				if call.Authorization {
					outcome = iampolicy.Allowed
				}
				return api.Admits(invocationOf(call), outcome)
			},
		})
	}
	return apis
}

func invocationOf(call live.Invocation) awssim.Invocation {
	return awssim.Invocation{Stage: call.Stage, Verb: call.Method, Path: call.Path, Context: values(call.Context)}
}

// values are condition keys with their one value each.
func values(keys map[string]string) map[string][]string {
	lists := make(map[string][]string, len(keys))
	for key, value := range keys {
		lists[key] = []string{value}
	}
	return lists
}

// endpoints are the account's execute-api interface endpoints.
func (a *account) endpoints(environment *live.Environment) ([]live.Endpoint, error) {
	var endpoints []live.Endpoint
	for _, described := range view.All[view.VPCEndpoint](a.simulator, a.here()) {
		if !strings.HasSuffix(described.ServiceName, "."+a.region+".execute-api") || described.Type != "Interface" {
			continue
		}
		faces := a.interfaces("endpoint "+described.ID, described.ID)
		endpoint := live.Endpoint{ID: described.ID, VPCID: described.VPCID, Interfaces: faces}
		if err := admitBy(&endpoint, environment, described.Policy); err != nil {
			return nil, fmt.Errorf("read the policy of endpoint %s: %w", described.ID, err)
		}
		for _, entry := range described.DNSEntries {
			name := canonical(entry.DNSName)
			if strings.HasPrefix(name, "*.") {
				continue
			}
			endpoint.DNSNames = append(endpoint.DNSNames, name)
			environment.PublicNames[name] = nil
			for _, one := range faces {
				environment.PublicNames[name] = append(environment.PublicNames[name], one.Address)
			}
		}
		if len(faces) > 0 && len(endpoint.DNSNames) > 0 {
			endpoints = append(endpoints, endpoint)
		}
	}
	return endpoints, nil
}

// zonesOf are the private hosted zones of every account, with their records.
func zonesOf(simulator *awssim.Simulator) []live.Zone {
	records := make(map[string][]live.Record)
	for _, described := range view.All[view.Record](simulator, awssim.Filter{}) {
		record := live.Record{Name: canonical(described.FQDN), Type: described.Type, TTL: described.TTL, Values: described.Values}
		if len(described.Aliases) > 0 {
			record.AliasTarget = strings.TrimPrefix(canonical(described.Aliases[0].Name), "dualstack.")
		}
		records[described.HostedZoneID] = append(records[described.HostedZoneID], record)
	}
	var zones []live.Zone
	for _, described := range view.All[view.HostedZone](simulator, awssim.Filter{}) {
		zone := live.Zone{Name: canonical(described.Name), Records: records[described.ID]}
		for _, vpc := range described.VPCs {
			zone.VPCIDs = append(zone.VPCIDs, vpc.VPCID)
		}
		if len(zone.VPCIDs) > 0 {
			zones = append(zones, zone)
		}
	}
	return zones
}
