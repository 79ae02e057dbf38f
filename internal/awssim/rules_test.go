package awssim_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

const (
	subnetType              = "aws:ec2/subnet:Subnet"
	securityGroupType       = "aws:ec2/securityGroup:SecurityGroup"
	ingressType             = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressType              = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	endpointType            = "aws:ec2/vpcEndpoint:VpcEndpoint"
	routeTableType          = "aws:ec2/routeTable:RouteTable"
	associationType         = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	loadBalancerType        = "aws:lb/loadBalancer:LoadBalancer"
	targetGroupType         = "aws:lb/targetGroup:TargetGroup"
	listenerType            = "aws:lb/listener:Listener"
	listenerCertificateType = "aws:lb/listenerCertificate:ListenerCertificate"
	certificateType         = "aws:acm/certificate:Certificate"
	validationType          = "aws:acm/certificateValidation:CertificateValidation"
	zoneType                = "aws:route53/zone:Zone"
	recordType              = "aws:route53/record:Record"
)

func TestChecksReportEveryMistakeOfAResource(t *testing.T) {
	n := newNetwork(t)
	for sentence, test := range map[string]struct {
		typ    string
		inputs properties
		want   []string
	}{
		"a property that the SDK does not have": {vpcType, properties{"cidrBlok": "10.0.0.0/16"},
			[]string{`cidrBlock: is required`, `cidrBlok: no such property; did you mean "cidrBlock"?`}},
		"a nested property that the SDK does not have": {endpointType, properties{"vpcId": "vpc-1", "serviceName": "s", "dnsOptions": properties{"recordType": "ipv4"}},
			[]string{`dnsOptions.recordType: no such property`}},
		"a list for a string": {vpcType, properties{"cidrBlock": []string{"10.0.0.0/16"}},
			[]string{`cidrBlock: want a string, not a list`}},
		"a network that is too large and a tenancy that is none": {vpcType, properties{"cidrBlock": "10.0.0.0/8", "instanceTenancy": "shared"},
			[]string{`cidrBlock: "10.0.0.0/8" is a /8; AWS takes /16 to /28`, `instanceTenancy: "shared" is not one of default, dedicated`}},
		"host bits in a network": {vpcType, properties{"cidrBlock": "10.0.0.1/16"},
			[]string{`cidrBlock: "10.0.0.1/16" has host bits set; the network is 10.0.0.0/16`}},
		"a tag that AWS keeps for itself": {vpcType, properties{"cidrBlock": "10.0.0.0/16", "tags": properties{"aws:x": "y"}},
			[]string{`tags: key "aws:x" begins with aws:, which AWS keeps for itself`}},
		"two sources in one rule": {ingressType, properties{"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16", "referencedSecurityGroupId": "sg-2"},
			[]string{`cidrIpv4: exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedSecurityGroupId must be set, not 2`}},
		"security groups on a gateway endpoint": {endpointType, properties{"vpcId": "vpc-1", "serviceName": "s", "securityGroupIds": []string{"sg-1"}},
			[]string{`securityGroupIds: belongs to Interface endpoints; vpcEndpointType is Gateway (the default)`}},
		"a policy that is not JSON": {endpointType, properties{"vpcId": "vpc-1", "serviceName": "s", "policy": "{"},
			[]string{`policy: contains an invalid JSON: unexpected end of JSON input`}},
		"a fixed address in a subnet that is not the endpoint's": {endpointType, properties{"vpcId": "vpc-1", "serviceName": "s", "vpcEndpointType": "Interface", "subnetIds": []string{"subnet-1"},
			"subnetConfigurations": []properties{{"subnetId": "subnet-2", "ipv4": "10.0.0.5"}}},
			[]string{`subnetConfigurations: names subnet subnet-2, which subnetIds does not`}},
		"an HTTPS listener without a certificate, by a policy that is none": {listenerType, properties{"loadBalancerArn": "x", "port": 0, "protocol": "HTTPS", "sslPolicy": "best", "defaultActions": []properties{{"type": "forward"}}},
			nil},
		"a target group with the enum spelt as in the SDK's comments": {targetGroupType, properties{"port": 8443, "protocol": "HTTPS", "vpcId": "vpc-1", "loadBalancingCrossZoneEnabled": "useLoadBalancerConfiguration"},
			[]string{`loadBalancingCrossZoneEnabled: "useLoadBalancerConfiguration" is not one of true, false, use_load_balancer_configuration`}},
		"a wildcard that is not the first label": {certificateType, properties{"domainName": "a.*.example.com", "validationMethod": "DNS"},
			[]string{`domainName: "a.*.example.com" is not a domain name, of which only the whole first label may be *`}},
		"a record that is an alias and has values": {recordType, properties{"zoneId": "Z1", "name": "a", "type": "A", "ttl": 60, "records": []string{"10.0.0.1"}, "aliases": []properties{{"name": "b", "zoneId": "Z2", "evaluateTargetHealth": true}}},
			[]string{`records: exactly one of records and aliases must be set, not 2`, `ttl: takes no value with aliases`}},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, failures := n.check(test.typ, "r", test.inputs)
			if test.want == nil {
				require.Len(t, failures, 4, failures)
				return
			}
			require.Equal(t, test.want, failures)
		})
	}
}

func TestPhysicalNamesAreHeldToTheirLength(t *testing.T) {
	n := newNetwork(t)
	inputs, failures := n.check(targetGroupType, "portico-dev", properties{"port": 8443, "protocol": "HTTPS", "vpcId": n.vpc.id})
	require.Empty(t, failures)
	require.Regexp(t, `^portico-dev-[0-9a-f]{7}$`, inputs.Fields["name"].GetStringValue())
	_, failures = n.check(targetGroupType, "a-logical-name-of-26-chars", properties{"port": 8443, "protocol": "HTTPS", "vpcId": n.vpc.id})
	require.Len(t, failures, 1)
}

func TestResourcesOfOtherAccountsAreNotToBeSeen(t *testing.T) {
	n := newNetwork(t)
	other := newClient(t, n.simulator, providerAccount)
	_, err := other.tryCreate(subnetType, "s", properties{"vpcId": n.vpc.id, "cidrBlock": "10.0.9.0/24"})
	require.ErrorContains(t, err, "api error InvalidVpcID.NotFound: The Vpc '"+n.vpc.id+"' does not exist in account "+providerAccount)
	_, err = other.invoke("aws:ec2/getVpc:getVpc", properties{"id": n.vpc.id})
	require.ErrorContains(t, err, "no matching EC2 VPC found")
	require.NoError(t, other.delete(vpcType, "net", n.vpc))
	require.Len(t, n.simulator.Resources(awssim.Filter{Type: vpcType}), 1, "the other account's delete did nothing")
}

func TestRolesAreAssumedOnlyByThoseTheyTrust(t *testing.T) {
	simulator, err := awssim.New(testSetup())
	require.NoError(t, err)
	require.ErrorContains(t, connect(t, simulator).configure(strangerAccount), "is not authorized to perform: sts:AssumeRole")
	require.ErrorContains(t, connect(t, simulator).configure("444444444444"), "is not authorized to perform: sts:AssumeRole")
	mistaken := testSetup()
	mistaken.Home.Account = providerAccount
	simulator, err = awssim.New(mistaken)
	require.NoError(t, err)
	require.ErrorContains(t, connect(t, simulator).configure(sharedAccount), "AWS account ID not allowed: "+providerAccount)
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func TestRolesAreAssumedWithTheirExternalIDForAsLongAsTheyMayLast(t *testing.T) {
	const role = "arn:aws:iam::" + providerAccount + ":role/portico"
	for what, test := range map[string]struct {
		change func(*awssim.Setup, *awssim.Role)
		asked  awssim.Object
		want   string
	}{
		"the external ID":               {func(_ *awssim.Setup, r *awssim.Role) { r.ExternalID = "portico/dev" }, awssim.Object{"externalId": "portico/dev"}, ""},
		"another external ID":           {func(_ *awssim.Setup, r *awssim.Role) { r.ExternalID = "portico/dev" }, awssim.Object{"externalId": "portico/de"}, "is not authorized to perform: sts:AssumeRole"},
		"no external ID":                {func(_ *awssim.Setup, r *awssim.Role) { r.ExternalID = "portico/dev" }, awssim.Object{}, "is not authorized to perform: sts:AssumeRole"},
		"an external ID without need":   {nil, awssim.Object{"externalId": "portico/dev"}, ""},
		"an hour":                       {nil, awssim.Object{"duration": "1h"}, ""},
		"more than the default maximum": {nil, awssim.Object{"duration": "61m"}, "exceeds the MaxSessionDuration"},
		"the role's maximum":            {func(_ *awssim.Setup, r *awssim.Role) { r.MaxSession = 7200 }, awssim.Object{"duration": "2h"}, ""},
		"less than AWS gives":           {nil, awssim.Object{"duration": "14m"}, "between 900 and 43200"},
		"two hours by a role's own right": {func(w *awssim.Setup, r *awssim.Role) {
			r.MaxSession, w.Home.Principal = 7200, "arn:aws:sts::"+sharedAccount+":assumed-role/ci/run"
		}, awssim.Object{"duration": "2h"}, "1 hour session limit for roles assumed by role chaining"},
	} {
		t.Run(what, func(t *testing.T) {
			setup := testSetup()
			if test.change != nil {
				test.change(setup, &setup.Accounts[1].Roles[0])
			}
			simulator, err := awssim.New(setup)
			require.NoError(t, err)
			test.asked["roleArn"] = role
			_, err = simulator.Session(awssim.Object{"region": "us-east-1", "assumeRole": map[string]any(test.asked)})
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestNetworkRules(t *testing.T) {
	n := newNetwork(t)
	n.create(endpointType, "logs", properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface",
		"subnetIds": n.subnets, "securityGroupIds": []string{n.groups["endpoints"]}, "privateDnsEnabled": true,
		"subnetConfigurations": []properties{{"subnetId": n.subnets[0], "ipv4": "10.0.0.10"}}})
	n.rule(ingressType, "lb", properties{"fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"})
	third := n.create(subnetType, "third", properties{"vpcId": n.vpc.id, "cidrBlock": "10.0.2.0/24", "availabilityZoneId": "use1-az3"})
	interfaceEndpoint := properties{"vpcId": n.vpc.id, "serviceName": "com.amazonaws.us-east-1.sts", "vpcEndpointType": "Interface", "subnetIds": n.subnets[:1]}
	at := func(address string) properties {
		return but(interfaceEndpoint, properties{"subnetConfigurations": []properties{{"subnetId": n.subnets[0], "ipv4": address}}})
	}
	balancer := properties{"internal": true, "subnets": n.subnets}
	for sentence, test := range map[string]struct {
		typ    string
		inputs properties
		want   string
	}{
		"a subnet outside its VPC":                       {subnetType, properties{"vpcId": n.vpc.id, "cidrBlock": "10.1.0.0/24"}, "InvalidSubnet.Range"},
		"a subnet over another":                          {subnetType, properties{"vpcId": n.vpc.id, "cidrBlock": "10.0.0.128/25"}, "InvalidSubnet.Conflict"},
		"a zone that the region has not":                 {subnetType, properties{"vpcId": n.vpc.id, "cidrBlock": "10.0.9.0/24", "availabilityZone": "us-east-1z"}, "InvalidParameterValue"},
		"the same rule twice":                            {ingressType, properties{"securityGroupId": n.groups["lb"], "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"}, "InvalidPermission.Duplicate"},
		"a security group that is not there":             {ingressType, properties{"securityGroupId": "sg-0", "ipProtocol": "-1", "cidrIpv4": "10.0.0.0/16"}, "InvalidGroup.NotFound"},
		"a prefix list that is not there":                {egressType, properties{"securityGroupId": n.groups["lb"], "ipProtocol": "-1", "prefixListId": "pl-1"}, "InvalidPrefixListID.NotFound"},
		"an endpoint of a service that does not exist":   {endpointType, but(interfaceEndpoint, properties{"serviceName": "com.amazonaws.us-east-1.stss"}), "InvalidServiceName"},
		"an endpoint of another region's service":        {endpointType, but(interfaceEndpoint, properties{"serviceName": "com.amazonaws.eu-west-1.sts"}), "InvalidServiceName"},
		"private DNS of one service twice":               {endpointType, but(interfaceEndpoint, properties{"serviceName": "com.amazonaws.us-east-1.logs", "privateDnsEnabled": true}), "conflicting DNS domain"},
		"an endpoint's fixed address outside its subnet": {endpointType, at("10.0.1.10"), "does not fall within"},
		"an endpoint's fixed address that AWS keeps":     {endpointType, at("10.0.0.3"), "reserved address range"},
		"an endpoint's fixed address that is taken":      {endpointType, at("10.0.0.10"), "InvalidIPAddress.InUse"},
		"execute-api in a zone that has none":            {endpointType, but(interfaceEndpoint, properties{"serviceName": "com.amazonaws.us-east-1.execute-api", "subnetIds": []string{third.id}}), "does not support the availability zone"},
		"a load balancer in one zone":                    {loadBalancerType, but(balancer, properties{"subnets": n.subnets[:1]}), "At least two subnets"},
		"a load balancer that faces no internet":         {loadBalancerType, but(balancer, properties{"internal": false}), "no internet gateway"},
		"a load balancer's name of 33 characters":        {loadBalancerType, but(balancer, properties{"name": "portico-portico-portico-portico-x"}), "has 33 characters"},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := n.tryCreate(test.typ, "r", test.inputs)
			require.ErrorContains(t, err, test.want)
		})
	}
	n.create(endpointType, "sts", at("10.0.0.11"))
	require.ErrorContains(t, n.delete(vpcType, "net", n.vpc), "DependencyViolation")
	require.ErrorContains(t, n.delete(subnetType, "subnet-a", resourceOf{id: n.subnets[0]}), "DependencyViolation")
	require.ErrorContains(t, n.delete(securityGroupType, "endpoints", resourceOf{id: n.groups["endpoints"]}), "DependencyViolation")
	require.NoError(t, n.delete(securityGroupType, "lb", resourceOf{id: n.groups["lb"]}), "its own rules go with it")
}

func TestNetworkLoadBalancerCannotGainSecurityGroups(t *testing.T) {
	n := newNetwork(t)
	inputs := properties{"internal": true, "subnets": n.subnets, "loadBalancerType": "network"}
	balancer := n.create(loadBalancerType, "nlb", inputs)
	require.Empty(t, n.diff(loadBalancerType, "nlb", balancer, inputs).Diffs)
	require.Equal(t, []string{"securityGroups"}, n.diff(loadBalancerType, "nlb", balancer, but(inputs, properties{"securityGroups": []string{n.groups["lb"]}})).Replaces)
	grouped := but(inputs, properties{"securityGroups": []string{n.groups["lb"]}})
	other := n.create(loadBalancerType, "nlb2", grouped)
	diff := n.diff(loadBalancerType, "nlb2", other, but(inputs, properties{"securityGroups": []string{n.groups["lb"], n.groups["tasks"]}}))
	require.Equal(t, []string{"securityGroups"}, diff.Diffs)
	require.Empty(t, diff.Replaces)
}

func TestQuotasHold(t *testing.T) {
	setup := testSetup()
	setup.Quotas = map[string]int{"VPCs per Region": 2}
	simulator, err := awssim.New(setup)
	require.NoError(t, err)
	c := newClient(t, simulator, sharedAccount)
	for i := range 2 {
		c.create(vpcType, fmt.Sprint(i), properties{"cidrBlock": "10.0.0.0/16"})
	}
	_, err = c.tryCreate(vpcType, "2", properties{"cidrBlock": "10.0.0.0/16"})
	require.ErrorContains(t, err, "VpcLimitExceeded: VPCs per Region: the quota of 2 is reached")
}

func TestUnknownTypesAndFunctionsAreNamed(t *testing.T) {
	n := newNetwork(t)
	_, err := n.invoke("aws:ec2/getAmi:getAmi", properties{})
	require.ErrorContains(t, err, "function aws:ec2/getAmi:getAmi is not simulated")
	_, err = n.rpc.Check(t.Context(), checkOf("aws:ec2/instance:Instance"))
	require.ErrorContains(t, err, "type aws:ec2/instance:Instance is not simulated")
}
