package settings

import "github.com/portico-iac/portico/internal/aws"

// Shared are the settings of a shared-services account's stack. Source.Shared
// reads them, CompleteShared completes those that are made in code.
type Shared struct {
	// Mapping is the path of the mapping file or directory, relative to the
	// project's directory. Required, unless a program is given its mapping.
	Mapping string `config:"mapping"`
	// App names the installation.
	App App `config:"app"`
	// Tags are further tags of every resource that has tags, beside app,
	// environment, managed-by and Name. At most 46. A role has one that differs from
	// these four in capitals alone, such as Environment, in its place: IAM takes both
	// for one tag. Default: none.
	Tags map[string]string `config:"tags"`
	// AWS is the account and the region in which the stack works.
	AWS AWS `config:"aws"`
	// IAM is about the roles that the stack creates.
	IAM IAM `config:"iam"`
	// KMS is about keys of AWS KMS that encrypt what the stack creates.
	KMS KMS `config:"kms"`
	// Network is the VPC.
	Network Network `config:"network"`
	// Endpoints are the VPC endpoints.
	Endpoints Endpoints `config:"endpoints"`
	// SecurityGroups are existing security groups to use.
	SecurityGroups SecurityGroups `config:"securityGroups"`
	// LoadBalancer is the load balancer in front of the proxy.
	LoadBalancer LoadBalancer `config:"loadBalancer"`
	// Image is the proxy's container image.
	Image Image `config:"image"`
	// Task is the size and the number of the proxy's tasks.
	Task Task `config:"task"`
	// Proxy is what the proxy does with requests.
	Proxy Proxy `config:"proxy"`
	// Logs is the proxy's log.
	Logs Logs `config:"logs"`
	// Alarms are CloudWatch's alarms about the proxy.
	Alarms Alarms `config:"alarms"`
	// Metrics is what shows the proxy's metrics.
	Metrics Metrics `config:"metrics"`
	// Certificates are those of the load balancers.
	Certificates Certificates `config:"certificates"`
	// DNS is the private hosted zones and their records.
	DNS DNS `config:"dns"`
	// ALB is for rows with FRONT_DOOR: alb.
	ALB ALB `config:"alb"`
	// Native is for rows with FRONT_DOOR: native.
	Native Native `config:"native"`
	// Providers are the full names of all provider accounts' stacks, such as
	// organization/portico-provider/dev-orders. Their outputs say how far each
	// account is. Rows with another front door than nginx need them. Default:
	// those with settings files in accounts/provider, which rows of nginx need when
	// they change their API.
	Providers []string `config:"providers"`
	// Quotas are the account's AWS quotas.
	Quotas Quotas `config:"quotas"`
}

// App names the installation. Every resource is tagged with both names.
type App struct {
	// Name begins the names of all resources, and is their tag "app".
	// Lower-case letters, digits and single hyphens; together with the environment
	// at most 18 characters. Default: portico.
	Name string `config:"name"`
	// Environment is the second part of the names, and the tag "environment".
	// Default: the stack's name.
	Environment string `config:"environment"`
}

// Prefix begins the names of the installation's resources.
func (a App) Prefix() string { return a.Name + "-" + a.Environment }

// AWS is the account and the region in which a stack works.
type AWS struct {
	// Region is the code of the region, such as us-east-1. The APIs are in the
	// same one. Required.
	Region string `config:"region"`
	// AccountID is the number of the only account that the stack may touch, 12
	// digits in quotes. In a provider account's stack it may be a name of the
	// mapping's ACCOUNTS. Required.
	AccountID string `config:"accountId"`
	// RoleARN is the role to assume. In a provider account's stack the
	// account's ROLE_ARN in ACCOUNTS is used if this is not set, provided that
	// allowedRoleArns has it. Default: the caller's own credentials.
	RoleARN string `config:"roleArn"`
	// ExternalID is the ID that the trust policies of the roles ask for that the stack
	// assumes, those of zones and VPCs of other accounts among them. A role that asks
	// for none takes any. Default: none.
	ExternalID string `config:"externalId"`
	// SessionDuration is how long the credentials of a role hold, such as 90m: 15m to
	// 12h, and no longer than the role's own maximum, which is 1h unless it was
	// raised. An update that takes longer asks for new ones. AWS gives 1h at most
	// where the caller is a role itself. Default: 15m.
	SessionDuration string `config:"sessionDuration"`
	// Endpoint is the URL of an emulator to call instead of AWS, such as
	// http://localhost:5000. Default: AWS.
	Endpoint string `config:"endpoint"`
}

// Network is the VPC: a new one, or an existing one with its subnets.
type Network struct {
	// Create creates a VPC. Default: true, or false where vpcId is set.
	Create *bool `config:"create"`
	// CIDR is the IPv4 range of a new VPC, from /16 to /23. Default: 10.0.0.0/16.
	CIDR string `config:"cidr"`
	// Zones is the number of Availability Zones of a new VPC, 2 or 3. Default: 2.
	Zones int `config:"zones"`
	// PublicSubnets adds public subnets and an internet gateway to a new VPC,
	// for other workloads. Portico uses private subnets only. Default: false.
	PublicSubnets bool `config:"publicSubnets"`
	// FlowLogs records the connections of a new VPC, accepted and rejected ones, in
	// CloudWatch Logs, which keeps them for logs.retentionDays. CloudWatch Logs takes
	// USD 0.50 a GB (us-east-1). The flow logs of an existing VPC are its owner's.
	// Default: true for a new VPC.
	FlowLogs *bool `config:"flowLogs"`
	// VPCID is an existing VPC. Default: none.
	VPCID string `config:"vpcId"`
	// SubnetIDs are private subnets of the existing VPC, two or more, each in a
	// zone of its own. Required with vpcId.
	SubnetIDs []string `config:"subnetIds"`
}

// Creates reports whether the VPC is created.
func (n Network) Creates() bool {
	if n.Create != nil {
		return *n.Create
	}
	return n.VPCID == ""
}

// RecordsFlows reports whether the connections of the VPC are recorded.
func (n Network) RecordsFlows() bool { return n.Creates() && (n.FlowLogs == nil || *n.FlowLogs) }

// Endpoints are the VPC endpoints. Those of an existing VPC can be used instead
// of creating them.
type Endpoints struct {
	// ExecuteAPI is the execute-api endpoint of the proxy.
	ExecuteAPI APIEndpoint `config:"executeApi"`
	// Logs is the endpoint of CloudWatch Logs.
	Logs Endpoint `config:"logs"`
	// ECRAPI is the endpoint of ECR's API.
	ECRAPI Endpoint `config:"ecrApi"`
	// ECRDKR is the endpoint of ECR's registry.
	ECRDKR Endpoint `config:"ecrDkr"`
	// S3 is the gateway endpoint of S3, where ECR keeps images' layers.
	S3 Endpoint `config:"s3"`
	// ALB is the execute-api endpoint of rows with FRONT_DOOR: alb. It is
	// another one than the other front doors'.
	ALB APIEndpoint `config:"alb"`
	// Native is the execute-api endpoint of rows with FRONT_DOOR: native. It is
	// another one than the other front doors'.
	Native APIEndpoint `config:"native"`
	// TrustCallers takes existing endpoints, or an existing
	// securityGroups.endpointId, whose rules admit others to port 443 than belong
	// there: the tasks' group at executeApi, the load balancer's at alb. At
	// executeApi they can claim any custom domain by a Referer header; at alb they
	// are held to none of the load balancer's allowed addresses, listener rules and
	// web ACLs. Default: false, and a preview refuses such rules.
	TrustCallers bool `config:"trustCallers"`
}

// Endpoint is an existing VPC endpoint. Without either field it is created.
type Endpoint struct {
	// ID is the endpoint's ID, vpce-... Default: none.
	ID string `config:"id"`
	// Lookup finds the only endpoint of the service in the VPC. Default: false.
	Lookup bool `config:"lookup"`
}

// PolicyOfRows is an endpoint's policy that is made of the mapping's rows.
const PolicyOfRows = "rows"

// APIEndpoint is an execute-api endpoint: an existing one by id or lookup, or a new one.
type APIEndpoint struct {
	// ID is the endpoint's ID, vpce-... Default: none.
	ID string `config:"id"`
	// Lookup finds the only endpoint of the service in the VPC. Default: false.
	Lookup bool `config:"lookup"`
	// Policy is the policy of a new endpoint: rows, which lets requests through to the
	// APIs and stages of the mapping's rows alone, or the path of a JSON file, relative
	// to the project's directory. With either, API Gateway reads the Authorization
	// header of every request: docs/operations.md says what it refuses. Default: full
	// access.
	Policy string `config:"policy"`
	// Document is the policy of the file as it was read; it is no setting.
	Document string
}

// Endpoint is the existing endpoint; the zero value: it is created.
func (e APIEndpoint) Endpoint() Endpoint { return Endpoint{ID: e.ID, Lookup: e.Lookup} }

// SecurityGroups are existing security groups of an existing VPC. Those that
// are not set are created.
type SecurityGroups struct {
	// LoadBalancerID is the load balancer's group. It has to let port 443 in
	// from clients and port 8443 out to the tasks, of an NLB also port 8444.
	// Default: created.
	LoadBalancerID string `config:"loadBalancerId"`
	// EndpointID is the group of the interface endpoints that are created. It
	// has to admit port 443 from the tasks. If it admits other clients, they
	// can reach the APIs without the proxy. Default: created.
	EndpointID string `config:"endpointId"`
	// TasksID is the group of the tasks. It has to admit port 8443 from the load
	// balancer alone, from an NLB also port 8444, and let port 443 out. Default:
	// created.
	TasksID string `config:"tasksId"`
}

// The types of load balancers.
const (
	ApplicationLoadBalancer = "ALB"
	NetworkLoadBalancer     = "NLB"
)

// LoadBalancer is the load balancer in front of the proxy.
type LoadBalancer struct {
	// Type is ALB, an Application Load Balancer, or NLB, a Network Load
	// Balancer. It stays while hosts of nginx are served. Default: ALB.
	Type string `config:"type"`
	// AllowedCIDRs are IPv4 ranges that may call, beside the VPC's own. Default:
	// none.
	AllowedCIDRs []string `config:"allowedCidrs"`
	// SSLPolicy is the TLS security policy of the listeners, one of TLS 1.2 or
	// later. Default: ELBSecurityPolicy-TLS13-1-2-2021-06.
	SSLPolicy string `config:"sslPolicy"`
	// DeletionProtection refuses the deletion of the load balancer. Default:
	// false.
	DeletionProtection bool `config:"deletionProtection"`
	// ZonalShift lets Amazon Application Recovery Controller move clients away from a
	// zone of the load balancers: docs/operations.md has the command. AWS takes
	// nothing for it. Default: false.
	ZonalShift bool `config:"zonalShift"`
	// ProxyProtocol has an NLB tell the proxy its callers' addresses. It needs
	// port 8444 of the tasks, which existing security groups have to let
	// through. An ALB tells them without. Default: true.
	ProxyProtocol *bool `config:"proxyProtocol"`
	// TrustStoreARN is a trust store of the account and region, by which an ALB
	// verifies clients' certificates (mutual TLS):
	// arn:aws:elasticloadbalancing:REGION:ACCOUNT:truststore/NAME/ID. It refuses
	// clients without one, and APIs get the X-Amzn-Mtls-Clientcert- headers of the
	// others. AWS takes USD 0.005 an hour for it (us-east-1). Default: none.
	TrustStoreARN string `config:"trustStoreArn"`
	// AccessLogs are logs of requests in S3, of an NLB logs of TLS connections. What
	// S3 keeps costs USD 0.023 a GB and month (us-east-1).
	AccessLogs BalancerLogs `config:"accessLogs"`
	// ConnectionLogs are logs of connections in S3, which an ALB alone has.
	ConnectionLogs BalancerLogs `config:"connectionLogs"`
}

// BalancerLogs is where logs of the load balancers go. Without bucket or create none
// are written.
type BalancerLogs struct {
	// Bucket is the name of an existing bucket in the region, which AWS encrypts by
	// keys of S3 (SSE-S3), and whose policy lets Elastic Load Balancing write:
	// docs/operations.md has it. Default: none.
	Bucket string `config:"bucket"`
	// Create has the logs go to a bucket that the stack creates, one for both kinds,
	// which keeps them for logs.retentionDays. Default: false.
	Create bool `config:"create"`
	// Prefix begins the logs' names, before AWSLogs/. Up to 200 letters, digits and
	// !-_.*'()/, without slashes at its ends. Default: none.
	Prefix string `config:"prefix"`
}

// On reports whether the logs are written.
func (l BalancerLogs) On() bool { return l.Bucket != "" || l.Create }

// TellsCallers reports whether the load balancer tells the proxy its callers'
// addresses.
func (b LoadBalancer) TellsCallers() bool {
	return b.Type != NetworkLoadBalancer || b.ProxyProtocol == nil || *b.ProxyProtocol
}

// Image is the proxy's container image.
type Image struct {
	// URI is a prebuilt image, with a tag or a digest. Nothing is built then,
	// and no Docker is needed. Default: the image is built.
	URI string `config:"uri"`
	// Base is the image that the proxy's image is built on, with a tag or a
	// digest. By its digest it is the same image everywhere. Default: the official
	// unprivileged NGINX 1.30.
	Base string `config:"base"`
	// Refresh has the base's tag looked up in its registry, once for each text that is
	// written here, such as a date; the image is then built on what the tag leads to,
	// by its digest, until the next look-up. Up to 64 letters, digits and -_.:/, with a
	// base by its tag. Default: none, and portico up --refresh-image looks it up.
	Refresh string `config:"refresh"`
	// BaseAgeDays is how many days after the stack began to build on a base, or after a
	// prebuilt image of Amazon ECR was pushed, a preview and an update say so, up to
	// 3650; 0: never. Default: 30.
	BaseAgeDays *int `config:"baseAgeDays"`
}

// defaultBaseAgeDays is Image.BaseAgeDays where none is given.
const defaultBaseAgeDays = 30

// The processor architectures of tasks.
const (
	ARM64 = "ARM64"
	X8664 = "X86_64"
)

// IAM is about the roles that the stack creates, those of the proxy's tasks and of
// the flow logs.
type IAM struct {
	// Path begins the path of the roles, which goes on with app.name and
	// app.environment: /platform/ makes it /platform/portico/dev/. Another one replaces
	// the roles. It begins and ends with a slash. Default: /.
	Path string `config:"path"`
	// PermissionsBoundary is the ARN of a managed policy of the account, or of AWS,
	// that bounds what the roles may do at most:
	// arn:aws:iam::111111111111:policy/NAME. It has to allow the execution role to
	// pull the image and to write the log, and the flow logs' role to write theirs.
	// Default: none.
	PermissionsBoundary string `config:"permissionsBoundary"`
}

// KMS is about keys of AWS KMS that encrypt what the stack creates. Without them AWS
// encrypts by keys of its own.
type KMS struct {
	// Logs is the ARN of a key that encrypts the log groups, of the proxy, of
	// Container Insights and of the flow logs:
	// arn:aws:kms:REGION:ACCOUNT:key/ID. Its policy has to let CloudWatch Logs use it:
	// docs/operations.md has it. Default: none.
	Logs string `config:"logs"`
	// ECR is the ARN of a key that encrypts the repository of the proxy's image. A
	// repository is encrypted when it is created, and its key stays. Default: none.
	ECR string `config:"ecr"`
}

// Task is the size and the number of the proxy's tasks.
type Task struct {
	// CPU is the CPU units of a task: 256, 512, 1024, 2048, 4096, 8192 or
	// 16384; 1024 are one processor. Default: 512.
	CPU int `config:"cpu"`
	// Memory is the memory of a task in MiB, one that Fargate pairs with the
	// CPU units. Default: 1024.
	Memory int `config:"memory"`
	// Architecture is ARM64 or X86_64. Default: ARM64.
	Architecture string `config:"architecture"`
	// Min is the least number of tasks, 1 or more. Default: 2.
	Min int `config:"min"`
	// Max is the greatest number of tasks, up to 5000 and to what the load
	// balancer takes. Default: 4, or min if that is more.
	Max int `config:"max"`
	// CPUPercent is the CPU use that scaling aims at, in percent, 1 to 100.
	// Default: 80.
	CPUPercent int `config:"cpuPercent"`
	// MemoryPercent is the memory use that scaling aims at, in percent, 1 to 100.
	// Requests that callers leave unfinished take memory and hardly any CPU.
	// Default: 70.
	MemoryPercent int `config:"memoryPercent"`
	// RequestsPerTarget is how many requests a minute of one ALB scaling aims at for
	// each task, beside the CPU and memory use; 1 or more. Several load balancers are
	// counted each for itself. AWS doesn't count requests of an NLB. Default: none.
	RequestsPerTarget *int `config:"requestsPerTarget"`
}

// Proxy is what the proxy does with requests.
type Proxy struct {
	// PassHeaders are names of request headers that pass as they arrive, since
	// something trusted in front of the load balancer sets them: names of the
	// list in docs/data-path.md, such as X-Real-IP. Default: none, and the proxy
	// removes them or sets its own.
	PassHeaders []string `config:"passHeaders"`
	// ClientRequests is how many requests one client address may have under way
	// in a task, 1 to 65535; the proxy answers more with 429. Clients behind one
	// address, such as that of a NAT gateway, share the number. Default: an
	// eighth of what the task's memory bears, at most a third of the request
	// bodies that its disk holds, at least 64.
	ClientRequests *int `config:"clientRequests"`
}

// Logs is the proxy's log.
type Logs struct {
	// RetentionDays is how many days CloudWatch Logs keeps the log, a number
	// that it knows; 0 keeps it for ever. Default: 30.
	RetentionDays *int `config:"retentionDays"`
	// SamplePercent is how many percent of the requests that are answered 200 to 399
	// within a second have a line in the log, 10 to 100; all others have one each. A
	// line has a field weight, how many requests it stands for, by which the metrics
	// count. Before you take it out, deploy 100: docs/observability.md says why.
	// Default: every request has a line, without the field.
	SamplePercent *int `config:"samplePercent"`
}

// Alarms are CloudWatch's alarms about the proxy.
type Alarms struct {
	// TopicARN is the ARN of the Amazon SNS topic that is told when an alarm begins
	// and when it ends, arn:aws:sns:us-east-1:111111111111:NAME, in the stack's region.
	// Those that take a deployment back exist with every proxy, the others while it is
	// set; CloudWatch takes USD 0.10 a month for each metric that an alarm reads
	// (us-east-1). Default: none.
	TopicARN string `config:"topicArn"`
}

// Metrics is what shows the proxy's metrics.
type Metrics struct {
	// Dashboard creates a dashboard of CloudWatch's about the proxy, named
	// app-environment-region, while rows of nginx are served. CloudWatch takes USD 3 a month for a
	// dashboard after an account's first three (us-east-1), and each time it is opened
	// USD 0.005 for a GB of the log. Default: false.
	Dashboard bool `config:"dashboard"`
}

// Which load balancers lead to rows of front door alb.
const (
	LoadBalancerShared = "shared"
	LoadBalancerOwn    = "own"
)

// ALB is for rows with FRONT_DOOR: alb.
type ALB struct {
	// LoadBalancer is shared, where the rows use the proxy's load balancers, or
	// own. It stays while hosts of alb are served. Default: shared, or own where
	// the proxy has an NLB.
	LoadBalancer string `config:"loadBalancer"`
}

// SharesLoadBalancer reports whether rows of front door alb use the proxy's load
// balancers.
func (c *Shared) SharesLoadBalancer() bool { return c.ALB.LoadBalancer == LoadBalancerShared }

// Native is for rows with FRONT_DOOR: native.
type Native struct {
	// AcceptShares are the numbers of accounts outside the organization whose
	// resource shares of private custom domains are accepted. Default: none.
	AcceptShares []string `config:"acceptShares"`
}

// DefaultShared are the settings of a stack that sets none. What depends on
// other settings is left empty: Source.Shared and CompleteShared fill it in.
func DefaultShared() *Shared {
	retention, baseAge := 30, defaultBaseAgeDays
	return &Shared{
		App:          App{Name: defaultApp},
		IAM:          IAM{Path: "/"},
		Network:      Network{CIDR: "10.0.0.0/16", Zones: 2},
		LoadBalancer: LoadBalancer{Type: ApplicationLoadBalancer, SSLPolicy: "ELBSecurityPolicy-TLS13-1-2-2021-06"},
		Image:        Image{BaseAgeDays: &baseAge},
		Task:         Task{CPU: 512, Memory: 1024, Architecture: ARM64, Min: 2, CPUPercent: 80, MemoryPercent: 70},
		Logs:         Logs{RetentionDays: &retention},
		Certificates: defaultCertificates(),
		DNS:          DNS{Records: RecordsWildcard, Scope: ScopeParent},
		Quotas:       defaultQuotas(),
	}
}

const (
	defaultApp = "portico"
	// defaultMaxTasks is Task.Max where Task.Min isn't more.
	defaultMaxTasks = 4
)

// complete fills in the defaults that depend on other settings. given are the
// keys that have a value.
func (c *Shared) complete(stack string, given map[string]bool) {
	if c.App.Name == "" {
		c.App.Name = defaultApp
	}
	if c.App.Environment == "" {
		c.App.Environment = stack
	}
	if !given["task.max"] {
		c.Task.Max = max(defaultMaxTasks, c.Task.Min)
	}
	if !given["alb.loadBalancer"] {
		c.ALB.LoadBalancer = LoadBalancerShared
		if c.LoadBalancer.Type == NetworkLoadBalancer {
			c.ALB.LoadBalancer = LoadBalancerOwn
		}
	}
	if !given["quotas.targetsPerLoadBalancer"] {
		c.Quotas.TargetsPerLoadBalancer = aws.QuotaTargetsPerALB
		if c.LoadBalancer.Type == NetworkLoadBalancer {
			c.Quotas.TargetsPerLoadBalancer = aws.QuotaTargetsPerNLB
		}
	}
	if given["certificates.namesPerCertificate"] && !given["quotas.namesPerCertificate"] {
		c.Quotas.NamesPerCertificate = c.Certificates.NamesPerCertificate
	}
	c.Certificates.complete()
}
