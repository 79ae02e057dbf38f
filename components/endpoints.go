package components

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EndpointSource is where a VPC endpoint comes from. The zero value: it is
// created.
type EndpointSource struct {
	// ID is the ID of an existing endpoint. Default: none.
	ID string
	// Lookup finds the one endpoint of the service in the VPC; it is an error if
	// there is none, or more than one. It matters where ID is empty. Default: false.
	Lookup bool
}

func (s EndpointSource) exists() bool { return s.ID != "" || s.Lookup }

// EndpointsArgs describes the VPC endpoints through which the proxy's tasks reach
// AWS.
type EndpointsArgs struct {
	// Region is the AWS region's code. Required.
	Region string
	// VPCID is the VPC that the endpoints are in. Required.
	VPCID pulumi.StringInput
	// ExistingVPCID is VPCID where it is known in a preview, because the VPC isn't
	// created by the same program. Required to look an endpoint up by its service.
	ExistingVPCID string
	// SubnetIDs are the interface endpoints' subnets, one of each zone. Required.
	SubnetIDs []pulumi.StringInput
	// RouteTableIDs are the route tables that lead to S3 through its gateway
	// endpoint. Default: none, which serves where S3 names an existing endpoint.
	RouteTableIDs []pulumi.StringInput
	// Addresses are the IPv4 addresses that the execute-api endpoint takes when it is
	// created, in the first subnets, in their order; see [Endpoints.StaticEndpoints].
	// Later changes have no effect. In the other subnets AWS chooses. Default: AWS
	// chooses all.
	Addresses []string
	// StaticEndpoints are other endpoints that take addresses of the caller's
	// choice in the same subnets. Default: none.
	StaticEndpoints []pulumi.Resource

	// ExecuteAPI is where the endpoint of API Gateway comes from. Default: it is
	// created.
	ExecuteAPI EndpointSource
	// Logs is where the endpoint of CloudWatch Logs comes from. Default: it is
	// created.
	Logs EndpointSource
	// ECRAPI is where the endpoint of ECR's API comes from. Default: it is created.
	ECRAPI EndpointSource
	// ECRDKR is where the endpoint of ECR's Docker registry comes from. Default: it
	// is created.
	ECRDKR EndpointSource
	// S3 is where the gateway endpoint of S3 comes from. Default: it is created.
	S3 EndpointSource

	// ExecuteAPIPolicy is the policy of the execute-api endpoint where that is created, in
	// JSON. Default: full access.
	ExecuteAPIPolicy string
	// ExecuteAPIGroupID is the security group of the execute-api endpoint. Required
	// where that is created.
	ExecuteAPIGroupID pulumi.StringInput
	// InterfaceGroupID is the security group of the other interface endpoints.
	// Required where one is created.
	InterfaceGroupID pulumi.StringInput
	// ExistingGroupID is ExecuteAPIGroupID where that was there before, with rules of
	// its owner's. Default: it is created by the same program.
	ExistingGroupID string
	// TasksID is the tasks' security group: the only one that the security groups of
	// the execute-api endpoint may admit, where the endpoint or its group exists
	// already. Required then, unless TrustCallers is set.
	TasksID pulumi.StringInput
	// ExistingTasksID is TasksID where it is known in a preview, because the group
	// isn't created by the same program. Default: it is created.
	ExistingTasksID string
	// TrustCallers takes an existing execute-api endpoint or group that admits others
	// than the tasks: who reaches the endpoint can claim any custom domain by a
	// Referer header. Default: false, and such a group is an
	// [ExistingResourceError].
	TrustCallers bool
	// TasksGroupID is the tasks' security group, which is given an egress rule for
	// each security group of an existing endpoint. Default: it has to have them.
	TasksGroupID pulumi.StringInput
	// ReachableGroupIDs are security groups that TasksGroupID has a rule for
	// already. Default: none.
	ReachableGroupIDs []string
	// Tags are those of the endpoints and rules.
	Tags Tags
}

func (a *EndpointsArgs) check(name string) error {
	m := arguments{component: "Endpoints", name: name}
	m.given(a.Region != "", "Region")
	m.given(a.VPCID != nil, "VPCID")
	m.given(len(a.SubnetIDs) > 0, "SubnetIDs")
	checkAddresses(&m, a.Addresses, a.SubnetIDs)
	m.given(a.ExecuteAPIGroupID != nil || a.ExecuteAPI.exists(), "ExecuteAPIGroupID")
	m.given(a.TasksID != nil || a.TrustCallers || !a.ExecuteAPI.exists() && a.ExistingGroupID == "", "TasksID")
	m.given(a.InterfaceGroupID != nil || a.Logs.exists() && a.ECRAPI.exists() && a.ECRDKR.exists(), "InterfaceGroupID")
	return m.err()
}

// checkAddresses checks an endpoint's addresses against its subnets.
func checkAddresses(m *arguments, addresses []string, subnets []pulumi.StringInput) {
	m.require(len(addresses) <= len(subnets), "Addresses",
		fmt.Sprintf("there are %d of them and %d subnets", len(addresses), len(subnets)), "write one for each of the first subnets, or none")
}

// Endpoints are the VPC endpoints through which the proxy's tasks reach AWS: API
// Gateway (execute-api), CloudWatch Logs, ECR and S3.
type Endpoints struct {
	pulumi.ResourceState
	children

	// ExecuteAPIID is the execute-api endpoint's ID, which resource policies
	// compare.
	ExecuteAPIID pulumi.StringOutput `pulumi:"executeApiId"`
	// ExecuteAPIDNSName is the execute-api endpoint's regional DNS name: the name on
	// its certificate.
	ExecuteAPIDNSName pulumi.StringOutput `pulumi:"executeApiDnsName"`
	// ExecuteAPIAddresses are the IPv4 addresses of the execute-api endpoint's
	// network interfaces, sorted. They don't change in the endpoint's lifetime.
	ExecuteAPIAddresses pulumi.StringArrayOutput `pulumi:"executeApiAddresses"`
	// StaticEndpoints are those of the arguments, and the execute-api endpoint
	// where it is created at Addresses. Whatever else takes addresses in their
	// subnets has to depend on them, or AWS may give it one of theirs: other
	// endpoints, load balancers, tasks. To reserve the addresses in AWS would need
	// no order, but a reservation has no name and no tags: one that an interrupted
	// update leaves behind can't be found again, and is in the way.
	StaticEndpoints []pulumi.Resource
	// ExistingID is the execute-api endpoint's ID where it isn't created; else empty.
	ExistingID string
}

// NewEndpoints creates the endpoints that don't exist, and looks up the others.
// An existing endpoint that doesn't serve is an [ExistingResourceError].
func NewEndpoints(ctx *pulumi.Context, name string, args *EndpointsArgs, opts ...pulumi.ResourceOption) (*Endpoints, error) {
	if err := args.check(name); err != nil {
		return nil, err
	}
	endpoints := &Endpoints{StaticEndpoints: slices.Clone(args.StaticEndpoints)}
	if err := register(ctx, "Endpoints", name, endpoints, opts); err != nil {
		return nil, err
	}
	existing, err := endpoints.lookUpAll(ctx, args)
	if err != nil {
		return nil, err
	}
	if err := endpoints.executeAPI(ctx, name, args, existing["execute-api"]); err != nil {
		return nil, err
	}
	for _, service := range interfaceServices {
		if existing[service] == nil {
			if err := endpoints.createInterface(ctx, name, service, args); err != nil {
				return nil, err
			}
		}
	}
	if existing["s3"] == nil {
		if err := endpoints.createS3(ctx, name, args); err != nil {
			return nil, err
		}
	}
	if args.TasksGroupID != nil {
		if err := endpoints.allowEgress(ctx, name, args, existing); err != nil {
			return nil, err
		}
	}
	outputs := pulumi.Map{
		"executeApiId":        endpoints.ExecuteAPIID,
		"executeApiDnsName":   endpoints.ExecuteAPIDNSName,
		"executeApiAddresses": endpoints.ExecuteAPIAddresses,
	}
	if err := complete(ctx, "Endpoints", name, endpoints, outputs); err != nil {
		return nil, err
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

// lookUpAll looks up the endpoints that exist, by service. It reports every one
// that doesn't serve.
func (e *Endpoints) lookUpAll(ctx *pulumi.Context, args *EndpointsArgs) (map[string]*ec2.LookupVpcEndpointResult, error) {
	existing := map[string]*ec2.LookupVpcEndpointResult{}
	sources := args.sources()
	var wrong []error
	for _, service := range slices.Sorted(maps.Keys(sources)) {
		if !sources[service].exists() {
			continue
		}
		found, err := lookUpEndpoint(ctx, pulumi.Parent(e), sources[service], args.Region, args.ExistingVPCID, service)
		if err == nil {
			err = checkPrivateDNSOn(found, service)
		}
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		existing[service] = found
	}
	return existing, errors.Join(wrong...)
}

// lookUpEndpoint finds an endpoint that exists.
func lookUpEndpoint(ctx *pulumi.Context, option pulumi.InvokeOption, source EndpointSource, region, vpcID, service string) (*ec2.LookupVpcEndpointResult, error) {
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
	found, err := ec2.LookupVpcEndpoint(ctx, lookup, option)
	if err != nil {
		return nil, fmt.Errorf("look the %s endpoint up (name one by id where the VPC has none or several): %w", service, err)
	}
	if found.ServiceName != serviceName {
		return nil, &ExistingResourceError{Kind: "endpoint", ID: found.Id, Purpose: service,
			Problem: "it is an endpoint of " + found.ServiceName, Fix: "name one of " + serviceName}
	}
	return found, nil
}

func (e *Endpoints) executeAPI(ctx *pulumi.Context, name string, args *EndpointsArgs, existing *ec2.LookupVpcEndpointResult) error {
	var endpoint *executeAPI
	var err error
	if existing != nil {
		endpoint, err = existingExecuteAPI(ctx, e, existing)
	} else {
		endpoint, err = createExecuteAPI(ctx, e, name+"-execute-api", &executeAPIArgs{
			region: args.Region, vpcID: args.VPCID, subnetIDs: args.SubnetIDs, groupID: args.ExecuteAPIGroupID,
			addresses: args.Addresses, policy: args.ExecuteAPIPolicy, tags: args.Tags,
		})
	}
	if err != nil {
		return err
	}
	e.StaticEndpoints, e.ExistingID = append(e.StaticEndpoints, endpoint.static...), endpoint.existingID
	if e.ExecuteAPIID, err = args.checkedID(ctx, e, endpoint.id, existing); err != nil {
		return err
	}
	e.ExecuteAPIDNSName = endpoint.dnsName
	e.ExecuteAPIAddresses = endpoint.sorted()
	return nil
}

// checkedID is the execute-api endpoint's ID, once its existing security groups are
// known to admit the tasks alone.
func (a *EndpointsArgs) checkedID(ctx *pulumi.Context, parent pulumi.Resource, id pulumi.StringOutput, existing *ec2.LookupVpcEndpointResult) (pulumi.StringOutput, error) {
	switch {
	case a.TrustCallers:
		return id, nil
	case existing != nil:
		return tasksAlone(existing.SecurityGroupIds, a.TasksID, a.ExistingTasksID).check(ctx, parent, id)
	case a.ExistingGroupID != "":
		return tasksAlone([]string{a.ExistingGroupID}, a.TasksID, a.ExistingTasksID).check(ctx, parent, id)
	}
	return id, nil
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
	}, pulumi.Parent(e), pulumi.DependsOn(e.StaticEndpoints))
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

// allowEgress adds a rule for each security group of an existing endpoint to the
// tasks' group.
func (e *Endpoints) allowEgress(ctx *pulumi.Context, name string, args *EndpointsArgs, existing map[string]*ec2.LookupVpcEndpointResult) error {
	var groups []string
	for _, endpoint := range existing {
		groups = append(groups, endpoint.SecurityGroupIds...)
	}
	groups = slices.DeleteFunc(groups, func(group string) bool {
		return slices.Contains(args.ReachableGroupIDs, group)
	})
	for i, group := range distinct(groups) {
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
