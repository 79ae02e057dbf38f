package view

import "net/netip"

// VPC is a virtual private cloud.
type VPC struct {
	Meta
	CIDRBlock              netip.Prefix `json:"cidrBlock"`
	DefaultSecurityGroupID string       `json:"defaultSecurityGroupId"`
}

// Subnet is a subnet of a VPC.
type Subnet struct {
	Meta
	VPCID            string       `json:"vpcId"`
	CIDRBlock        netip.Prefix `json:"cidrBlock"`
	AvailabilityZone string       `json:"availabilityZone"`
}

// NetworkInterface is an elastic network interface.
type NetworkInterface struct {
	Meta
	PrivateIP        netip.Addr `json:"privateIp"`
	SubnetID         string     `json:"subnetId"`
	SecurityGroupIDs []string   `json:"securityGroups"`
	Hidden           struct {
		// Owner is the ID of the resource that it was attached for: a load
		// balancer, an endpoint, an ECS service.
		Owner            string `json:"owner"`
		VPCID            string `json:"vpcId"`
		AvailabilityZone string `json:"availabilityZone"`
	} `json:"hidden"`
}

// VPCEndpoint is a VPC endpoint.
type VPCEndpoint struct {
	Meta
	VPCID             string   `json:"vpcId"`
	ServiceName       string   `json:"serviceName"`
	Type              string   `json:"vpcEndpointType"` // Interface or Gateway
	PrivateDNSEnabled bool     `json:"privateDnsEnabled"`
	Policy            string   `json:"policy"`
	SecurityGroupIDs  []string `json:"securityGroupIds"`
	DNSEntries        []struct {
		DNSName      string `json:"dnsName"`
		HostedZoneID string `json:"hostedZoneId"`
	} `json:"dnsEntries"`
}

// LoadBalancer is an Application or Network Load Balancer.
type LoadBalancer struct {
	Meta
	Name                    string   `json:"name"`
	Type                    string   `json:"loadBalancerType"` // application or network
	DNSName                 string   `json:"dnsName"`
	HostedZoneID            string   `json:"zoneId"`
	VPCID                   string   `json:"vpcId"`
	SecurityGroupIDs        []string `json:"securityGroups"`
	DropInvalidHeaderFields bool     `json:"dropInvalidHeaderFields"`
	PreserveHostHeader      bool     `json:"preserveHostHeader"`
	IdleTimeout             int      `json:"idleTimeout"` // seconds
}

// Action is what a listener or a rule does with a request.
type Action struct {
	Type           string `json:"type"`
	TargetGroupARN string `json:"targetGroupArn"`
	FixedResponse  *struct {
		StatusCode  string `json:"statusCode"`
		ContentType string `json:"contentType"`
		MessageBody string `json:"messageBody"`
	} `json:"fixedResponse"`
}

// Listener is a load balancer's listener.
type Listener struct {
	Meta
	LoadBalancerARN string   `json:"loadBalancerArn"`
	Port            uint16   `json:"port"`
	Protocol        string   `json:"protocol"`
	SSLPolicy       string   `json:"sslPolicy"`
	CertificateARN  string   `json:"certificateArn"` // "" without TLS
	DefaultActions  []Action `json:"defaultActions"`
}

// ListenerCertificate is a certificate of a listener beside its default one.
type ListenerCertificate struct {
	Meta
	ListenerARN    string `json:"listenerArn"`
	CertificateARN string `json:"certificateArn"`
}

// ListenerRule is a rule of an Application Load Balancer's listener.
type ListenerRule struct {
	Meta
	ListenerARN string `json:"listenerArn"`
	Priority    int    `json:"priority"`
	Conditions  []struct {
		// HostHeader is nil in conditions about anything else.
		HostHeader *struct {
			Values []string `json:"values"`
		} `json:"hostHeader"`
	} `json:"conditions"`
	Actions []Action `json:"actions"`
}

// TargetGroup is a target group.
type TargetGroup struct {
	Meta
	Name       string `json:"name"`
	Protocol   string `json:"protocol"`
	Port       uint16 `json:"port"`
	VPCID      string `json:"vpcId"`
	TargetType string `json:"targetType"`
	// ProxyProtocolV2 says that connections begin with a header of the proxy
	// protocol.
	ProxyProtocolV2 bool `json:"proxyProtocolV2"`
	HealthCheck     struct {
		Protocol string `json:"protocol"`
		Path     string `json:"path"`
		Port     string `json:"port"` // a number or "traffic-port"
		Matcher  string `json:"matcher"`
	} `json:"healthCheck"`
}

// TargetGroupAttachment is an address that was registered by hand.
type TargetGroupAttachment struct {
	Meta
	TargetGroupARN string `json:"targetGroupArn"`
	TargetID       string `json:"targetId"`
	Port           uint16 `json:"port"` // 0: the group's
}

// Certificate is a certificate of ACM.
type Certificate struct {
	Meta
	DomainName              string   `json:"domainName"`
	SubjectAlternativeNames []string `json:"subjectAlternativeNames"`
	Status                  string   `json:"status"`
	Type                    string   `json:"type"`     // AMAZON_ISSUED, IMPORTED or PRIVATE
	NotAfter                string   `json:"notAfter"` // RFC 3339, or empty
	// Body, PrivateKey and Chain are PEM where the certificate was imported.
	Body       string `json:"certificateBody"`
	PrivateKey string `json:"privateKey"`
	Chain      string `json:"certificateChain"`
}

// Names are the names that the certificate is for, the domain name first, each
// once.
func (c Certificate) Names() []string {
	names := []string{c.DomainName}
	for _, name := range c.SubjectAlternativeNames {
		if name != c.DomainName {
			names = append(names, name)
		}
	}
	return names
}

// HostedZone is a hosted zone; one without VPCs is public.
type HostedZone struct {
	Meta
	Name string `json:"name"`
	VPCs []struct {
		VPCID string `json:"vpcId"`
	} `json:"vpcs"`
}

// Record is a record set.
type Record struct {
	Meta
	HostedZoneID string   `json:"zoneId"`
	FQDN         string   `json:"fqdn"`
	Type         string   `json:"type"`
	TTL          uint32   `json:"ttl"` // seconds; 0 in aliases
	Values       []string `json:"records"`
	Aliases      []struct {
		Name         string `json:"name"`
		HostedZoneID string `json:"zoneId"`
	} `json:"aliases"`
}

// MetricFilter is a metric filter of a log group.
type MetricFilter struct {
	Meta
	LogGroupName   string               `json:"logGroupName"`
	Pattern        string               `json:"pattern"`
	Transformation MetricTransformation `json:"metricTransformation"`
}

// MetricTransformation is what a metric filter makes of events that match.
type MetricTransformation struct {
	Namespace    string            `json:"namespace"`
	Name         string            `json:"name"`
	Value        string            `json:"value"`        // a number or a selector
	DefaultValue string            `json:"defaultValue"` // of events that don't match; empty: none
	Unit         string            `json:"unit"`
	Dimensions   map[string]string `json:"dimensions"` // selectors
}

// MetricAlarm is an alarm of CloudWatch's, about one metric or about the query that
// returns data.
type MetricAlarm struct {
	Meta
	Name               string            `json:"name"`
	Tags               map[string]string `json:"tags"`
	Namespace          string            `json:"namespace"`
	MetricName         string            `json:"metricName"`
	Statistic          string            `json:"statistic"`
	Dimensions         map[string]string `json:"dimensions"`
	Period             int               `json:"period"` // seconds
	Queries            []MetricQuery     `json:"metricQueries"`
	ComparisonOperator string            `json:"comparisonOperator"`
	Threshold          float64           `json:"threshold"`
	EvaluationPeriods  int               `json:"evaluationPeriods"`
	DatapointsToAlarm  int               `json:"datapointsToAlarm"` // 0: as many as EvaluationPeriods
	TreatMissingData   string            `json:"treatMissingData"`
}

// MetricQuery is an expression of metric math or a metric of an alarm.
type MetricQuery struct {
	ID         string `json:"id"`
	Expression string `json:"expression"`
	ReturnData bool   `json:"returnData"`
	// Metric is nil in an expression.
	Metric *struct {
		Namespace  string            `json:"namespace"`
		MetricName string            `json:"metricName"`
		Statistic  string            `json:"stat"`
		Dimensions map[string]string `json:"dimensions"`
		Period     int               `json:"period"` // seconds
	} `json:"metric"`
}

func (*VPC) token() string                   { return VPCType }
func (*Subnet) token() string                { return SubnetType }
func (*NetworkInterface) token() string      { return NetworkInterfaceType }
func (*VPCEndpoint) token() string           { return VPCEndpointType }
func (*LoadBalancer) token() string          { return LoadBalancerType }
func (*Listener) token() string              { return ListenerType }
func (*ListenerCertificate) token() string   { return ListenerCertificateType }
func (*ListenerRule) token() string          { return ListenerRuleType }
func (*TargetGroup) token() string           { return TargetGroupType }
func (*TargetGroupAttachment) token() string { return TargetAttachmentType }
func (*Certificate) token() string           { return CertificateType }
func (*HostedZone) token() string            { return ZoneType }
func (*Record) token() string                { return RecordType }
func (*MetricFilter) token() string          { return MetricFilterType }
func (*MetricAlarm) token() string           { return MetricAlarmType }
