package settings

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/requestheaders"
)

const (
	// nameGrammar says what namePattern takes.
	nameGrammar = "write lower-case letters, digits and single hyphens, beginning with a letter"
	mappingFix  = "write the mapping file's path, relative to the project's directory"
)

// MaxPrefix is how many characters App.Prefix may have. The names of load balancers
// and target groups begin with it and stop at 32 characters, of which Pulumi's
// random suffix takes 8. "-alb2" is the longest end of a name, short of ten load
// balancers. It is checked from the start: an installation that outgrows one load
// balancer can't change its name any more.
const MaxPrefix = 32 - 8 - len("-alb2")

// The prefix lengths of a new VPC's range: AWS allows /16 to /28, and the subnets
// are an eighth of it, of which a load balancer, four endpoints and the tasks of
// a rolling deployment need a /26.
const (
	minVPCPrefix = 16
	maxVPCPrefix = 23
)

var (
	namePattern  = regexp.MustCompile(`^[a-z]([a-z0-9]|-[a-z0-9])*$`)
	stackPattern = regexp.MustCompile(`^[\w.-]+/[\w.-]+/[\w.-]+$`)
	// Those that begin with TLS 1.2 or 1.3; see "Security policies" in Elastic
	// Load Balancing's documentation.
	sslPolicyPattern = regexp.MustCompile(`^ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2-2017-01|FS-1-2)[\w-]*$`)
)

func (l *Logs) checkSample(m *mistakes) {
	if l.SamplePercent == nil {
		return
	}
	percent, fix := *l.SamplePercent, fmt.Sprintf("write %d to 100, or take it out", MinSamplePercent)
	m.check(percent >= 1 && percent <= 100, "logs.samplePercent", fmt.Sprintf("%d is no percentage", percent), fix)
	m.check(percent < 1 || percent >= MinSamplePercent, "logs.samplePercent", fmt.Sprintf("by %d %% of the requests the alarms can't tell how many there are", percent), fix)
}

// MinSamplePercent keeps the alarms' meaning: where the least number of errors that
// begins one, 5 a minute, is 2.5 % of the requests, some 20 lines of the others are left
// to count them by.
const MinSamplePercent = 10

// retentionDays are the values that CloudWatch Logs knows (PutRetentionPolicy);
// 0 keeps logs for ever.
var retentionDays = []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (c *Shared) check(m *mistakes, read readFile, now time.Time) {
	if c.Mapping == "" && !m.mappingInCode {
		m.missing("mapping", mappingFix)
	}
	c.App.check(m)
	checkTags(m, c.Tags)
	c.AWS.check(m)
	c.AWS.checkSessions(m, c.assumesRole())
	c.IAM.check(m, c.AWS)
	c.IAM.checkPath(m, c.App)
	c.KMS.check(m, c.AWS.Region, c.Image)
	m.check(c.AWS.AccountID == "" || aws.IsAccountID(c.AWS.AccountID), "aws.accountId",
		strconv.Quote(c.AWS.AccountID)+" is not an account number", "write 12 digits in quotes")
	c.Network.check(m)
	c.Endpoints.check(m, c.Network)
	c.Endpoints.readPolicies(m, read, c.Image)
	m.check(!c.Endpoints.TrustCallers || c.Endpoints.ExecuteAPI.Endpoint() != (Endpoint{}) || c.Endpoints.ALB.Endpoint() != (Endpoint{}) || c.SecurityGroups.EndpointID != "",
		"endpoints.trustCallers", "the endpoints of nginx and alb and their security groups are created, and admit the tasks and the load balancer alone", "take it out")
	c.SecurityGroups.check(m, c.Network)
	c.LoadBalancer.check(m)
	c.LoadBalancer.checkTrustStore(m, c.AWS)
	c.ALB.check(m, c.LoadBalancer)
	c.Native.check(m)
	checkProviders(m, c.Providers)
	c.Image.check(m)
	c.Proxy.check(m, c.LoadBalancer)
	c.Task.check(m)
	c.Task.checkRequests(m, c.LoadBalancer)
	m.check(slices.Contains(retentionDays, *c.Logs.RetentionDays), "logs.retentionDays",
		fmt.Sprintf("CloudWatch Logs can't keep logs for %d days", *c.Logs.RetentionDays), "write one of "+join(retentionDays))
	c.Logs.checkSample(m)
	c.Alarms.check(m, c.AWS.Region)
	c.checkQuotas(m)
	c.Certificates.check(m, read, c.AWS, now)
	c.DNS.check(m, c.AWS, c.Quotas.VPCsPerZone)
	c.DNS.ResolverInbound.check(m, c.Network, c.Quotas.SecurityGroupRules)
}

func (c *Provider) check(m *mistakes, read readFile, now time.Time) {
	if c.Mapping == "" && !m.mappingInCode {
		m.missing("mapping", mappingFix)
	}
	checkTags(m, c.Tags)
	c.AWS.check(m)
	c.AWS.checkSessions(m, c.assumesRole())
	checkRolePatterns(m, c.AllowedRoleARNs)
	m.checkText(stackPattern.MatchString(c.Shared.Stack), "shared.stack",
		c.Shared.Stack, "is not a stack's full name", "write organization/project/stack, for instance organization/portico/"+lastSegment(c.Shared.Stack))
	for i, id := range c.APIs {
		m.check(aws.IsRESTAPIID(id), fmt.Sprintf("apis[%d]", i),
			strconv.Quote(id)+" is not a REST API's ID", "write the first label of its execute-api URL")
	}
	for i, id := range c.AdditionalVPCEndpointIDs {
		checkID(m, fmt.Sprintf("additionalVpcEndpointIds[%d]", i), id, "vpce")
	}
	c.Native.check(m)
	m.check(namePattern.MatchString(c.App.Name), "app.name", strconv.Quote(c.App.Name)+" is not a name", nameGrammar)
	c.Certificates.check(m, read, c.AWS, now)
	m.check(!m.given["certificates.namesPerCertificate"], "certificates.namesPerCertificate",
		"each certificate of a custom domain has one name", "take it out")
	oneOf(m, "policy.denyForm", c.Policy.DenyForm, DenyNotResource, DenyVerbs)
	c.checkQuotas(m)
	m.check(!c.CreateStages || c.Redeploy == nil || *c.Redeploy, "createStages",
		"nothing is deployed with redeploy: false", "take it out, or write redeploy: true")
	if c.Redeploy == nil {
		m.missing("redeploy", "write true to redeploy the stages whose resource policy changes, which publishes whatever the APIs' owners have saved; write false to leave that to them: the output redeployCommands then has the commands")
	}
}

// lastSegment is the name of the stack that a part of a full name means; dev where it
// means none.
func lastSegment(stack string) string {
	name := stack[strings.LastIndexByte(stack, '/')+1:]
	if !stackPattern.MatchString("organization/portico/" + name) {
		return "dev"
	}
	return name
}

// IsName reports whether a text can be the name of an application or environment.
func IsName(text string) bool { return namePattern.MatchString(text) }

func (a App) check(m *mistakes) {
	m.check(IsName(a.Name), "app.name", strconv.Quote(a.Name)+" is not a name", nameGrammar)
	m.check(IsName(a.Environment), "app.environment", strconv.Quote(a.Environment)+" is not a name", nameGrammar)
	m.check(a.Name != "internal", "app.name", "names of load balancers may not begin with internal-", "write another name")
	m.check(len(a.Prefix()) <= MaxPrefix, "app",
		fmt.Sprintf("%s is too long for a load balancer's name", a.Prefix()),
		fmt.Sprintf("write a name and an environment of at most %d characters together", MaxPrefix-1))
}

func (a Alarms) check(m *mistakes, region string) {
	const key, fix = "alarms.topicArn", "write the ARN of a topic of Amazon SNS in the stack's region, arn:aws:sns:REGION:ACCOUNT:NAME"
	if a.TopicARN == "" || a.TopicARN == Unknown {
		return
	}
	own, err := aws.ParseTopicARN(a.TopicARN)
	m.check(err == nil, key, strconv.Quote(a.TopicARN)+" is not a topic's ARN", fix)
	m.check(err != nil || !aws.IsRegion(region) || own == region, key, "the topic is in "+own+", and alarms in "+region+" can tell topics of their own region alone", fix)
}

func (n Network) check(m *mistakes) {
	if !n.Creates() {
		n.checkExisting(m)
		return
	}
	m.check(n.VPCID == "" && len(n.SubnetIDs) == 0, "network.create",
		"a VPC is both created and named", "take out vpcId and subnetIds, or write create: false")
	m.check(n.Zones == 2 || n.Zones == 3, "network.zones", fmt.Sprintf("%d is out of range", n.Zones), "write 2 or 3")
	if cidr, ok := checkCIDR(m, "network.cidr", n.CIDR); ok {
		m.check(cidr.Bits() >= minVPCPrefix && cidr.Bits() <= maxVPCPrefix, "network.cidr",
			fmt.Sprintf("a /%d doesn't fit", cidr.Bits()),
			fmt.Sprintf("write a range from /%d to /%d", minVPCPrefix, maxVPCPrefix))
	}
}

func (n Network) checkExisting(m *mistakes) {
	checkID(m, "network.vpcId", n.VPCID, "vpc")
	m.check(len(n.SubnetIDs) >= 2, "network.subnetIds", fmt.Sprintf("it names %d, and two or more are needed", len(n.SubnetIDs)),
		"write at least two private subnets of the VPC, each in a zone of its own")
	for i, id := range n.SubnetIDs {
		key := fmt.Sprintf("network.subnetIds[%d]", i)
		checkID(m, key, id, "subnet")
		m.check(!slices.Contains(n.SubnetIDs[:i], id), key, id+" is named twice", "take one out")
	}
	for key, set := range map[string]bool{
		"network.cidr": m.given["network.cidr"], "network.zones": m.given["network.zones"], "network.publicSubnets": n.PublicSubnets,
		"network.flowLogs": n.FlowLogs != nil && *n.FlowLogs,
	} {
		m.check(!set, key, "the VPC exists already", "take it out, or write create: true without vpcId")
	}
}

func (e Endpoints) check(m *mistakes, network Network) {
	for key, endpoint := range map[string]Endpoint{
		"executeApi": e.ExecuteAPI.Endpoint(), "logs": e.Logs, "ecrApi": e.ECRAPI, "ecrDkr": e.ECRDKR, "s3": e.S3,
		"alb": e.ALB.Endpoint(), "native": e.Native.Endpoint(),
	} {
		// A front door may come later than the VPC, and find its addresses taken.
		afterwards := slices.Contains([]string{"executeApi", "alb", "native"}, key) && !endpoint.Lookup
		key = "endpoints." + key
		if endpoint.ID != "" {
			checkID(m, key+".id", endpoint.ID, "vpce")
		}
		m.check(endpoint.ID == "" || !endpoint.Lookup, key, "the endpoint is both named and looked up", "keep id or lookup")
		m.check(!network.Creates() || endpoint == (Endpoint{}) || afterwards, key,
			"the VPC is created, so it has no endpoints yet", "take it out, or name an existing VPC in network")
	}
}

func (g SecurityGroups) check(m *mistakes, network Network) {
	for key, id := range map[string]string{"loadBalancerId": g.LoadBalancerID, "endpointId": g.EndpointID, "tasksId": g.TasksID} {
		if id == "" {
			continue
		}
		key = "securityGroups." + key
		checkID(m, key, id, "sg")
		m.check(!network.Creates(), key, "the VPC is created, so it has no such group yet", "take it out, or name an existing VPC in network")
	}
}

func (b LoadBalancer) check(m *mistakes) {
	oneOf(m, "loadBalancer.type", b.Type, ApplicationLoadBalancer, NetworkLoadBalancer)
	m.check(b.ProxyProtocol == nil || b.Type != ApplicationLoadBalancer, "loadBalancer.proxyProtocol",
		"an Application Load Balancer doesn't speak it, and tells callers' addresses by X-Forwarded-For", "take it out, or write loadBalancer.type: "+NetworkLoadBalancer)
	m.check(sslPolicyPattern.MatchString(b.SSLPolicy), "loadBalancer.sslPolicy",
		strconv.Quote(b.SSLPolicy)+" is not a policy of TLS 1.2 or later", "write "+DefaultShared().LoadBalancer.SSLPolicy)
	b.AccessLogs.check(m, "loadBalancer.accessLogs")
	b.ConnectionLogs.check(m, "loadBalancer.connectionLogs")
	m.check(!b.ConnectionLogs.On() || b.Type != NetworkLoadBalancer, "loadBalancer.connectionLogs",
		"AWS has no connection logs of Network Load Balancers", "take it out; loadBalancer.accessLogs of an NLB are logs of its TLS connections")
	checkRanges(m, "loadBalancer.allowedCidrs", b.AllowedCIDRs)
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTrustStore.html
var trustStorePattern = regexp.MustCompile(`^arn:([a-z0-9-]+):elasticloadbalancing:([a-z0-9-]+):([0-9]{12}):truststore/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}$`)

func (b LoadBalancer) checkTrustStore(m *mistakes, in AWS) {
	const key = "loadBalancer.trustStoreArn"
	if b.TrustStoreARN == "" || b.TrustStoreARN == Unknown {
		return
	}
	m.check(b.Type != NetworkLoadBalancer, key, "the AWS provider of this version (pulumi-aws 6) has no mutual TLS of Network Load Balancers", "take it out, or loadBalancer.type")
	parts := trustStorePattern.FindStringSubmatch(b.TrustStoreARN)
	if _, err := aws.ParseARN(b.TrustStoreARN); parts == nil || err != nil {
		m.add(key, strconv.Quote(b.TrustStoreARN)+" is not the ARN of a trust store", "write arn:aws:elasticloadbalancing:REGION:ACCOUNT:truststore/NAME/ID")
		return
	}
	m.check(!aws.IsRegion(in.Region) || parts[2] == in.Region, key, "the trust store is in "+parts[2]+", and load balancers take those of their own region, "+in.Region, "name one of that region")
}

var (
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html, safe characters
	logPrefixPattern = regexp.MustCompile(`^[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*$`)
)

func (l BalancerLogs) check(m *mistakes, key string) {
	m.check(l.Bucket == "" || !l.Create, key, "a bucket is both created and named", "keep bucket or create")
	m.check(l.On() || l.Prefix == "", key+".prefix", "there is no bucket", "write bucket, or create: true")
	if l.Bucket != "" {
		m.checkText(bucketPattern.MatchString(l.Bucket) && !strings.Contains(l.Bucket, ".."), key+".bucket", l.Bucket, "is not a bucket's name",
			"write 3 to 63 lower-case letters, digits, dots and hyphens")
	}
	if l.Prefix != "" {
		m.checkText(logPrefixPattern.MatchString(l.Prefix) && len(l.Prefix) <= maxLogPrefix, key+".prefix", l.Prefix, "can't begin the logs' names",
			fmt.Sprintf("write up to %d letters, digits and !-_.*'()/, without slashes at its ends", maxLogPrefix))
		m.check(!strings.Contains(l.Prefix, "AWSLogs"), key+".prefix", strconv.Quote(l.Prefix)+" has AWSLogs in it, which AWS adds itself", "take it out")
	}
}

const maxLogPrefix = 200

func (a ALB) check(m *mistakes, balancer LoadBalancer) {
	oneOf(m, "alb.loadBalancer", a.LoadBalancer, LoadBalancerShared, LoadBalancerOwn)
	m.check(a.LoadBalancer != LoadBalancerShared || balancer.Type != NetworkLoadBalancer, "alb.loadBalancer",
		"a Network Load Balancer doesn't tell hosts apart", "write "+LoadBalancerOwn+", or take loadBalancer.type out")
}

func (n Native) check(m *mistakes) {
	for i, id := range n.AcceptShares {
		key := fmt.Sprintf("native.acceptShares[%d]", i)
		m.check(aws.IsAccountID(id), key, strconv.Quote(id)+" is not an account number",
			"write the 12 digits of the account that shares, in quotes")
		m.check(!slices.Contains(n.AcceptShares[:i], id), key, id+" is named twice", "take one out")
	}
}

func (c Consumers) check(m *mistakes) {
	for i, id := range c.VPCEndpointIDs {
		key := fmt.Sprintf("native.vpcEndpointIds[%d]", i)
		checkID(m, key, id, "vpce")
		m.check(!slices.Contains(c.VPCEndpointIDs[:i], id), key, id+" is named twice", "take one out")
	}
	for i, id := range c.Principals {
		key := fmt.Sprintf("native.principals[%d]", i)
		m.check(aws.IsAccountID(id), key, strconv.Quote(id)+" is not an account number",
			"write the 12 digits of the endpoint's account, in quotes")
		m.check(!slices.Contains(c.Principals[:i], id), key, id+" is named twice", "take one out")
	}
}

func checkProviders(m *mistakes, stacks []string) {
	for i, stack := range stacks {
		key := fmt.Sprintf("providers[%d]", i)
		m.check(stackPattern.MatchString(stack), key, strconv.Quote(stack)+" is not a stack's full name",
			"write organization/project/stack, for instance organization/portico-provider/dev-orders")
		m.check(!slices.Contains(stacks[:i], stack), key, stack+" is named twice", "take one out")
	}
}

func (p Proxy) check(m *mistakes, balancer LoadBalancer) {
	for i, name := range p.PassHeaders {
		passable := slices.ContainsFunc(requestheaders.List(), func(h requestheaders.Header) bool {
			return h.Passable && strings.EqualFold(h.Name, name)
		})
		m.check(passable, fmt.Sprintf("proxy.passHeaders[%d]", i), strconv.Quote(name)+" is no header that may pass",
			"write a name of the list in docs/data-path.md, such as X-Real-IP; other headers pass without")
	}
	if p.ClientRequests == nil {
		return
	}
	m.check(*p.ClientRequests >= 1 && *p.ClientRequests <= maxClientRequests, "proxy.clientRequests",
		fmt.Sprintf("%d requests are not a bound that the proxy can hold", *p.ClientRequests), fmt.Sprintf("write 1 to %d, or take it out", maxClientRequests))
	m.check(balancer.TellsCallers(), "proxy.clientRequests",
		"a Network Load Balancer without proxy protocol gives the proxy no client address, so no client can be bounded", "take it out, or take loadBalancer.proxyProtocol out")
}

// maxClientRequests is the highest number that NGINX's limit_conn takes.
const maxClientRequests = 65535

func (t Task) check(m *mistakes) {
	if sizes, ok := fargateMemory[t.CPU]; !ok {
		m.add("task.cpu", fmt.Sprintf("Fargate has no size of %d CPU units", t.CPU), "write 256, 512, 1024, 2048, 4096, 8192 or 16384")
	} else {
		m.check(slices.Contains(sizes, t.Memory), "task.memory",
			fmt.Sprintf("Fargate doesn't pair %d MiB with %d CPU units", t.Memory, t.CPU), "write one of "+join(sizes))
	}
	oneOf(m, "task.architecture", t.Architecture, ARM64, X8664)
	m.check(t.Min >= 1, "task.min", fmt.Sprintf("%d tasks can't answer", t.Min), "write 1 or more; 2 or more to survive the loss of a zone")
	m.check(t.Max >= t.Min, "task.max", fmt.Sprintf("%d is below the minimum of %d", t.Max, t.Min), "write the minimum or more")
	m.check(t.Max <= maxTasks, "task.max", fmt.Sprintf("%d exceeds ECS's 5,000 tasks of a service", t.Max), "write at most 5000")
	m.check(t.MemoryPercent >= 1 && t.MemoryPercent <= 100, "task.memoryPercent", fmt.Sprintf("%d is not a percentage", t.MemoryPercent), "write 1 to 100")
	m.check(t.CPUPercent >= 1 && t.CPUPercent <= 100, "task.cpuPercent", fmt.Sprintf("%d is not a percentage", t.CPUPercent), "write 1 to 100")
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

// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
func (t Task) checkRequests(m *mistakes, balancer LoadBalancer) {
	if t.RequestsPerTarget == nil {
		return
	}
	const key = "task.requestsPerTarget"
	m.check(*t.RequestsPerTarget >= 1, key, fmt.Sprintf("%d is out of range", *t.RequestsPerTarget), "write 1 or more requests a minute")
	m.check(balancer.Type != NetworkLoadBalancer, key, "a Network Load Balancer forwards connections, and AWS counts no requests of it (ALBRequestCountPerTarget)",
		"take it out: scaling goes by task.cpuPercent and task.memoryPercent")
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

func checkID(m *mistakes, key, id, kind string) {
	m.checkText(aws.IsResourceID(kind, id), key, id, "is not such an ID",
		"write "+kind+"- and 8 or 17 hexadecimal digits")
}

func oneOf(m *mistakes, key, value string, allowed ...string) {
	m.check(slices.Contains(allowed, value), key, strconv.Quote(value)+" is unknown", "write "+strings.Join(allowed, " or "))
}

func join(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}
