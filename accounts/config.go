package accounts

// Defaults of the configuration.
const (
	defaultApp           = "portico"
	defaultCIDR          = "10.0.0.0/16"
	defaultZones         = 2
	defaultCPU           = 512
	defaultMemory        = 1024
	defaultArchitecture  = "ARM64"
	defaultMin           = 2
	defaultMax           = 4
	defaultCPUPercent    = 80
	defaultRetentionDays = 30
)

// sharedConfig is the configuration of the shared-services account's stack.
type sharedConfig struct {
	// Mapping is the mapping file's path, relative to the project's directory.
	Mapping        string               `config:"mapping"`
	App            appConfig            `config:"app"`
	AWS            awsConfig            `config:"aws"`
	Network        networkConfig        `config:"network"`
	Endpoints      endpointsConfig      `config:"endpoints"`
	SecurityGroups securityGroupsConfig `config:"securityGroups"`
	LoadBalancer   loadBalancerConfig   `config:"loadBalancer"`
	Image          imageConfig          `config:"image"`
	Task           taskConfig           `config:"task"`
	Logs           logsConfig           `config:"logs"`
	Certificates   certificatesConfig   `config:"certificates"`
	DNS            dnsConfig            `config:"dns"`
	ALB            albConfig            `config:"alb"`
	Native         nativeConfig         `config:"native"`
	// Providers are the full names of the provider accounts' stacks, which say
	// how far they are. They are needed for front doors other than nginx.
	Providers []string     `config:"providers"`
	Quotas    quotasConfig `config:"quotas"`

	// supplied are the certificates of Certificates that need not be issued.
	supplied suppliedCertificates
}

// providerConfig is the configuration of a provider account's stack.
type providerConfig struct {
	Mapping string `config:"mapping"`
	// App gives the custom domains their tags; the environment defaults to the
	// shared stack's name.
	App    appConfig            `config:"app"`
	AWS    awsConfig            `config:"aws"`
	Shared stackConfig          `config:"shared"`
	APIs   []string             `config:"apis"`
	Policy policyConfig         `config:"policy"`
	Quotas providerQuotasConfig `config:"quotas"`
	// Redeploy has no default: a deployment publishes whatever the API's owner
	// has saved, so somebody has to decide.
	Redeploy *bool `config:"redeploy"`
	// CreateStages has the deployment create a stage that isn't there. Without
	// it such a stage is an error: it is more often a mistyped one, which the
	// deployment would create with whatever the API's owner has saved.
	CreateStages             bool     `config:"createStages"`
	AdditionalVPCEndpointIDs []string `config:"additionalVpcEndpointIds"`
	// Certificates are those of the account's custom domains.
	Certificates certificatesConfig `config:"certificates"`
	Native       consumersConfig    `config:"native"`

	// supplied are the certificates of Certificates that need not be issued.
	supplied suppliedCertificates
}

// providerQuotasConfig are the quotas of a provider account.
type providerQuotasConfig struct {
	// ResourcePolicySize is the same as policyConfig.MaxSize.
	ResourcePolicySize *int `config:"resourcePolicySize"`
	// PrivateDomains and RegionalDomains are the custom domains of native hosts
	// and of alb hosts.
	PrivateDomains  *int `config:"privateDomains"`
	RegionalDomains *int `config:"regionalDomains"`
}

// consumersConfig says who else than the shared account reaches the PRIVATE
// custom domains.
type consumersConfig struct {
	// VPCEndpointIDs are execute-api endpoints of consumers.
	VPCEndpointIDs []string `config:"vpcEndpointIds"`
	// Principals are the accounts that associate such endpoints.
	Principals []string `config:"principals"`
	// AllowExternalPrincipals admits accounts outside the organization.
	AllowExternalPrincipals bool `config:"allowExternalPrincipals"`
}

// appConfig names the installation; every resource is tagged with both.
type appConfig struct {
	Name        string `config:"name"`
	Environment string `config:"environment"`
}

// prefix begins the names of the installation's resources.
func (c appConfig) prefix() string { return c.Name + "-" + c.Environment }

// awsConfig says which account and region a stack works in.
type awsConfig struct {
	Region string `config:"region"`
	// AccountID is the only account that the stack may touch. In a provider
	// account's stack it may be a name of the mapping's ACCOUNTS.
	AccountID string `config:"accountId"`
	// RoleARN is the role to assume; empty: the caller's own credentials.
	RoleARN string `config:"roleArn"`
	// Endpoint is the URL of an AWS emulator; empty: AWS.
	Endpoint string `config:"endpoint"`
}

type networkConfig struct {
	Create        *bool    `config:"create"`
	CIDR          string   `config:"cidr"`
	Zones         *int     `config:"zones"`
	PublicSubnets bool     `config:"publicSubnets"`
	VPCID         string   `config:"vpcId"`
	SubnetIDs     []string `config:"subnetIds"`
}

// creates tells whether the VPC is to be created; where the key is absent, the
// presence of a VPC's ID decides.
func (c networkConfig) creates() bool {
	if c.Create != nil {
		return *c.Create
	}
	return c.VPCID == ""
}

type endpointsConfig struct {
	ExecuteAPI endpointConfig `config:"executeApi"`
	Logs       endpointConfig `config:"logs"`
	ECRAPI     endpointConfig `config:"ecrApi"`
	ECRDKR     endpointConfig `config:"ecrDkr"`
	S3         endpointConfig `config:"s3"`
	ALB        endpointConfig `config:"alb"`
	Native     endpointConfig `config:"native"`
}

type endpointConfig struct {
	ID     string `config:"id"`
	Lookup bool   `config:"lookup"`
}

type securityGroupsConfig struct {
	LoadBalancerID string `config:"loadBalancerId"`
	EndpointID     string `config:"endpointId"`
	TasksID        string `config:"tasksId"`
}

type loadBalancerConfig struct {
	Type               string   `config:"type"`
	AllowedCIDRs       []string `config:"allowedCidrs"`
	SSLPolicy          string   `config:"sslPolicy"`
	DeletionProtection bool     `config:"deletionProtection"`
}

type imageConfig struct {
	// URI is a prebuilt image, which is then neither built nor pushed.
	URI string `config:"uri"`
	// Base is the image that the proxy's image is built from.
	Base string `config:"base"`
}

type taskConfig struct {
	CPU          *int   `config:"cpu"`
	Memory       *int   `config:"memory"`
	Architecture string `config:"architecture"`
	Min          *int   `config:"min"`
	Max          *int   `config:"max"`
	CPUPercent   *int   `config:"cpuPercent"`
}

type logsConfig struct {
	RetentionDays *int `config:"retentionDays"`
}

// certificatesConfig says where the load balancer's certificates come from.
type certificatesConfig struct {
	// Source issues the certificates of hosts that no certificate of Import or
	// Existing covers: sourceDNS, which is the default, sourceEmail or
	// sourcePrivateCA. With sourceImport or sourceExisting there may be no such
	// hosts.
	Source              string `config:"source"`
	NamesPerCertificate *int   `config:"namesPerCertificate"`
	// Zones are public hosted zones of other accounts, for sourceDNS.
	Zones []publicZoneConfig `config:"zones"`
	// SharedRecords says that certificates of another environment in the same
	// account may need the same validation records, for sourceDNS: ACM gives an
	// account's certificates of one name the same. They may then be there
	// already, and are left behind.
	SharedRecords bool `config:"sharedRecords"`
	// ValidationDomain is the domain whose mailboxes are asked, for
	// sourceEmail.
	ValidationDomain string `config:"validationDomain"`
	// CertificateAuthorityARN is for sourcePrivateCA.
	CertificateAuthorityARN string                      `config:"certificateAuthorityArn"`
	Import                  []importedCertificateConfig `config:"import"`
	Existing                []existingCertificateConfig `config:"existing"`
}

// publicZoneConfig is a public hosted zone, and the role by which its records
// are written.
type publicZoneConfig struct {
	Name    string `config:"name"`
	RoleARN string `config:"roleArn"`
}

// importedCertificateConfig is PEM, or the paths of PEM files, relative to the
// project's directory.
type importedCertificateConfig struct {
	Certificate string `config:"certificate"`
	PrivateKey  string `config:"privateKey"`
	Chain       string `config:"chain"`
}

type existingCertificateConfig struct {
	ARN string `config:"arn"`
	// Names are those that the certificate covers.
	Names []string `config:"names"`
}

type dnsConfig struct {
	Records string `config:"records"`
	// Scope is parent, one zone per parent domain, or host, one per custom
	// domain.
	Scope        string               `config:"scope"`
	Existing     []existingZoneConfig `config:"existing"`
	Associations []associationConfig  `config:"associations"`
	// ProfileID is a Route 53 Profile to put the zones into.
	ProfileID string `config:"profileId"`
}

// existingZoneConfig is a private hosted zone that is there already.
type existingZoneConfig struct {
	Name string `config:"name"`
	ID   string `config:"id"`
	// Associate has the stack associate the zone with an existing VPC; with a
	// VPC that the stack creates it always does.
	Associate bool `config:"associate"`
	// RoleARN is a role of the zone's account; empty: it is the stack's.
	RoleARN string `config:"roleArn"`
}

// associationConfig is another VPC that resolves the custom domains.
type associationConfig struct {
	VPCID string `config:"vpcId"`
	// Region is the VPC's; empty: the stack's.
	Region string `config:"region"`
	// RoleARN is a role of the VPC's account; empty: it is the stack's.
	RoleARN string `config:"roleArn"`
	// AccountID is the VPC's account where that offers no role: the stack then
	// authorizes the association, and the account's own people make it.
	AccountID string `config:"accountId"`
}

// albConfig is for rows of front door alb.
type albConfig struct {
	// LoadBalancer is shared, where they go through the proxy's, or own.
	LoadBalancer string `config:"loadBalancer"`
}

// nativeConfig is for rows of front door native.
type nativeConfig struct {
	// AcceptShares are accounts outside the organization, whose shares of
	// PRIVATE custom domains have to be accepted.
	AcceptShares []string `config:"acceptShares"`
}

// quotasConfig is the account's quotas where they differ from those that AWS
// gives every account, or where less than all of them is Portico's to use.
type quotasConfig struct {
	// CertificatesPerLoadBalancer doesn't count the default certificate.
	CertificatesPerLoadBalancer *int `config:"certificatesPerLoadBalancer"`
	NamesPerCertificate         *int `config:"namesPerCertificate"`
	HostedZones                 *int `config:"hostedZones"`
	// RecordsPerZone counts the zone's own NS and SOA records.
	RecordsPerZone *int `config:"recordsPerZone"`
	// VPCsPerZone is the VPCs that a private hosted zone is associated with.
	VPCsPerZone *int `config:"vpcsPerZone"`
	// VPCAuthorizationsPerZone is those of them that are of other accounts.
	VPCAuthorizationsPerZone *int `config:"vpcAuthorizationsPerZone"`
	// SecurityGroupRules is the inbound rules of one group.
	SecurityGroupRules *int `config:"securityGroupRules"`
	// TargetsPerLoadBalancer bounds the tasks.
	TargetsPerLoadBalancer *int `config:"targetsPerLoadBalancer"`
	// LoadBalancers is how many may be used where one doesn't take all
	// certificates.
	LoadBalancers *int `config:"loadBalancers"`
	// RulesPerLoadBalancer doesn't count the default rule; each host of front
	// door alb needs one, and one is to spare for changes.
	RulesPerLoadBalancer *int `config:"rulesPerLoadBalancer"`
	// Associations is the access associations of private custom domains, one
	// for each host of front door native.
	Associations *int `config:"associations"`
}

// stackConfig names the shared-services account's stack.
type stackConfig struct {
	// Stack is its full name, organization/project/stack; in a self-managed
	// backend the organization is the word "organization".
	Stack string `config:"stack"`
}

type policyConfig struct {
	DenyForm string `config:"denyForm"`
	// MaxSize is the account's quota for resource policies, in characters.
	MaxSize *int `config:"maxSize"`
}

// referenceVariables tells which key stands for a variable of the reference
// implementation.
var referenceVariables = map[string]string{
	"APP_ENVIRONMENT":             "app.environment",
	"APP_NAME":                    "app.name",
	"CREATE_VPC":                  "network.create",
	"VPC_CIDR":                    "network.cidr",
	"PUBLIC_SUBNETS":              "network.publicSubnets",
	"EXTERNAL_VPC_ID":             "network.vpcId",
	"EXTERNAL_PRIVATE_SUBNETS_ID": "network.subnetIds",
	"EXTERNAL_ALB_SG_ID":          "securityGroups.loadBalancerId",
	"EXTERNAL_ENDPOINT_SG_ID":     "securityGroups.endpointId",
	"EXTERNAL_FARGATE_SG_ID":      "securityGroups.tasksId",
	"ELB_TYPE":                    "loadBalancer.type",
	"TASK_IMAGE":                  "image.uri (prebuilt) or image.base",
	"TASK_IMAGE_TAG":              "image.uri (prebuilt) or image.base, with the tag",
	"TASK_SCALE_CPU_PCT":          "task.cpuPercent",
	"TASK_SCALE_MIN":              "task.min",
	"TASK_SCALE_MAX":              "task.max",
	"TASK_PLATFORM":               "task.architecture",
	"PROXY_CONFIG_PATH":           "mapping",
}

// valueOr is *p, or otherwise where p is nil.
func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// textOr is s, or otherwise where s is empty.
func textOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
