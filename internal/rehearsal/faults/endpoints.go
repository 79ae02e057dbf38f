package faults

import (
	"net/netip"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

var endpointFaults = []Fault{
	{Name: "endpoint-gone", Breaks: "deletes the execute-api endpoint", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{proxyErrors}, Cause: doctor.StepEndpoint, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			endpoint := s.Shared.Endpoints[s.row.FrontDoor]
			if err := remove(op, view.VPCEndpointType, id(endpoint)); err != nil {
				return err
			}
			return remove(op, view.NetworkInterfaceType, func(r *engine.Resource) bool { return r.Hidden.Text("owner") == endpoint })
		})
	}},
	{Name: "endpoint-address-dead", Breaks: "gives the endpoint another address in one subnet, so that the proxy sends requests to one that is dead", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepEndpoint, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			moved := false
			return change(op, view.NetworkInterfaceType, func(r *engine.Resource) bool {
				chosen := !moved && r.Hidden.Text("owner") == s.Shared.Endpoints[s.row.FrontDoor]
				moved = moved || chosen
				return chosen
			}, func(r *engine.Resource) {
				r.Properties["privateIp"] = s.freeAddress(op, r.Properties.Text("subnetId"))
			})
		})
	}},
	{Name: "endpoint-slow", Breaks: "has the endpoint answer later than the longest TIMEOUT of a row", FrontDoor: mapping.FrontDoorNGINX, Alarms: []string{proxyErrors},
		Unseen: "the accounts don't say how fast an endpoint answers", live: (*scene).slowEndpoint},
	{Name: "proxy-calls-another-name", Breaks: "starts the tasks with a name that isn't the endpoint's", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepEndpoint, inject: func(s *scene) error {
		return s.shared(func(op *engine.Op) error {
			return change(op, view.ECSServiceType, with("name", s.Shared.Service), func(r *engine.Resource) {
				running := r.Hidden.Object("running")
				running["containerDefinitions"] = strings.ReplaceAll(running.Text("containerDefinitions"), s.Shared.Endpoints[s.row.FrontDoor], "vpce-0aaaaaaaaaaaaaaaa")
			})
		})
	}},
	{Name: "endpoint-policy-denies", Breaks: "gives the endpoint a policy that denies the API", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepEndpointPolicy, inject: func(s *scene) error {
		return s.setEndpointPolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
			{"Sid":"NotThisOne","Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:*:execute-api:*:*:` + string(s.row.API.ID) + `/*"}]}`)
	}},
	{Name: "endpoint-policy-narrow", Breaks: "gives the endpoint a policy that allows another API alone", FrontDoor: mapping.FrontDoorNGINX, Cause: doctor.StepEndpointPolicy, inject: func(s *scene) error {
		return s.setEndpointPolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:*:execute-api:*:*:another001/*"}]}`)
	}},
}

// beyondTimeout is how much later than a row's TIMEOUT a slow endpoint answers.
const beyondTimeout = 500 * time.Millisecond

func (s *scene) slowEndpoint(environment *live.Environment) {
	longest := time.Duration(0)
	for _, row := range s.Mapping.Rows {
		if row.FrontDoor == s.row.FrontDoor && !row.Retired {
			longest = max(longest, row.Timeout)
		}
	}
	for i := range environment.Endpoints {
		if environment.Endpoints[i].ID == s.Shared.Endpoints[s.row.FrontDoor] {
			environment.Endpoints[i].Delay = longest + beyondTimeout
		}
	}
}

func (s *scene) setEndpointPolicy(document string) error {
	return s.shared(func(op *engine.Op) error {
		return change(op, view.VPCEndpointType, id(s.Shared.Endpoints[s.row.FrontDoor]), func(r *engine.Resource) { r.Properties["policy"] = document })
	})
}

// freeAddress is an address of a subnet that no network interface has: the 20th behind
// the first, or a later one.
func (s *scene) freeAddress(op *engine.Op, subnet string) string {
	taken := map[string]bool{}
	for _, r := range op.All(view.NetworkInterfaceType) {
		taken[r.Properties.Text("privateIp")] = true
	}
	network, err := netip.ParsePrefix(op.Find(view.SubnetType, subnet).Properties.Text("cidrBlock"))
	if err != nil {
		return ""
	}
	address := network.Addr()
	for range 20 { // behind those that Portico chooses, and those that AWS keeps
		address = address.Next()
	}
	for taken[address.String()] {
		address = address.Next()
	}
	return address.String()
}
