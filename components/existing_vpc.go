package components

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExistingVPCArgs describes what is to be made in a VPC that exists.
type ExistingVPCArgs struct {
	// AccountID and Region are where the VPC is looked at. Required.
	AccountID, Region string
	// VPCID is the VPC. Required.
	VPCID string
	// SubnetIDs take the load balancers, the endpoints and the tasks. Required.
	SubnetIDs []string
	// NewSubnetIDs are those of SubnetIDs in which nothing of this installation is
	// yet. Their free addresses are counted. Default: none.
	NewSubnetIDs []string
	// Endpoints are the services of the interface endpoints to create, such as
	// "execute-api" or "logs", once for each endpoint. Default: none.
	Endpoints []string
	// UsedEndpoints are the interface endpoints that exist and are to be used.
	// Default: none.
	UsedEndpoints []UsedEndpoint
	// ExistingGroups are the security groups that exist and are to be used. Default:
	// none.
	ExistingGroups []ExistingGroup
	// S3 reports that the gateway endpoint of S3 is to be created. Default: false.
	S3 bool
	// LoadBalancers and Tasks are how many load balancers and tasks are to be
	// placed. Default: 0.
	LoadBalancers, Tasks int
	// InboundSubnetIDs are those of SubnetIDs in which an inbound endpoint of Route 53
	// Resolver takes an address. Default: none.
	InboundSubnetIDs []string
	// Zones are the names of the private hosted zones to create. Default: none.
	Zones []string
	// Hosts are the custom domains that are new, by the private hosted zone that is to
	// answer for them. Default: none.
	Hosts map[string][]string
	// Tags tell what belongs to this installation already.
	Tags Tags
	// UseEndpoint says what to write to use an endpoint of a service that is in the
	// way; the ID is [SeveralEndpoints] for one of several. Required.
	UseEndpoint func(service, id string) string
	// UseZone says what to write to use a private hosted zone that is in the way.
	// Required.
	UseZone func(name, id string) string
	// UseHostZone says what to write to use a private hosted zone of a custom domain's
	// own name. Required with Hosts.
	UseHostZone func(name, id string) string
	// Provider is the AWS provider of the account. Required.
	Provider pulumi.ProviderResource
}

// Findings are what questions to an account have found.
type Findings struct {
	// Errors are what AWS would refuse in the update, each once.
	Errors []error
	// Hiding are private zones of others that AWS lets be, and that hide what is made
	// from the VPC's clients.
	Hiding []error
	// NotAsked are questions that the account did not answer, with why.
	NotAsked []NotAsked
	// EndpointIDs are the IDs of the endpoints to be used, by UsedEndpoint.Key, as far
	// as they were found.
	EndpointIDs map[string]string
	// Image is what was found of an image that was built before; nil: nothing is known.
	Image *FoundImage
}

// FoundImage is what a registry says of an image.
type FoundImage struct {
	// Digest is sha256: and 64 hexadecimal digits.
	Digest string
	// Pushed is when the image was pushed; the zero time: not known.
	Pushed time.Time
}

// Add adds what further questions have found.
func (f *Findings) Add(further *Findings) {
	f.Errors = append(f.Errors, further.Errors...)
	f.Hiding = append(f.Hiding, further.Hiding...)
	f.NotAsked = append(f.NotAsked, further.NotAsked...)
	if further.Image != nil {
		f.Image = further.Image
	}
}

// NotAsked is a question that was denied, or failed otherwise.
type NotAsked struct {
	// Action is what the question needs, such as "ec2:DescribeVpcEndpoints".
	Action string
	// Question is what is not known, such as "which endpoints VPC vpc-1 has".
	Question string
	// Err is the account's answer.
	Err error
}

// String says what is not known, and why.
func (n NotAsked) String() string {
	return fmt.Sprintf("not asked: %s (%s): %v", n.Question, n.Action, n.Err)
}

// log logs the question as a warning.
func (n NotAsked) log(ctx *pulumi.Context) error {
	if err := ctx.Log.Warn(n.String(), nil); err != nil {
		return fmt.Errorf("log: %w", err)
	}
	return nil
}

// unknownText is a text that a preview does not know.
func unknownText() pulumi.StringOutput {
	return pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
}

// minLoadBalancerAddresses is how many free addresses Elastic Load Balancing asks
// of each subnet of a new load balancer, of either type:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
const minLoadBalancerAddresses = 8

// CheckExistingVPC asks a VPC that exists whether it takes what is to be made in
// it. It registers no resource, and asks in previews too.
func CheckExistingVPC(ctx *pulumi.Context, args *ExistingVPCArgs) *Findings {
	c := &vpcCheck{ctx: ctx, args: args, option: pulumi.Provider(args.Provider), Findings: &Findings{EndpointIDs: map[string]string{}}}
	c.begun = sync.OnceValue(c.hasBegun)
	c.checkVPCOwner()
	c.checkSubnets()
	c.checkEndpoints()
	for _, service := range privateDNSServices(args.Endpoints) {
		c.checkPrivateDNS(service)
	}
	if args.S3 {
		c.checkGateway()
	}
	for _, zone := range args.Zones {
		c.checkZone(zone)
	}
	c.checkHosts()
	return c.Findings
}

// privateDNSServices are those of the services whose endpoints get private DNS.
func privateDNSServices(services []string) []string {
	return slices.DeleteFunc(slices.Clone(services), func(service string) bool { return !slices.Contains(interfaceServices, service) })
}

type vpcCheck struct {
	*Findings
	ctx    *pulumi.Context
	args   *ExistingVPCArgs
	option pulumi.InvokeOption
	// subnets are those of SubnetIDs that can be read.
	subnets []*ec2.LookupSubnetResult
	// begun is hasBegun, asked once for all subnets.
	begun func() bool
}

func (c *vpcCheck) refuse(kind, id, purpose, problem, fix string) {
	c.Errors = append(c.Errors, &ExistingResourceError{Kind: kind, ID: id, AccountID: c.args.AccountID, Purpose: purpose, Problem: problem, Fix: fix})
}

func (c *vpcCheck) notAsked(action, question string, err error) {
	c.NotAsked = append(c.NotAsked, NotAsked{action, question, err})
}

// isNone reports whether a data source found nothing. The provider has no other
// sign for it.
func isNone(err error) bool { return strings.Contains(err.Error(), "no matching ") }

// denials are how services say that a role may not ask.
var denials = []string{"AccessDenied", "UnauthorizedOperation", "UnauthorizedException", "AuthorizationError", "not authorized to perform"}

// isDenied reports whether an account refused the question.
func isDenied(err error) bool {
	return err != nil && slices.ContainsFunc(denials, func(text string) bool { return strings.Contains(err.Error(), text) })
}

func (c *vpcCheck) checkSubnets() {
	zones := map[string][]string{} // by service
	for _, service := range distinct(c.args.Endpoints) {
		name := endpointService(c.args.Region, service)
		found, err := ec2.LookupVpcEndpointService(c.ctx, &ec2.LookupVpcEndpointServiceArgs{ServiceName: &name, ServiceType: pulumi.StringRef("Interface")}, c.option)
		if err != nil {
			c.notAsked("ec2:DescribeVpcEndpointServices", "which zones the endpoint service "+service+" is in", err)
			continue
		}
		zones[service] = found.AvailabilityZones
	}
	for _, id := range c.args.SubnetIDs {
		subnet, err := ec2.LookupSubnet(c.ctx, &ec2.LookupSubnetArgs{Id: &id}, c.option)
		if err != nil {
			continue // the network reports it: it can't do without
		}
		c.subnets = append(c.subnets, subnet)
		c.checkOwner(subnet)
		c.checkServices(subnet, zones)
		c.checkFreeAddresses(subnet)
	}
}

// checkVPCOwner refuses what an account can't make in a VPC of which another account
// shares subnets with it, beside the endpoints that checkOwner names: a gateway
// endpoint, and a private hosted zone, whose VPC has to be of the zone's account or
// authorized by its own
// (https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html).
func (c *vpcCheck) checkVPCOwner() {
	vpc, err := ec2.LookupVpc(c.ctx, &ec2.LookupVpcArgs{Id: &c.args.VPCID}, c.option)
	if err != nil || vpc.OwnerId == "" || vpc.OwnerId == c.args.AccountID {
		return // the network reports what it can't do without
	}
	var refused []string
	if c.args.S3 {
		refused = append(refused, "the gateway endpoint of S3")
	}
	for _, zone := range c.args.Zones {
		refused = append(refused, "the private hosted zone "+zone)
	}
	if len(refused) > 0 {
		c.refuse("VPC", c.args.VPCID, "", fmt.Sprintf("account %s owns it and shares subnets of it with this one, which can't make in it %s", vpc.OwnerId, strings.Join(refused, ", ")),
			"run this stack in account "+vpc.OwnerId+", or name a VPC of this account")
	}
}

// checkOwner refuses subnets that another account shares: EC2 answers "This
// operation does not support shared VPCs" to a participant's CreateVpcEndpoint
// (https://repost.aws/knowledge-center/vpc-interface-endpoint-creation-errors).
func (c *vpcCheck) checkOwner(subnet *ec2.LookupSubnetResult) {
	if subnet.OwnerId == "" || subnet.OwnerId == c.args.AccountID || len(c.args.Endpoints) == 0 {
		return
	}
	c.refuse("subnet", subnet.Id, "", fmt.Sprintf("account %s owns it and shares it with this one: AWS creates no VPC endpoint for this account in it", subnet.OwnerId),
		"name subnets of a VPC of this account, or run this stack in account "+subnet.OwnerId)
}

func (c *vpcCheck) checkServices(subnet *ec2.LookupSubnetResult, zones map[string][]string) {
	var lacking []string
	for _, service := range distinct(c.args.Endpoints) {
		if offered, asked := zones[service]; asked && !slices.Contains(offered, subnet.AvailabilityZone) {
			lacking = append(lacking, service)
		}
	}
	if len(lacking) == 0 {
		return
	}
	c.refuse("subnet", subnet.Id, "", fmt.Sprintf("it is in %s (%s), where the endpoint service of %s is not: AWS refuses the endpoint",
		subnet.AvailabilityZone, subnet.AvailabilityZoneId, strings.Join(lacking, ", ")),
		"name a subnet in one of "+strings.Join(zones[lacking[0]], ", "))
}

// checkFreeAddresses counts what a new subnet needs. Elastic Load Balancing looks at
// the addresses that are free when it creates a load balancer, and the endpoints may
// be there by then.
func (c *vpcCheck) checkFreeAddresses(subnet *ec2.LookupSubnetResult) {
	if !slices.Contains(c.args.NewSubnetIDs, subnet.Id) {
		return
	}
	endpoints, tasks := len(c.args.Endpoints), (c.args.Tasks+len(c.args.SubnetIDs)-1)/len(c.args.SubnetIDs)
	need := c.args.LoadBalancers*minLoadBalancerAddresses + endpoints + tasks
	inbound := ""
	if slices.Contains(c.args.InboundSubnetIDs, subnet.Id) {
		need, inbound = need+1, ", 1 for the inbound endpoint"
	}
	if subnet.AvailableIpAddressCount >= need || c.begun() {
		return
	}
	c.refuse("subnet", subnet.Id, "", fmt.Sprintf("%d addresses of %s are free, and %d are needed: %d for each of %s, 1 for each of %s, %d for tasks%s",
		subnet.AvailableIpAddressCount, subnet.CidrBlock, need, minLoadBalancerAddresses, countOf(c.args.LoadBalancers, "load balancer"), countOf(endpoints, "endpoint"), tasks, inbound),
		"name a larger subnet of the zone, a /27 or more, or free addresses in it")
}

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// hasBegun reports whether the VPC has something of this installation already, as after
// an update that stopped: then the addresses that are free are those that are left.
func (c *vpcCheck) hasBegun() bool {
	_, err := ec2.LookupSecurityGroup(c.ctx, &ec2.LookupSecurityGroupArgs{VpcId: &c.args.VPCID, Tags: c.args.Tags}, c.option)
	if err == nil || strings.Contains(err.Error(), "multiple ") {
		return true
	}
	if !isNone(err) {
		c.notAsked("ec2:DescribeSecurityGroups", "whether an update has begun in VPC "+c.args.VPCID, err)
		return true
	}
	return false
}

// checkPrivateDNS refuses a second endpoint with private DNS for a service: "there
// is already a conflicting DNS domain" (EC2's CreateVpcEndpoint).
func (c *vpcCheck) checkPrivateDNS(service string) {
	found := c.endpoint(service, "Interface")
	if found == nil || !found.PrivateDnsEnabled {
		return
	}
	c.refuse("endpoint", found.Id, service, fmt.Sprintf("it is there already with private DNS, of which VPC %s takes one", c.args.VPCID),
		c.args.UseEndpoint(service, found.Id)+", or turn its private DNS off")
}

// checkGateway refuses a second route to S3 in a subnet's route table.
func (c *vpcCheck) checkGateway() {
	found := c.endpoint("s3", "Gateway")
	if found == nil {
		return
	}
	for _, subnet := range c.args.SubnetIDs {
		tables, err := ec2.GetRouteTables(c.ctx, &ec2.GetRouteTablesArgs{VpcId: &c.args.VPCID,
			Filters: []ec2.GetRouteTablesFilter{{Name: "association.subnet-id", Values: []string{subnet}}}}, c.option)
		if err == nil && len(tables.Ids) == 0 {
			tables, err = ec2.GetRouteTables(c.ctx, &ec2.GetRouteTablesArgs{VpcId: &c.args.VPCID,
				Filters: []ec2.GetRouteTablesFilter{{Name: "association.main", Values: []string{"true"}}}}, c.option)
		}
		if err != nil {
			continue // the network reports it
		}
		for _, table := range tables.Ids {
			if slices.Contains(found.RouteTableIds, table) {
				c.refuse("endpoint", found.Id, "s3", fmt.Sprintf("route table %s of subnet %s has its route already, and takes one", table, subnet),
					c.args.UseEndpoint("s3", found.Id))
				return
			}
		}
	}
}

// endpoint is the VPC's endpoint of a service that is not this installation's; nil:
// there is none, or it is not known.
func (c *vpcCheck) endpoint(service, kind string) *ec2.LookupVpcEndpointResult {
	name := endpointService(c.args.Region, service)
	lookup := &ec2.LookupVpcEndpointArgs{VpcId: &c.args.VPCID, ServiceName: &name,
		Filters: []ec2.GetVpcEndpointFilter{{Name: "vpc-endpoint-type", Values: []string{kind}}}}
	found, err := ec2.LookupVpcEndpoint(c.ctx, lookup, c.option)
	switch {
	case err == nil && !c.isOwn(found.Tags):
		return found
	case err == nil || isNone(err):
		return nil
	case strings.Contains(err.Error(), "multiple "):
		// The data source takes one alone. Private DNS of this installation's own shows
		// that no other has it.
		lookup.Tags = c.args.Tags
		if _, own := ec2.LookupVpcEndpoint(c.ctx, lookup, c.option); own == nil {
			return nil
		}
		err = fmt.Errorf("there are several: %s where one with private DNS is in the way", c.args.UseEndpoint(service, SeveralEndpoints))
	}
	c.notAsked("ec2:DescribeVpcEndpoints", fmt.Sprintf("which endpoints of %s are in VPC %s", service, c.args.VPCID), err)
	return nil
}

// SeveralEndpoints is the ID with which UseEndpoint is asked about one of several.
const SeveralEndpoints = "vpce-..."

// isOwn reports whether the tags are this installation's.
func (c *vpcCheck) isOwn(tags map[string]string) bool {
	for name, value := range c.args.Tags {
		if tags[name] != value {
			return false
		}
	}
	return len(c.args.Tags) > 0
}

// checkZone refuses a second private zone of one name in the VPC
// (ConflictingDomainExists of CreateHostedZone). Zones of other accounts are not
// listed to this one.
func (c *vpcCheck) checkZone(name string) {
	found, err := c.privateZone(name)
	switch {
	case err == nil && !c.isOwn(found.Tags):
		c.refuse("private hosted zone", found.ZoneId, name, fmt.Sprintf("VPC %s has it already, and takes one zone of a name", c.args.VPCID),
			c.args.UseZone(name, found.ZoneId))
	case err != nil && !isNone(err):
		c.notAsked("route53:ListHostedZones", fmt.Sprintf("whether VPC %s has a private zone %s", c.args.VPCID, name), err)
	}
}

func (c *vpcCheck) privateZone(name string) (*route53.LookupZoneResult, error) {
	return route53.LookupZone(c.ctx, &route53.LookupZoneArgs{Name: &name, PrivateZone: pulumi.BoolRef(true), VpcId: &c.args.VPCID}, c.option)
}
