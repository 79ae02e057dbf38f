package components

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EndpointSource says where a VPC endpoint comes from; the zero value: Portico
// creates it.
type EndpointSource struct {
	// ID names an existing endpoint.
	ID string
	// Lookup finds the one endpoint of the service in the VPC; none or several
	// are an error.
	Lookup bool
}

func (s EndpointSource) exists() bool { return s.ID != "" || s.Lookup }

// EndpointsArgs describes the VPC endpoints by which the tasks reach AWS.
type EndpointsArgs struct {
	Region string
	VPCID  pulumi.StringInput
	// ExistingVPCID is the VPC's ID where it exists already, for lookups; empty
	// where this program creates it.
	ExistingVPCID string
	SubnetIDs     []pulumi.StringInput
	RouteTableIDs []pulumi.StringInput
	// Addresses are the execute-api endpoint's, one for each subnet; nil: AWS
	// chooses. Nothing that takes addresses in the subnets may come before the
	// endpoint then: see Endpoints.Fixed.
	Addresses []string
	// Fixed are endpoints of other front doors that stand at chosen addresses in
	// the same subnets.
	Fixed []pulumi.Resource

	ExecuteAPI, Logs, ECRAPI, ECRDKR, S3 EndpointSource

	// ExecuteAPIGroupID and InterfaceGroupID are the security groups of the
	// endpoints that are created.
	ExecuteAPIGroupID, InterfaceGroupID pulumi.StringInput
	// TasksGroupID is the tasks' group when it is Portico's: it is given a rule
	// for each group of an existing endpoint. Nil: the group's owner does that.
	TasksGroupID pulumi.StringInput
	// AdmittedGroupIDs are groups to which the tasks' group has a rule already.
	AdmittedGroupIDs []string
	Tags             Tags
}

// Endpoints are the VPC endpoints by which the tasks reach AWS.
type Endpoints struct {
	pulumi.ResourceState

	// ExecuteAPIID is the execute-api endpoint's ID, which resource policies
	// compare.
	ExecuteAPIID pulumi.StringOutput `pulumi:"executeApiId"`
	// ExecuteAPIDNSName is the endpoint's regional DNS name: the name on its
	// certificate.
	ExecuteAPIDNSName pulumi.StringOutput `pulumi:"executeApiDnsName"`
	// ExecuteAPIAddresses are the addresses of the endpoint's network
	// interfaces, sorted. They don't change in the endpoint's lifetime.
	ExecuteAPIAddresses pulumi.StringArrayOutput `pulumi:"executeApiAddresses"`
	// Fixed are the endpoints that this program creates at addresses of its own
	// choice. Whatever else takes addresses in their subnets has to be created
	// after them (pulumi.DependsOn), or AWS may give it one of theirs: the other
	// endpoints, load balancers, tasks. To reserve the addresses in AWS would
	// not need the order, but a reservation has no name and no tags: one that a
	// dying engine leaves behind can't be found again, and is in the way.
	Fixed []pulumi.Resource
	// ExistingID is the execute-api endpoint's ID where it isn't created.
	ExistingID string
}

// NewEndpoints creates the endpoints that don't exist, and looks up the rest.
func NewEndpoints(ctx *pulumi.Context, name string, args *EndpointsArgs, opts ...pulumi.ResourceOption) (*Endpoints, error) {
	endpoints := &Endpoints{Fixed: slices.Clone(args.Fixed)}
	if err := ctx.RegisterComponentResource("portico:index:Endpoints", name, endpoints, opts...); err != nil {
		return nil, fmt.Errorf("register endpoints %q: %w", name, err)
	}
	adopted, err := endpoints.adoptAll(ctx, args)
	if err != nil {
		return nil, err
	}
	if err := endpoints.executeAPI(ctx, name, args, adopted["execute-api"]); err != nil {
		return nil, err
	}
	for _, service := range interfaceServices {
		if adopted[service] == nil {
			if err := endpoints.createInterface(ctx, name, service, args); err != nil {
				return nil, err
			}
		}
	}
	if adopted["s3"] == nil {
		if err := endpoints.createS3(ctx, name, args); err != nil {
			return nil, err
		}
	}
	if args.TasksGroupID != nil {
		if err := endpoints.admitTasks(ctx, name, args, adopted); err != nil {
			return nil, err
		}
	}
	outputs := pulumi.Map{
		"executeApiId":        endpoints.ExecuteAPIID,
		"executeApiDnsName":   endpoints.ExecuteAPIDNSName,
		"executeApiAddresses": endpoints.ExecuteAPIAddresses,
	}
	if err := ctx.RegisterResourceOutputs(endpoints, outputs); err != nil {
		return nil, fmt.Errorf("register outputs of endpoints %q: %w", name, err)
	}
	return endpoints, nil
}

// interfaceServices are reached by their default names, through interface
// endpoints with private DNS.
var interfaceServices = []string{"logs", "ecr.api", "ecr.dkr"}

func (a *EndpointsArgs) sources() map[string]EndpointSource {
	return map[string]EndpointSource{
		"execute-api": a.ExecuteAPI,
		"logs":        a.Logs,
		"ecr.api":     a.ECRAPI,
		"ecr.dkr":     a.ECRDKR,
		"s3":          a.S3,
	}
}

// adoptAll looks up the endpoints that exist, by service.
func (e *Endpoints) adoptAll(ctx *pulumi.Context, args *EndpointsArgs) (map[string]*ec2.LookupVpcEndpointResult, error) {
	adopted := map[string]*ec2.LookupVpcEndpointResult{}
	for service, source := range args.sources() {
		if !source.exists() {
			continue
		}
		found, err := lookUpEndpoint(ctx, e, source, args.Region, args.ExistingVPCID, service)
		if err != nil {
			return nil, err
		}
		if !found.PrivateDnsEnabled && slices.Contains(interfaceServices, service) {
			return nil, fmt.Errorf("use endpoint %s for %s: its private DNS is off, so tasks would not find it: enable private DNS on it", found.Id, service)
		}
		adopted[service] = found
	}
	return adopted, nil
}

// lookUpEndpoint finds an endpoint that exists.
func lookUpEndpoint(ctx *pulumi.Context, parent pulumi.Resource, source EndpointSource, region, vpcID, service string) (*ec2.LookupVpcEndpointResult, error) {
	lookup := &ec2.LookupVpcEndpointArgs{}
	serviceName := endpointService(region, service)
	if source.ID != "" {
		lookup.Id = &source.ID
	} else {
		if vpcID == "" {
			return nil, fmt.Errorf("look the %s endpoint up: its VPC is created by this stack, so it has no endpoints yet", service)
		}
		lookup.VpcId = &vpcID
		lookup.ServiceName = &serviceName
	}
	found, err := ec2.LookupVpcEndpoint(ctx, lookup, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("look the %s endpoint up (name one by id where the VPC has none or several): %w", service, err)
	}
	if found.ServiceName != serviceName {
		return nil, fmt.Errorf("use endpoint %s for %s: it is an endpoint of %s", found.Id, service, found.ServiceName)
	}
	return found, nil
}

func (e *Endpoints) executeAPI(ctx *pulumi.Context, name string, args *EndpointsArgs, existing *ec2.LookupVpcEndpointResult) error {
	var endpoint *executeAPI
	var err error
	if existing != nil {
		endpoint, err = adoptExecuteAPI(ctx, e, existing)
	} else {
		endpoint, err = createExecuteAPI(ctx, e, name+"-execute-api", &executeAPIArgs{
			region: args.Region, vpcID: args.VPCID, subnetIDs: args.SubnetIDs, groupID: args.ExecuteAPIGroupID,
			addresses: args.Addresses, tags: args.Tags,
		})
	}
	if err != nil {
		return err
	}
	e.Fixed, e.ExistingID = append(e.Fixed, endpoint.fixed...), endpoint.existingID
	e.ExecuteAPIID = endpoint.id
	e.ExecuteAPIDNSName = endpoint.dnsName
	e.ExecuteAPIAddresses = endpoint.addresses
	return nil
}

func (e *Endpoints) createInterface(ctx *pulumi.Context, name, service string, args *EndpointsArgs) error {
	child := name + "-" + strings.ReplaceAll(service, ".", "-")
	_, err := ec2.NewVpcEndpoint(ctx, child, &ec2.VpcEndpointArgs{
		VpcId:            args.VPCID,
		ServiceName:      pulumi.String(endpointService(args.Region, service)),
		VpcEndpointType:  pulumi.String("Interface"),
		SubnetIds:        stringArray(args.SubnetIDs),
		SecurityGroupIds: pulumi.StringArray{args.InterfaceGroupID},
		// The Fargate agent uses these services' default names only.
		PrivateDnsEnabled: pulumi.Bool(true),
		Tags:              args.Tags.named(child),
	}, pulumi.Parent(e), pulumi.DependsOn(e.Fixed))
	if err != nil {
		return fmt.Errorf("create %s endpoint: %w", service, err)
	}
	return nil
}

func (e *Endpoints) createS3(ctx *pulumi.Context, name string, args *EndpointsArgs) error {
	_, err := ec2.NewVpcEndpoint(ctx, name+"-s3", &ec2.VpcEndpointArgs{
		VpcId:           args.VPCID,
		ServiceName:     pulumi.String(endpointService(args.Region, "s3")),
		VpcEndpointType: pulumi.String("Gateway"),
		RouteTableIds:   stringArray(args.RouteTableIDs),
		Tags:            args.Tags.named(name + "-s3"),
	}, pulumi.Parent(e))
	if err != nil {
		return fmt.Errorf("create S3 gateway endpoint: %w", err)
	}
	return nil
}

// admitTasks lets the tasks out to the groups of the endpoints that exist.
func (e *Endpoints) admitTasks(ctx *pulumi.Context, name string, args *EndpointsArgs, adopted map[string]*ec2.LookupVpcEndpointResult) error {
	var groups []string
	for _, endpoint := range adopted {
		groups = append(groups, endpoint.SecurityGroupIds...)
	}
	groups = slices.DeleteFunc(groups, func(group string) bool {
		return slices.Contains(args.AdmittedGroupIDs, group)
	})
	slices.Sort(groups)
	for i, group := range slices.Compact(groups) {
		role := "tasks-to-existing-endpoint-" + strconv.Itoa(i+1)
		_, err := vpc.NewSecurityGroupEgressRule(ctx, name+"-"+role, &vpc.SecurityGroupEgressRuleArgs{
			SecurityGroupId:           args.TasksGroupID,
			IpProtocol:                pulumi.String("tcp"),
			FromPort:                  pulumi.Int(443),
			ToPort:                    pulumi.Int(443),
			ReferencedSecurityGroupId: pulumi.StringPtr(group),
			Tags:                      args.Tags.named(role),
		}, pulumi.Parent(e))
		if err != nil {
			return fmt.Errorf("create egress rule to security group %s: %w", group, err)
		}
	}
	return nil
}

// endpointService is the name of a service's endpoint service. In the China
// regions some are named by that partition's own domain; the list is that of
// the AWS CDK's InterfaceVpcEndpointAwsService.
func endpointService(region, service string) string {
	name := "com.amazonaws." + region + "." + service
	if strings.HasPrefix(region, "cn-") && slices.Contains([]string{"execute-api", "ecr.api", "ecr.dkr"}, service) {
		return "cn." + name
	}
	return name
}
