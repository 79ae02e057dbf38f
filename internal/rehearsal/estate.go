package rehearsal

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// estateOf reads a region's data path out of the simulated accounts: the shared
// account's load balancers and endpoints and what they lead to, and every
// account's zones, APIs and custom domain names. The bystander is a workload
// beside them, with its VPC's default security group.
func estateOf(simulator *awssim.Simulator, shared, region string) (estate *live.Estate, bystander live.Interface, err error) {
	a := openAccount(simulator, shared, region)
	network := simulator.Network(shared, region)
	estate = &live.Estate{
		Region: region, Partition: partitionOf(region),
		PublicNames: make(map[string][]netip.Addr),
		Reach: func(from, to live.Interface, port uint16) error {
			return network.Admits(party(from), party(to), int(port))
		},
		Zones: zonesOf(simulator),
		APIs:  apisOf(simulator, region),
	}
	if estate.Domains, err = domainsOf(simulator, region); err != nil {
		return nil, bystander, err
	}
	if estate.Endpoints, err = a.endpoints(estate); err != nil {
		return nil, bystander, err
	}
	running, err := a.services()
	if err != nil {
		return nil, bystander, err
	}
	for _, s := range running {
		estate.Tasks = append(estate.Tasks, s.tasks...)
	}
	if estate.LoadBalancers, err = a.loadBalancers(estate, running); err != nil {
		return nil, bystander, err
	}
	subnetID := subnetOf(estate)
	if subnetID == "" {
		return nil, bystander, fmt.Errorf("account %s has neither a task, a load balancer nor an execute-api endpoint in %s", shared, region)
	}
	if _, estate.VPCID, err = a.subnet(subnetID); err != nil {
		return nil, bystander, err
	}
	bystander, err = a.bystander(subnetID)
	return estate, bystander, err
}

// subnetOf is a subnet in which the data path begins.
func subnetOf(estate *live.Estate) string {
	for _, task := range estate.Tasks {
		return task.Interface.SubnetID
	}
	for _, balancer := range estate.LoadBalancers {
		for _, one := range balancer.Interfaces {
			return one.SubnetID
		}
	}
	for _, endpoint := range estate.Endpoints {
		for _, one := range endpoint.Interfaces {
			return one.SubnetID
		}
	}
	return ""
}

// partitionOf is the partition of a region.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
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
			Admit: func(call live.Invocation) (bool, error) {
				outcome := iampolicy.Unauthenticated
				if call.Authorization {
					outcome = iampolicy.Allowed
				}
				return api.Admits(awssim.Invocation{
					Stage: call.Stage, Verb: call.Method, Path: call.Path, Context: values(call.Context),
				}, outcome)
			},
		})
	}
	return apis
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
func (a *account) endpoints(estate *live.Estate) ([]live.Endpoint, error) {
	var endpoints []live.Endpoint
	for _, r := range a.all("aws:ec2/vpcEndpoint:VpcEndpoint") {
		p := r.Properties
		if !strings.HasSuffix(p.Text("serviceName"), "."+a.region+".execute-api") || p.Text("vpcEndpointType") != "Interface" {
			continue
		}
		faces, err := a.interfaces("endpoint "+r.ID, r.ID)
		if err != nil {
			return nil, err
		}
		endpoint := live.Endpoint{ID: r.ID, VPCID: p.Text("vpcId"), Interfaces: faces}
		if err := admitBy(&endpoint, estate, p.Text("policy")); err != nil {
			return nil, fmt.Errorf("read the policy of endpoint %s: %w", r.ID, err)
		}
		for _, entry := range p.Objects("dnsEntries") {
			name := canonical(entry.Text("dnsName"))
			if strings.HasPrefix(name, "*.") {
				continue
			}
			endpoint.DNSNames = append(endpoint.DNSNames, name)
			for _, one := range faces {
				estate.PublicNames[name] = append(estate.PublicNames[name], one.Address)
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
	for _, r := range simulator.Resources(awssim.Filter{Type: "aws:route53/record:Record"}) {
		p := r.Properties
		record := live.Record{
			Name: fullName(p), Type: p.Text("type"), TTL: uint32(p.Number("ttl")), Values: p.Texts("records"),
		}
		if aliases := p.Objects("aliases"); len(aliases) > 0 {
			record.AliasTarget = strings.TrimPrefix(canonical(aliases[0].Text("name")), "dualstack.")
		}
		records[p.Text("zoneId")] = append(records[p.Text("zoneId")], record)
	}
	var zones []live.Zone
	for _, r := range simulator.Resources(awssim.Filter{Type: "aws:route53/zone:Zone"}) {
		zone := live.Zone{Name: canonical(r.Properties.Text("name")), Records: records[r.ID]}
		for _, vpc := range r.Properties.Objects("vpcs") {
			zone.VPCIDs = append(zone.VPCIDs, vpc.Text("vpcId"))
		}
		if len(zone.VPCIDs) > 0 {
			zones = append(zones, zone)
		}
	}
	return zones
}

// fullName is a record's name; the provider shows it in full beside the name
// that the program gave.
func fullName(record awssim.Object) string {
	if name := record.Text("fqdn"); name != "" {
		return canonical(name)
	}
	return canonical(record.Text("name"))
}
