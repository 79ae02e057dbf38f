package cost

import (
	"fmt"
	"math"
	"slices"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// Settings are what a shared stack's settings say about size.
type Settings struct {
	// Zones is the number of availability zones: portico:network.zones.
	Zones int
	// Tasks is how many run at least: portico:task.min.
	Tasks int
	// CPUUnits and MemoryMiB are a task's: portico:task.cpu and memory. 1,024
	// units are a vCPU.
	CPUUnits, MemoryMiB int
	// X86 says that tasks run on X86_64 instead of ARM64.
	X86 bool
	// FlowLogs says that the connections of the VPC are recorded:
	// portico:network.flowLogs.
	FlowLogs bool
	// Alarms says that there are alarms about the proxy: portico:alarms.topicArn.
	Alarms bool
	// Dashboard says that there is a dashboard about the proxy: portico:metrics.dashboard.
	Dashboard bool
	// TrustStore says that the load balancers verify their clients' certificates:
	// portico:loadBalancer.trustStoreArn.
	TrustStore bool
	// NLB says that the proxy's load balancers are Network Load Balancers:
	// portico:loadBalancer.type.
	NLB bool
	// AccessLogs and ConnectionLogs say that the load balancers write such logs to S3:
	// portico:loadBalancer.accessLogs and connectionLogs.
	AccessLogs, ConnectionLogs bool
	// InboundAddresses is how many addresses the inbound endpoint of Route 53 Resolver
	// has: portico:dns.resolverInbound; 0: there is none.
	InboundAddresses int
	// RetentionDays is how long CloudWatch Logs keeps the proxy's log:
	// portico:logs.retentionDays; 0: for ever.
	RetentionDays int
	// SamplePercent is how many percent of the fast answers below 400 have a line in the
	// proxy's log: portico:logs.samplePercent; 0: all.
	SamplePercent int
	// ExistingEndpoints are interface endpoints of portico:endpoints that the
	// environment doesn't pay for, since they exist: ExecuteAPI, Logs, ECRAPI,
	// ECRDocker, ALB, Native.
	ExistingEndpoints []string
	// ExistingZones are private hosted zones that the environment doesn't pay for.
	ExistingZones []mapping.Zone
}

// The interface endpoints of an environment, by their keys in portico:endpoints.
const (
	ExecuteAPI = "executeApi"
	Logs       = "logs"
	ECRAPI     = "ecrApi"
	ECRDocker  = "ecrDkr"
	ALB        = "alb"
	Native     = "native"
)

// LogMetrics is how many metrics CloudWatch makes of the proxy's log.
const LogMetrics = 6

// DeploymentAlarmMetrics is how many metrics the alarms read that take deployments of the
// proxy back, behind so many load balancers: the errors and requests of the proxy, and the
// unhealthy targets of each balancer.
func DeploymentAlarmMetrics(balancers int) int { return 2 + balancers }

// AlarmMetrics is how many metrics the proxy's other alarms read, with so many
// certificates: of each balancer, what it rejects, its healthy targets, and the requests
// that are to be in the log; of the service's two aims the use and the tasks; the requests
// by the log, and what the endpoint drops.
func AlarmMetrics(balancers, certificates int) int {
	return 3*balancers + certificates + 2*2 + 1 + 1
}

// Endpoints lists the interface endpoints that a front door needs.
func Endpoints(frontDoor mapping.FrontDoor) []string {
	switch frontDoor {
	case mapping.FrontDoorNGINX:
		return []string{ExecuteAPI, Logs, ECRAPI, ECRDocker}
	case mapping.FrontDoorALB:
		return []string{ALB}
	case mapping.FrontDoorNative:
		return []string{Native}
	default:
		return nil
	}
}

// What the load balancers' health checks of the tasks leave in flow logs. Each node of a
// load balancer, one a zone, opens a connection to each task in each interval of
// components.LoadBalancer, and both ends record both directions. A record has the
// default format: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
const (
	healthCheckSeconds   = 10
	recordsPerConnection = 4
	bytesPerRecord       = 126
)

// Item is a line of a bill.
type Item struct {
	// FrontDoor is the front door that needs it; empty: every one does.
	FrontDoor mapping.FrontDoor
	What      string
	Count     int
	// USD is of all of them, a month, in whole cents.
	USD float64
}

// Bill is what an environment costs a month.
type Bill []Item

// Total is the sum of the bill in USD.
func (b Bill) Total() float64 {
	total := 0.0
	for _, item := range b {
		total += item.USD
	}
	return total
}

// Monthly is the bill of an environment of that topology.
func Monthly(t *topology.Topology, s Settings) Bill {
	var bill Bill
	for _, frontDoor := range t.FrontDoors {
		bill = append(bill, s.frontDoor(frontDoor)...)
		balancers := 0
		for _, balancer := range t.LoadBalancers {
			if balancer.FrontDoor == frontDoor {
				balancers++
			}
		}
		bill = append(bill, s.balancers(frontDoor, balancers)...)
		if s.Alarms && frontDoor == mapping.FrontDoorNGINX {
			metrics := AlarmMetrics(balancers, certificates(t))
			bill = append(bill, Item{FrontDoor: frontDoor, What: "metrics that other alarms read", Count: metrics, USD: cents(float64(metrics) * AlarmMetricMonth.USD)})
		}
	}
	if s.Dashboard && slices.Contains(t.FrontDoors, mapping.FrontDoorNGINX) {
		bill = append(bill, Item{FrontDoor: mapping.FrontDoorNGINX, What: "dashboard", Count: 1, USD: cents(DashboardMonth.USD)})
	}
	if s.TrustStore && len(t.LoadBalancers) > 0 {
		bill = append(bill, Item{What: "trust store of the load balancers", Count: 1, USD: cents(hourly(TrustStoreHour))})
	}
	if s.InboundAddresses > 0 {
		bill = append(bill, Item{
			What: "addresses of the resolver's inbound endpoint", Count: s.InboundAddresses, USD: cents(float64(s.InboundAddresses) * hourly(ResolverAddressHour)),
		})
	}
	zones := 0
	for _, zone := range t.Zones {
		if !slices.Contains(s.ExistingZones, zone.Name) {
			zones++
		}
	}
	if zones > 0 {
		first := min(zones, firstHostedZones)
		bill = append(bill, Item{
			What: "private hosted zones", Count: zones,
			USD: cents(float64(first)*HostedZoneMonth.USD + float64(zones-first)*FurtherHostedZoneMonth.USD),
		})
	}
	return bill
}

// certificates is how many certificates the load balancers have.
func certificates(t *topology.Topology) int {
	n := 0
	for _, balancer := range t.LoadBalancers {
		n += len(balancer.Certificates)
	}
	return n
}

// frontDoor is what a front door costs however many hosts it serves, without load
// balancers.
func (s Settings) frontDoor(frontDoor mapping.FrontDoor) Bill {
	var bill Bill
	endpoints := 0
	for _, name := range Endpoints(frontDoor) {
		if !slices.Contains(s.ExistingEndpoints, name) {
			endpoints++
		}
	}
	if endpoints > 0 {
		bill = append(bill, Item{
			FrontDoor: frontDoor, What: fmt.Sprintf("interface endpoints in %d zones", s.Zones), Count: endpoints,
			USD: cents(float64(endpoints*s.Zones) * hourly(InterfaceEndpointHour)),
		})
	}
	if frontDoor == mapping.FrontDoorNGINX {
		vcpu, gb, architecture := FargateARMVCPUHour, FargateARMGBHour, "ARM64"
		if s.X86 {
			vcpu, gb, architecture = FargateX86VCPUHour, FargateX86GBHour, "X86_64"
		}
		task := float64(s.CPUUnits)/1024*hourly(vcpu) + float64(s.MemoryMiB)/1024*hourly(gb)
		bill = append(bill, Item{
			FrontDoor: frontDoor, What: fmt.Sprintf("Fargate tasks of %d CPU units and %d MiB, %s", s.CPUUnits, s.MemoryMiB, architecture),
			Count: s.Tasks, USD: cents(float64(s.Tasks) * task),
		}, Item{
			FrontDoor: frontDoor, What: "metrics of the proxy", Count: LogMetrics, USD: cents(LogMetrics * CustomMetricMonth.USD),
		})
		if s.FlowLogs {
			checks := float64(s.Tasks*s.Zones) * HoursPerMonth * 3600 / healthCheckSeconds
			bill = append(bill, Item{
				FrontDoor: frontDoor, What: "flow logs of health checks", Count: 1,
				USD: cents(checks * recordsPerConnection * bytesPerRecord / 1e9 * LogsGB.USD),
			})
		}
	}
	return bill
}

// balancers is what so many load balancers cost, and the alarms of the proxy behind them.
func (s Settings) balancers(frontDoor mapping.FrontDoor, n int) Bill {
	if n == 0 {
		return nil
	}
	bill := Bill{{FrontDoor: frontDoor, What: "load balancers", Count: n, USD: cents(float64(n) * hourly(LoadBalancerHour))}}
	if frontDoor == mapping.FrontDoorNGINX {
		metrics := DeploymentAlarmMetrics(n)
		bill = append(bill, Item{FrontDoor: frontDoor, What: "metrics that deployments' alarms read", Count: metrics, USD: cents(float64(metrics) * AlarmMetricMonth.USD)})
	}
	return bill
}

// FixedCost is what the front doors cost a month in USD before any host, with one
// load balancer each. sharedALB says that alb uses the proxy's.
func (s Settings) FixedCost(frontDoors []mapping.FrontDoor, sharedALB bool) float64 {
	total := 0.0
	for _, frontDoor := range frontDoors {
		total += s.frontDoor(frontDoor).Total()
		own := frontDoor == mapping.FrontDoorNGINX ||
			frontDoor == mapping.FrontDoorALB && !(sharedALB && slices.Contains(frontDoors, mapping.FrontDoorNGINX))
		if own {
			total += s.balancers(frontDoor, 1).Total()
		}
	}
	return total
}

func hourly(p Price) float64 { return p.USD * HoursPerMonth }

func cents(usd float64) float64 { return math.Round(usd*100) / 100 }
