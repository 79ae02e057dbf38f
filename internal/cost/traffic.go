package cost

import (
	"fmt"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Traffic is a part of the cost that grows with requests, and is on no bill.
type Traffic struct {
	// FrontDoor is the front door whose requests it is for; empty: any.
	FrontDoor mapping.FrontDoor
	What      string
	// Price is what it is paid by. Its USD is 0 where that depends on what isn't known
	// here, such as a bucket's storage class.
	Price Price
}

// ByTraffic is what the requests of an environment of that topology add to its bill.
func ByTraffic(t *topology.Topology, s Settings) []Traffic {
	var parts []Traffic
	for _, frontDoor := range t.FrontDoors {
		parts = append(parts, Traffic{frontDoor, "data through the interface endpoints", EndpointGB})
		if s.balanced(t, frontDoor) {
			unit := BalancerUnitHour
			if s.NLB && frontDoor == mapping.FrontDoorNGINX {
				unit = NetworkBalancerUnitHour
			}
			parts = append(parts, Traffic{frontDoor, "capacity units of the load balancers", unit})
		}
		if frontDoor == mapping.FrontDoorNGINX {
			parts = append(parts, s.logged()...)
		}
	}
	if len(t.LoadBalancers) == 0 {
		return parts
	}
	if s.AccessLogs {
		parts = append(parts, Traffic{What: "access logs of the load balancers, kept in S3"})
	}
	if s.ConnectionLogs {
		parts = append(parts, Traffic{What: "connection logs of the load balancers, kept in S3"})
	}
	return parts
}

// balanced reports whether load balancers of a front door's own exist.
func (s Settings) balanced(t *topology.Topology, frontDoor mapping.FrontDoor) bool {
	for _, balancer := range t.LoadBalancers {
		if balancer.FrontDoor == frontDoor {
			return true
		}
	}
	return false
}

// logged is what CloudWatch Logs takes and keeps of requests through the proxy.
func (s Settings) logged() []Traffic {
	kept := "for ever"
	if s.RetentionDays > 0 {
		kept = fmt.Sprintf("%d days", s.RetentionDays)
	}
	parts := []Traffic{{mapping.FrontDoorNGINX, "lines of the proxy's log", LogsGB}}
	if percent := s.SamplePercent; percent > 0 && percent < 100 {
		sampled := LogsGB
		sampled.USD, sampled.Per = sampled.USD*float64(percent)/100, "GB of such lines, kept or not"
		parts = []Traffic{
			{mapping.FrontDoorNGINX, fmt.Sprintf("lines of the proxy's log about answers of 200 to 399 within a second, %d %% of them kept", percent), sampled},
			{mapping.FrontDoorNGINX, "other lines of the proxy's log", LogsGB},
		}
	}
	parts = append(parts, Traffic{FrontDoor: mapping.FrontDoorNGINX, What: "the proxy's log, kept " + kept})
	if s.FlowLogs {
		parts = append(parts, Traffic{mapping.FrontDoorNGINX, "flow logs of requests", LogsGB})
	}
	return parts
}
