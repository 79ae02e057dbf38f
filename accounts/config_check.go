package accounts

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
)

// nameGrammar says what namePattern takes.
const nameGrammar = "write lower-case letters, digits and single hyphens, beginning with a letter"

// maxPrefixLength is as long as an installation's name may be: load balancer
// and target group names stop at 32 characters, of which Pulumi's random suffix
// takes 8 and the role's takes 3.
const maxPrefixLength = 32 - 8 - 3

var (
	namePattern    = regexp.MustCompile(`^[a-z]([a-z0-9]|-[a-z0-9])*$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d$`)
	accountPattern = regexp.MustCompile(`^\d{12}$`)
	rolePattern    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]+$`)
	stackPattern   = regexp.MustCompile(`^[\w.-]+/[\w.-]+/[\w.-]+$`)
	apiPattern     = regexp.MustCompile(`^[a-z0-9]+$`)
	// Those that begin with TLS 1.2 or 1.3; see "Security policies" in Elastic
	// Load Balancing's documentation.
	sslPolicyPattern = regexp.MustCompile(`^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2-2017-01|FS-1-2)[\w-]*$`)
	imagePattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*(:\d+)?(/[a-z0-9._-]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$`)
)

// retentionDays are the values that CloudWatch Logs knows (PutRetentionPolicy);
// 0 keeps logs for ever.
var retentionDays = []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// readSharedConfig reads and checks the shared stack's configuration.
func readSharedConfig(ctx *pulumi.Context, dir string) (*sharedConfig, error) {
	source, err := newConfigSource(ctx, dir)
	if err != nil {
		return nil, err
	}
	c := &sharedConfig{}
	source.read(c)
	c.App = c.App.withDefaults(ctx.Stack())
	m := source.mistakes
	m.check(c.Mapping != "", "mapping", "not set", "write the mapping file's path, relative to the project's directory")
	c.App.check(m)
	c.AWS.check(m)
	m.check(c.AWS.AccountID == "" || accountPattern.MatchString(c.AWS.AccountID), "aws.accountId",
		strconv.Quote(c.AWS.AccountID)+" is not an account number", "write 12 digits in quotes")
	c.Network.check(m)
	c.Endpoints.check(m, c.Network)
	c.SecurityGroups.check(m, c.Network)
	c.LoadBalancer.check(m)
	c.ALB.check(m, c.LoadBalancer)
	c.Native.check(m)
	checkProviders(m, c.Providers)
	c.Image.check(m)
	c.Task.check(m)
	days := valueOr(c.Logs.RetentionDays, defaultRetentionDays)
	m.check(slices.Contains(retentionDays, days), "logs.retentionDays",
		fmt.Sprintf("CloudWatch Logs can't keep logs for %d days", days), "write one of "+join(retentionDays))
	c.checkQuotas(m)
	c.supplied = c.Certificates.check(m, dir, c.AWS, time.Now())
	c.DNS.check(m, valueOr(c.Quotas.VPCsPerZone, defaultVPCsPerZone))
	return c, m.err()
}

// readProviderConfig reads and checks a provider stack's configuration.
func readProviderConfig(ctx *pulumi.Context, dir string) (*providerConfig, error) {
	source, err := newConfigSource(ctx, dir)
	if err != nil {
		return nil, err
	}
	c := &providerConfig{}
	source.read(c)
	m := source.mistakes
	m.check(c.Mapping != "", "mapping", "not set", "write the mapping file's path, relative to the project's directory")
	c.AWS.check(m)
	m.check(stackPattern.MatchString(c.Shared.Stack), "shared.stack",
		quotedOrUnset(c.Shared.Stack, "is not a stack's full name"), "write organization/project/stack, for instance organization/portico/dev")
	for i, id := range c.APIs {
		m.check(apiPattern.MatchString(id), fmt.Sprintf("apis[%d]", i),
			strconv.Quote(id)+" is not a REST API's ID", "write the first label of its execute-api URL")
	}
	for i, id := range c.AdditionalVPCEndpointIDs {
		checkID(m, fmt.Sprintf("additionalVpcEndpointIds[%d]", i), id, "vpce")
	}
	c.Native.check(m)
	c.App = appConfig{
		Name:        textOr(c.App.Name, defaultApp),
		Environment: textOr(c.App.Environment, c.Shared.Stack[strings.LastIndexByte(c.Shared.Stack, '/')+1:]),
	}
	m.check(namePattern.MatchString(c.App.Name), "app.name", strconv.Quote(c.App.Name)+" is not a name", nameGrammar)
	c.supplied = c.Certificates.check(m, dir, c.AWS, time.Now())
	m.check(c.Certificates.NamesPerCertificate == nil, "certificates.namesPerCertificate",
		"each certificate of a custom domain has one name", "take it out")
	oneOf(m, "policy.denyForm", c.Policy.DenyForm, "", "notResource", "verbs")
	c.checkQuotas(m)
	m.check(!c.CreateStages || c.Redeploy == nil || *c.Redeploy, "createStages",
		"nothing is deployed with redeploy: false", "take it out, or write redeploy: true")
	m.check(c.Redeploy != nil, "redeploy", "not set",
		"write true to redeploy the stages whose resource policy changes, which publishes whatever the APIs' owners have saved; write false to leave that to them: the output redeployCommands then has the commands")
	return c, m.err()
}

func (c appConfig) withDefaults(stack string) appConfig {
	return appConfig{Name: textOr(c.Name, defaultApp), Environment: textOr(c.Environment, stack)}
}

func (c appConfig) check(m *mistakes) {
	m.check(namePattern.MatchString(c.Name), "app.name", strconv.Quote(c.Name)+" is not a name", nameGrammar)
	m.check(namePattern.MatchString(c.Environment), "app.environment", strconv.Quote(c.Environment)+" is not a name", nameGrammar)
	m.check(c.Name != "internal", "app.name", "names of load balancers may not begin with internal-", "write another name")
	m.check(len(c.prefix()) <= maxPrefixLength, "app",
		fmt.Sprintf("%s is too long for a load balancer's name", c.prefix()),
		fmt.Sprintf("write a name and an environment of at most %d characters together", maxPrefixLength-1))
}

func (c awsConfig) check(m *mistakes) {
	m.check(regionPattern.MatchString(c.Region), "aws.region", quotedOrUnset(c.Region, "is not a region"),
		"write the region's code, for instance us-east-1")
	m.check(c.AccountID != "", "aws.accountId", "not set",
		"write the number of the one account that this stack may touch, in quotes")
	role := rolePattern.FindStringSubmatch(c.RoleARN)
	m.check(c.RoleARN == "" || role != nil, "aws.roleArn", strconv.Quote(c.RoleARN)+" is not a role's ARN",
		"write arn:aws:iam::ACCOUNT:role/NAME")
	if role != nil && accountPattern.MatchString(c.AccountID) {
		m.check(role[1] == c.AccountID, "aws.roleArn", fmt.Sprintf("the role is of account %s, not %s", role[1], c.AccountID),
			"write a role of the stack's account")
	}
	if c.Endpoint != "" {
		endpoint, err := url.Parse(c.Endpoint)
		m.check(err == nil && (endpoint.Scheme == "http" || endpoint.Scheme == "https") && endpoint.Host != "", "aws.endpoint",
			strconv.Quote(c.Endpoint)+" is not a URL", "write the emulator's URL, for instance http://localhost:5000")
	}
}

func (c networkConfig) check(m *mistakes) {
	if !c.creates() {
		c.checkExisting(m)
		return
	}
	m.check(c.VPCID == "" && len(c.SubnetIDs) == 0, "network.create",
		"a VPC is both created and named", "take out vpcId and subnetIds, or write create: false")
	zones := valueOr(c.Zones, defaultZones)
	m.check(zones == 2 || zones == 3, "network.zones", fmt.Sprintf("%d is out of range", zones), "write 2 or 3")
	cidr, ok := checkCIDR(m, "network.cidr", textOr(c.CIDR, defaultCIDR))
	if ok {
		m.check(cidr.Bits() >= components.MinVPCPrefix && cidr.Bits() <= components.MaxVPCPrefix, "network.cidr",
			fmt.Sprintf("a /%d doesn't fit", cidr.Bits()),
			fmt.Sprintf("write a range from /%d to /%d", components.MinVPCPrefix, components.MaxVPCPrefix))
	}
}

func (c networkConfig) checkExisting(m *mistakes) {
	checkID(m, "network.vpcId", c.VPCID, "vpc")
	m.check(len(c.SubnetIDs) >= 2, "network.subnetIds", fmt.Sprintf("%d subnets are named", len(c.SubnetIDs)),
		"write at least two private subnets of the VPC, each in a zone of its own")
	for i, id := range c.SubnetIDs {
		key := fmt.Sprintf("network.subnetIds[%d]", i)
		checkID(m, key, id, "subnet")
		m.check(!slices.Contains(c.SubnetIDs[:i], id), key, id+" is named twice", "take one out")
	}
	for key, set := range map[string]bool{"cidr": c.CIDR != "", "zones": c.Zones != nil, "publicSubnets": c.PublicSubnets} {
		m.check(!set, "network."+key, "the VPC exists already", "take it out, or write create: true without vpcId")
	}
}

func (c endpointsConfig) check(m *mistakes, network networkConfig) {
	for key, endpoint := range map[string]endpointConfig{
		"executeApi": c.ExecuteAPI, "logs": c.Logs, "ecrApi": c.ECRAPI, "ecrDkr": c.ECRDKR, "s3": c.S3,
		"alb": c.ALB, "native": c.Native,
	} {
		// A front door may come later than the VPC, and find its addresses taken.
		afterwards := slices.Contains([]string{"executeApi", "alb", "native"}, key) && !endpoint.Lookup
		key = "endpoints." + key
		if endpoint.ID != "" {
			checkID(m, key+".id", endpoint.ID, "vpce")
		}
		m.check(endpoint.ID == "" || !endpoint.Lookup, key, "the endpoint is both named and looked up", "keep id or lookup")
		m.check(!network.creates() || endpoint == (endpointConfig{}) || afterwards, key,
			"the VPC is created, so it has no endpoints yet", "take it out, or name an existing VPC in network")
	}
}

func (c securityGroupsConfig) check(m *mistakes, network networkConfig) {
	for key, id := range map[string]string{"loadBalancerId": c.LoadBalancerID, "endpointId": c.EndpointID, "tasksId": c.TasksID} {
		if id == "" {
			continue
		}
		key = "securityGroups." + key
		checkID(m, key, id, "sg")
		m.check(!network.creates(), key, "the VPC is created, so it has no such group yet", "take it out, or name an existing VPC in network")
	}
}

func (c loadBalancerConfig) check(m *mistakes) {
	oneOf(m, "loadBalancer.type", c.Type, "", components.ApplicationLoadBalancer, components.NetworkLoadBalancer)
	m.check(c.SSLPolicy == "" || sslPolicyPattern.MatchString(c.SSLPolicy), "loadBalancer.sslPolicy",
		strconv.Quote(c.SSLPolicy)+" is not a policy of TLS 1.2 or later", "write "+components.DefaultSSLPolicy)
	var seen []netip.Prefix
	for i, text := range c.AllowedCIDRs {
		key := fmt.Sprintf("loadBalancer.allowedCidrs[%d]", i)
		cidr, ok := checkCIDR(m, key, text)
		if !ok {
			continue
		}
		for _, other := range seen {
			m.check(!other.Overlaps(cidr), key, fmt.Sprintf("%s overlaps %s", cidr, other), "keep the wider one")
		}
		seen = append(seen, cidr)
	}
}

func (c imageConfig) check(m *mistakes) {
	m.check(c.URI == "" || c.Base == "", "image", "an image is both prebuilt and to be built", "keep uri or base")
	for key, image := range map[string]string{"image.uri": c.URI, "image.base": c.Base} {
		ok := image == "" || imagePattern.MatchString(image) && (strings.Contains(image, "@") || strings.LastIndex(image, ":") > strings.LastIndex(image, "/"))
		m.check(ok, key, strconv.Quote(image)+" is not an image's reference", "write registry/repository:tag, or with @sha256:digest")
	}
}

func (c taskConfig) check(m *mistakes) {
	cpu, memory := valueOr(c.CPU, defaultCPU), valueOr(c.Memory, defaultMemory)
	if sizes, ok := fargateMemory[cpu]; !ok {
		m.add("task.cpu", fmt.Sprintf("Fargate has no size of %d CPU units", cpu), "write 256, 512, 1024, 2048, 4096, 8192 or 16384")
	} else {
		m.check(slices.Contains(sizes, memory), "task.memory",
			fmt.Sprintf("Fargate doesn't pair %d MiB with %d CPU units", memory, cpu), "write one of "+join(sizes))
	}
	oneOf(m, "task.architecture", c.Architecture, "", "ARM64", "X86_64")
	low, high := valueOr(c.Min, defaultMin), valueOr(c.Max, max(defaultMax, valueOr(c.Min, defaultMin)))
	m.check(low >= 1, "task.min", fmt.Sprintf("%d tasks can't answer", low), "write 1 or more; 2 or more to stand the loss of a zone")
	m.check(high >= low, "task.max", fmt.Sprintf("%d is below the minimum of %d", high, low), "write the minimum or more")
	m.check(high <= maxTasks, "task.max", fmt.Sprintf("%d exceeds ECS's 5,000 tasks of a service", high), "write at most 5000")
	percent := valueOr(c.CPUPercent, defaultCPUPercent)
	m.check(percent >= 1 && percent <= 100, "task.cpuPercent", fmt.Sprintf("%d is not a percentage", percent), "write 1 to 100")
}

// fargateMemory is the memory sizes in MiB that Fargate pairs with a CPU size
// ("Amazon ECS task definition parameters for Fargate", task size).
var fargateMemory = map[int][]int{
	256:   {512, 1024, 2048},
	512:   steps(1024, 4096, 1024),
	1024:  steps(2048, 8192, 1024),
	2048:  steps(4096, 16384, 1024),
	4096:  steps(8192, 30720, 1024),
	8192:  steps(16384, 61440, 4096),
	16384: steps(32768, 122880, 8192),
}

func steps(first, last, step int) []int {
	var all []int
	for n := first; n <= last; n += step {
		all = append(all, n)
	}
	return all
}

func checkCIDR(m *mistakes, key, text string) (netip.Prefix, bool) {
	cidr, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !cidr.Addr().Is4():
		m.add(key, strconv.Quote(text)+" is not an IPv4 range", "write it in CIDR notation, for instance 10.0.0.0/16")
		return cidr, false
	case cidr != cidr.Masked():
		m.add(key, text+" has host bits set", "write "+cidr.Masked().String())
		return cidr, false
	}
	return cidr, true
}

var idPattern = regexp.MustCompile(`^([a-z]+)-([0-9a-f]{8}|[0-9a-f]{17})$`)

func checkID(m *mistakes, key, id, kind string) {
	match := idPattern.FindStringSubmatch(id)
	m.check(match != nil && match[1] == kind, key, quotedOrUnset(id, "is not such an ID"),
		"write "+kind+"- and 8 or 17 hexadecimal digits")
}

func quotedOrUnset(value, problem string) string {
	if value == "" {
		return "not set"
	}
	return strconv.Quote(value) + " " + problem
}

func oneOf(m *mistakes, key, value string, allowed ...string) {
	m.check(slices.Contains(allowed, value), key, strconv.Quote(value)+" is unknown",
		"write "+strings.Join(slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" }), " or "))
}

func join(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}
