// Package cost adds up what the resources of an environment cost a month while
// they exist, front door by front door, and names what traffic adds (data, load
// balancer capacity units, log lines): that is nearly the same for every front door,
// but for the access logs of the proxy.
package cost

// HoursPerMonth is a year's hours by twelve, as AWS's calculator has it.
const HoursPerMonth = 730

// Price is a list price of AWS in us-east-1. Other regions' differ, by a fifth
// at most for what is listed here; their order doesn't.
type Price struct {
	USD float64
	// Per is what it is paid for.
	Per string
	// Source is the page, and AsOf the day on which it said so.
	Source, AsOf string
}

// The prices, of us-east-1.
var (
	InterfaceEndpointHour = Price{0.01, "interface endpoint, availability zone and hour",
		"https://aws.amazon.com/privatelink/pricing/", "2026-09-17"}
	EndpointGB = Price{0.01, "GB through interface endpoints",
		"https://aws.amazon.com/privatelink/pricing/", "2026-09-17"}
	LoadBalancerHour = Price{0.0225, "Application or Network Load Balancer and hour",
		"https://aws.amazon.com/elasticloadbalancing/pricing/", "2026-09-20"}
	BalancerUnitHour = Price{0.008, "capacity unit of an Application Load Balancer and hour",
		"https://aws.amazon.com/elasticloadbalancing/pricing/", "2026-09-20"}
	NetworkBalancerUnitHour = Price{0.006, "capacity unit of a Network Load Balancer and hour",
		"https://aws.amazon.com/elasticloadbalancing/pricing/", "2026-09-20"}
	TrustStoreHour = Price{0.005, "trust store of Application Load Balancers and hour",
		"https://aws.amazon.com/elasticloadbalancing/pricing/", "2026-09-20"}
	FargateARMVCPUHour = Price{0.03238, "vCPU and hour, ARM64",
		"https://aws.amazon.com/fargate/pricing/", "2026-08-28"}
	FargateARMGBHour = Price{0.00356, "GB of memory and hour, ARM64",
		"https://aws.amazon.com/fargate/pricing/", "2026-08-28"}
	FargateX86VCPUHour = Price{0.04048, "vCPU and hour, X86_64",
		"https://aws.amazon.com/fargate/pricing/", "2026-08-28"}
	FargateX86GBHour = Price{0.004445, "GB of memory and hour, X86_64",
		"https://aws.amazon.com/fargate/pricing/", "2026-08-28"}
	LogsGB = Price{0.50, "GB of logs that CloudWatch Logs takes",
		"https://aws.amazon.com/cloudwatch/pricing/", "2026-09-20"}
	CustomMetricMonth = Price{0.30, "custom metric and month, the first 10,000",
		"https://aws.amazon.com/cloudwatch/pricing/", "2026-09-20"}
	AlarmMetricMonth = Price{0.10, "metric that an alarm reads and month",
		"https://aws.amazon.com/cloudwatch/pricing/", "2026-09-20"}
	DashboardMonth = Price{3.00, "dashboard and month, above an account's first three",
		"https://aws.amazon.com/cloudwatch/pricing/", "2026-09-20"}
	ResolverAddressHour = Price{0.125, "address of an endpoint of Route 53 Resolver and hour",
		"https://aws.amazon.com/route53/pricing/", "2026-08-31"}
	HostedZoneMonth = Price{0.50, "hosted zone and month, the first 25",
		"https://aws.amazon.com/route53/pricing/", "2026-08-31"}
	FurtherHostedZoneMonth = Price{0.10, "hosted zone and month above 25",
		"https://aws.amazon.com/route53/pricing/", "2026-08-31"}
)

// firstHostedZones is how many zones of an account have the higher price.
const firstHostedZones = 25

// Prices are all that a bill and what traffic adds can be made of.
func Prices() []Price {
	return []Price{
		InterfaceEndpointHour, EndpointGB, LoadBalancerHour, BalancerUnitHour, NetworkBalancerUnitHour, TrustStoreHour, FargateARMVCPUHour, FargateARMGBHour,
		FargateX86VCPUHour, FargateX86GBHour, LogsGB, CustomMetricMonth, AlarmMetricMonth, DashboardMonth, ResolverAddressHour, HostedZoneMonth, FurtherHostedZoneMonth,
	}
}

// PriceDates are the first and the last day on which a price was read.
func PriceDates() (first, last string) {
	first = Prices()[0].AsOf
	for _, price := range Prices() {
		first, last = min(first, price.AsOf), max(last, price.AsOf)
	}
	return first, last
}
