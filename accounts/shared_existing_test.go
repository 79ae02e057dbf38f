package accounts

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/components"
)

// inVPC is what stands in the way in an existing VPC, and what is said of it.
func TestWhatAnUpdateWouldMeetInAVPCIsReportedBeforeAnythingIsRegistered(t *testing.T) {
	endpoint := func(more map[string]any) map[string]any {
		found := map[string]any{"id": "vpce-0fffffff", "privateDnsEnabled": true, "tags": map[string]any{}, "routeTableIds": []any{"rtb-main"}}
		for key, value := range more {
			found[key] = value
		}
		return found
	}
	own := map[string]any{"tags": map[string]any{"app": "portico", "environment": "dev", "managed-by": "portico", "Name": "x"}}
	const firstSubnet = "subnet-0a1b2c3d4e5f6071a"
	const existingARN = "arn:aws:acm:us-east-1:111111111111:certificate/12345678-1234-1234-1234-123456789012"
	for name, test := range map[string]struct {
		monitor *monitor
		more    settingsText
		// mapping is the mapping; empty: twoRows.
		mapping string
		// want are parts of the error, one for each mistake; none: all is well.
		want []string
	}{
		"nothing": {monitor: &monitor{}},
		"a zone without execute-api": {
			monitor: &monitor{subnets: map[string]map[string]any{firstSubnet: {"availabilityZone": "us-east-1e", "availabilityZoneId": "use1-az3"}}},
			want:    []string{"use subnet " + firstSubnet + " of account 111111111111: it is in us-east-1e (use1-az3), where the endpoint service of ecr.api, ecr.dkr, execute-api, logs is not: AWS refuses the endpoint: name a subnet in one of us-east-1a, us-east-1b, us-east-1c (portico:network.subnetIds)"},
		},
		"a zone without endpoints that exist": {
			monitor: &monitor{subnets: map[string]map[string]any{firstSubnet: {"availabilityZone": "us-east-1e"}}},
			more:    "  portico:endpoints: {executeApi: {id: vpce-0a1b2c3d4e5f60715}, logs: {lookup: true}, ecrApi: {lookup: true}, ecrDkr: {lookup: true}}\n",
		},
		"the logs of others": {
			monitor: &monitor{inTheWay: map[string]map[string]any{"com.amazonaws.us-east-1.logs": endpoint(nil)}},
			want:    []string{"use endpoint vpce-0fffffff of account 111111111111 for logs: it is there already with private DNS, of which VPC vpc-0a1b2c3d4e5f60718 takes one: write portico:endpoints.logs: {lookup: true} to use it, or turn its private DNS off"},
		},
		"both of ECR": {
			monitor: &monitor{inTheWay: map[string]map[string]any{"com.amazonaws.us-east-1.ecr.api": endpoint(nil), "com.amazonaws.us-east-1.ecr.dkr": endpoint(nil)}},
			want:    []string{"portico:endpoints.ecrApi: {lookup: true}", "portico:endpoints.ecrDkr: {lookup: true}"},
		},
		"logs without private DNS":  {monitor: &monitor{inTheWay: map[string]map[string]any{"com.amazonaws.us-east-1.logs": endpoint(map[string]any{"privateDnsEnabled": false})}}},
		"logs that are the stack's": {monitor: &monitor{inTheWay: map[string]map[string]any{"com.amazonaws.us-east-1.logs": endpoint(own)}}},
		"logs that are looked up": {
			monitor: &monitor{inTheWay: map[string]map[string]any{"com.amazonaws.us-east-1.logs": endpoint(nil)}},
			more:    "  portico:endpoints: {logs: {lookup: true}}\n",
		},
		"a route to S3": {
			monitor: &monitor{inTheWay: map[string]map[string]any{"com.amazonaws.us-east-1.s3": endpoint(nil)}},
			want:    []string{"for s3: route table rtb-main of subnet " + firstSubnet + " has its route already, and takes one: write portico:endpoints.s3: {lookup: true} to use it"},
		},
		"a route to S3 of other subnets": {monitor: &monitor{inTheWay: map[string]map[string]any{"com.amazonaws.us-east-1.s3": endpoint(map[string]any{"routeTableIds": []any{"rtb-other"}})}}},
		"a denied question":              {monitor: &monitor{inTheWay: map[string]map[string]any{"com.amazonaws.us-east-1.logs": nil}}},
		"a private zone of the name": {
			monitor: &monitor{privateZones: map[string]string{"Z0THEIRS": "internal.example.com"}},
			want:    []string{"use private hosted zone Z0THEIRS of account 111111111111 for internal.example.com: VPC vpc-0a1b2c3d4e5f60718 has it already, and takes one zone of a name: write portico:dns.existing: [{name: internal.example.com, id: Z0THEIRS}] to add the records to it"},
		},
		// It answers until its owner removes it, as in a migration; test/lifecycle has the
		// notice.
		"a private zone of a custom domain itself": {monitor: &monitor{privateZones: map[string]string{"Z0HOST": "a.internal.example.com"}}},
		"a private zone of a custom domain itself that is used": {
			monitor: &monitor{privateZones: map[string]string{"Z0HOST": "a.internal.example.com"}},
			more:    "  portico:dns: {scope: host, existing: [{name: a.internal.example.com, id: Z0HOST}]}\n",
		},
		"a subnet of another account": {
			monitor: &monitor{subnets: map[string]map[string]any{firstSubnet: {"ownerId": "999999999999"}}},
			want:    []string{"account 999999999999 owns it and shares it with this one: AWS creates no VPC endpoint for this account in it: name subnets of a VPC of this account, or run this stack in account 999999999999"},
		},
		"too few addresses": {
			monitor: &monitor{subnets: map[string]map[string]any{firstSubnet: {"availableIpAddressCount": 11, "cidrBlock": "10.7.0.0/28"}}},
			want:    []string{"11 addresses of 10.7.0.0/28 are free, and 13 are needed: 8 for each of 1 load balancer, 1 for each of 4 endpoints, 1 for tasks: name a larger subnet of the zone, a /27 or more, or free addresses in it"},
		},
		"too few addresses for an inbound endpoint too": {
			monitor: &monitor{subnets: map[string]map[string]any{firstSubnet: {"availableIpAddressCount": 13, "cidrBlock": "10.7.0.0/28"}}},
			more:    "  portico:dns: {resolverInbound: {allowedCidrs: [10.100.0.0/16]}}\n",
			want:    []string{"13 addresses of 10.7.0.0/28 are free, and 14 are needed: 8 for each of 1 load balancer, 1 for each of 4 endpoints, 1 for tasks, 1 for the inbound endpoint"},
		},
		"an existing endpoint that admits part of the subnets": {
			monitor: &monitor{
				rules: map[string]map[string]any{
					"sgr-1": {"securityGroupId": "sg-of-services", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.7.0.0/24"},
					"sgr-2": {"securityGroupId": "sg-of-services", "ipProtocol": "tcp", "fromPort": 80, "toPort": 80, "cidrIpv4": "0.0.0.0/0"},
					"sgr-3": {"securityGroupId": "sg-of-others", "ipProtocol": "-1", "referencedSecurityGroupId": "sg-0000000d"},
				},
				subnets: map[string]map[string]any{firstSubnet: {"cidrBlock": "10.7.3.0/24"}},
			},
			more: "  portico:endpoints: {logs: {lookup: true}}\n",
			want: []string{"use endpoint vpce-adopted of account 111111111111 for logs: its security groups, sg-of-others, sg-of-services, admit sg-0000000d (rule sgr-3 of sg-of-others), 10.7.0.0/24 (rule sgr-1 of sg-of-services) to port 443, and not the proxy's tasks in " + firstSubnet + " (10.7.3.0/24): add an ingress rule for TCP 443 from these ranges to sg-of-others (portico:endpoints)"},
		},
		"an existing endpoint that admits a prefix list": {
			monitor: &monitor{rules: map[string]map[string]any{"sgr-1": {"securityGroupId": "sg-of-services", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListId": "pl-1"}}},
			more:    "  portico:endpoints: {logs: {lookup: true}}\n",
		},
		"an existing endpoint that admits the tasks' group": {
			monitor: &monitor{rules: map[string]map[string]any{"sgr-1": {"securityGroupId": "sg-of-services", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "referencedSecurityGroupId": "sg-0000000c"}}},
			more:    "  portico:endpoints: {logs: {lookup: true}}\n  portico:securityGroups: {tasksId: sg-0000000c}\n",
		},
		"an existing endpoint without private DNS": {
			monitor: &monitor{privateDNSOff: true},
			more:    "  portico:endpoints: {logs: {lookup: true}}\n",
			want:    []string{"use endpoint vpce-adopted for logs: its private DNS is off, so tasks would not find it: enable private DNS on it (portico:endpoints)"},
		},
		"enough addresses": {monitor: &monitor{subnets: map[string]map[string]any{firstSubnet: {"availableIpAddressCount": 13, "cidrBlock": "10.7.0.0/28"}}}},
		"all at once": {
			monitor: &monitor{
				inTheWay:     map[string]map[string]any{"com.amazonaws.us-east-1.logs": endpoint(nil)},
				privateZones: map[string]string{"Z0THEIRS": "internal.example.com"},
				subnets:      map[string]map[string]any{firstSubnet: {"availableIpAddressCount": 3, "vpcId": "vpc-0other"}},
			},
			want: []string{"use endpoint vpce-0fffffff", "use private hosted zone Z0THEIRS", "3 addresses of", "use subnet " + firstSubnet + ": it belongs to vpc-0other"},
		},
		"a zone of another name": {
			monitor: &monitor{privateZones: map[string]string{"Z0THEIRS": "private.example.net"}},
			more:    "  portico:dns: {existing: [{name: internal.example.com, id: Z0THEIRS}]}\n",
			want:    []string{"use hosted zone Z0THEIRS: it is the zone private.example.net (private: true), and the private zone internal.example.com is wanted: name the ID of that private zone (portico:dns.existing)", "use private hosted zone Z0THEIRS of account 111111111111 for private.example.net"},
		},
		"a zone that is not there": {
			monitor: &monitor{},
			more:    "  portico:dns: {existing: [{name: internal.example.com, id: Z0GONE}]}\n",
			want:    []string{"use hosted zone Z0GONE for internal.example.com: no matching Route 53 Hosted Zone found"},
		},
		"a zone that the VPC does not resolve": {
			monitor: &monitor{privateZones: map[string]string{"Z0THEIRS": "internal.example.com"}, unassociated: map[string]string{"Z0THEIRS": "internal.example.com"}},
			more:    "  portico:dns: {existing: [{name: internal.example.com, id: Z0THEIRS}]}\n",
			want:    []string{"use private hosted zone Z0THEIRS for internal.example.com: it isn't associated with VPC vpc-0a1b2c3d4e5f60718"},
		},
		"a zone, callers of endpoints, an S3 endpoint, two front doors at one endpoint, certificates, a public zone, the load balancer's callers and a free address at once": {
			monitor: &monitor{
				privateZones: map[string]string{"Z0THEIRS": "private.example.net"},
				rules:        ruleIn("sg-of-others", map[string]any{"cidrIpv4": "10.0.0.0/8"}),
				severalZones: []string{"example.com"},
				certificates: map[string]map[string]any{existingARN: {"status": "EXPIRED", "domainName": "*.other.example.com", "subjectAlternativeNames": []any{}, "notAfter": "2020-01-02T03:04:05Z"}},
				subnets:      map[string]map[string]any{firstSubnet: {"availableIpAddressCount": 3, "cidrBlock": "10.7.0.0/28"}},
				outputs:      map[string]map[string]any{"organization/portico-provider/dev-orders": nil},
			},
			mapping: hosts("a.example.com nginx", "a.internal.example.com alb"),
			more: "  portico:providers: [organization/portico-provider/dev-orders]\n" +
				"  portico:endpoints: {executeApi: {id: vpce-0a1b2c3d4e5f60715}, alb: {id: vpce-0a1b2c3d4e5f60715}, s3: {id: vpce-0a1b2c3d4e5f60716}}\n" +
				"  portico:dns: {existing: [{name: example.com, id: Z0THEIRS}]}\n" +
				"  portico:certificates: {existing: [{arn: \"" + existingARN + "\", names: [\"*.example.com\"]}]}\n",
			want: []string{
				"find public hosted zone example.com: the account has several",
				"use certificate " + existingARN + " for *.example.com: its names are",
				"use certificate " + existingARN + ": it expired on 2020-01-02",
				"use certificate " + existingARN + ": it is EXPIRED",
				"use endpoint vpce-0a1b2c3d4e5f60715: portico:endpoints.executeApi and portico:endpoints.alb are the same one",
				"use endpoint vpce-0a1b2c3d4e5f60716 for s3: it is an endpoint of com.amazonaws.us-east-1.execute-api",
				"use hosted zone Z0THEIRS: it is the zone private.example.net",
				"use security group sg-of-others for the execute-api endpoint: its rule sgr-1 admits 10.0.0.0/8 to port 443, and who reaches the endpoint without the load balancer",
				"use security group sg-of-others for the execute-api endpoint: its rule sgr-1 admits 10.0.0.0/8 to port 443, and who reaches the endpoint without the proxy",
				"use subnet " + firstSubnet + " of account 111111111111: 3 addresses of 10.7.0.0/28 are free",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.monitor.unknown = true
			err := shared(t, test.monitor, minimalShared+existingVPC+test.more, cmp.Or(test.mapping, twoRows))
			if len(test.want) == 0 {
				require.NoError(t, err)
				return
			}
			var found existingErrors
			require.ErrorAs(t, err, &found)
			require.Len(t, found, len(test.want), err.Error())
			require.True(t, slices.IsSortedFunc(found, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) }))
			for i, want := range test.want {
				require.ErrorContains(t, found[i], want)
			}
			require.True(t, errors.As(err, new(*components.ExistingResourceError)))
			for _, r := range test.monitor.resources {
				require.False(t, strings.HasPrefix(r.Token, "aws:") && !r.Read, "%s is registered", r.Name)
			}
		})
	}
}

// A VPC of dns.associations has one private zone of a name too, beside a VPC that the
// stack creates.
func TestAVPCThatResolvesAnotherZoneOfTheNameIsReported(t *testing.T) {
	const associations = "  portico:dns: {associations: [{vpcId: vpc-0c0ffee0}, {vpcId: vpc-0c0ffee1, accountId: \"333333333333\"}]}\n"
	m := &monitor{unknown: true, privateZones: map[string]string{"Z0THEIRS": "internal.example.com"}}
	err := shared(t, m, minimalShared+associations, twoRows)
	var found existingErrors
	require.ErrorAs(t, err, &found)
	require.EqualError(t, found, "use associated zone Z0THEIRS of account 111111111111 for internal.example.com: VPC vpc-0c0ffee0 resolves it, and takes one zone of a name: have the VPC taken out of that zone, or leave it out of the associations (portico:dns.associations)")
	for _, r := range m.resources {
		require.False(t, strings.HasPrefix(r.Token, "aws:"), "%s is registered", r.Name)
	}
	require.NoError(t, shared(t, &monitor{unknown: true}, minimalShared+associations, twoRows))
}

// A later run finds what the stack has made itself, and asks no more about it.
func TestWhatTheStackHasMadeIsNotInItsWay(t *testing.T) {
	outputs := map[string]any{"contract": 2, "region": "us-east-1", "vpcId": "vpc-0a1b2c3d4e5f60718", "hosts": []any{"a.internal.example.com", "b.internal.example.net", "b.private.example.net"},
		"network": map[string]any{"subnetIds": []any{"subnet-0a1b2c3d4e5f6071a", "subnet-0a1b2c3d4e5f6071b"}}}
	m := &monitor{
		outputs:      map[string]map[string]any{"organization/portico/dev": outputs},
		privateZones: map[string]string{"Z0OURS": "internal.example.com"},
		subnets:      map[string]map[string]any{"subnet-0a1b2c3d4e5f6071a": {"availableIpAddressCount": 2}},
	}
	require.NoError(t, shared(t, m, minimalShared+existingVPC, twoRows))
}

func TestPublicZonesThatCannotValidateAreReportedBeforeAnythingIsRegistered(t *testing.T) {
	const zones = "  portico:certificates: {zones: [{name: example.com, id: Z0123456789}]}\n"
	rows := strings.ReplaceAll(twoRows, "internal.example.com", "a.dev.example.net")
	for name, test := range map[string]struct {
		monitor *monitor
		more    settingsText
		mapping string
		want    []string
	}{
		"two of one name": {
			monitor: &monitor{severalZones: []string{"example.com"}}, mapping: twoRows,
			want: []string{"find public hosted zone example.com: the account has several of that name: name the ID of the one that the domain's registrar, or the zone above, delegates to (portico:certificates.zones: [{name: example.com, id: Z...}])"},
		},
		"two, and the ID of one": {monitor: &monitor{severalZones: []string{"example.com"}, publicZoneIDs: map[string]string{"Z0123456789": "example.com"}}, more: zones, mapping: twoRows},
		"the ID of another zone": {
			monitor: &monitor{publicZoneIDs: map[string]string{"Z0123456789": "example.org"}}, more: zones, mapping: twoRows,
			want: []string{"find public hosted zone example.com: the zone Z0123456789 is not the public zone of that name: correct the ID (portico:certificates.zones)"},
		},
		"one that no zone delegates": {
			monitor: &monitor{}, mapping: rows,
			want: []string{"in public hosted zone dev.example.net (ZPUBLIC-dev.example.net): its name servers are ns-1.dev.example.net, ns-2.dev.example.net, and the zone example.net above it has no NS record of that name"},
		},
		"one whose name leads elsewhere": {
			monitor: &monitor{delegations: map[string]string{"dev.example.net": "ns.elsewhere.example"}}, mapping: rows,
			want: []string{"the zone example.net above it delegates the name to ns.elsewhere.example, so that ACM would not find the record there and wait for 75 minutes: correct the delegation, or name the zone that answers (ROUTE53_PUBLIC_DOMAIN of the row names another zone, "},
		},
		"one that is delegated": {monitor: &monitor{delegations: map[string]string{"dev.example.net": "NS-2.dev.example.net"}}, mapping: rows},
	} {
		t.Run(name, func(t *testing.T) {
			test.monitor.unknown = true
			err := shared(t, test.monitor, minimalShared+test.more, test.mapping)
			if len(test.want) == 0 {
				require.NoError(t, err)
				return
			}
			var found existingErrors
			require.ErrorAs(t, err, &found)
			require.Len(t, found, len(test.want), err.Error())
			for i, want := range test.want {
				require.ErrorContains(t, found[i], want)
			}
			for _, r := range test.monitor.resources {
				require.False(t, strings.HasPrefix(r.Token, "aws:") && !r.Read, "%s is registered", r.Name)
			}
		})
	}
}

// TestWhatAnAccountHasAlreadyIsCountedAgainstQuotas has two VPCs, and asks for a third
// where two and three are allowed; and for as many load balancers as there may be.
func TestWhatAnAccountHasAlreadyIsCountedAgainstQuotas(t *testing.T) {
	const full = "create 1 VPC in us-east-1 of account 111111111111: there are 2, and the quota \"L-F678F1CE\" allows 2: have the quota raised " +
		"(aws service-quotas request-service-quota-increase --service-code vpc --quota-code L-F678F1CE --desired-value 3), or delete what is not used" +
		" (portico:network: {vpcId: vpc-..., subnetIds: [...]} uses one that exists)"
	for _, preview := range []bool{true, false} {
		m := &monitor{quota: 2, unknown: preview}
		var found existingErrors
		require.ErrorAs(t, shared(t, m, minimalShared, twoRows), &found)
		require.EqualError(t, found, full)
		for _, r := range m.resources {
			require.False(t, strings.HasPrefix(r.Token, "aws:"), "%s is registered", r.Name)
		}
		require.NoError(t, shared(t, &monitor{quota: 3, unknown: preview}, minimalShared, twoRows))
		require.NoError(t, shared(t, &monitor{quota: 2, unknown: preview}, minimalShared+existingVPC, twoRows), "no VPC is made")
	}
	// What the last run made counts once.
	e := &sharedRuns{settings: minimalShared, mapping: twoRows}
	e.up(t)
	m := &monitor{quota: 2, outputs: e.reported}
	require.NoError(t, shared(t, m, minimalShared, twoRows))
	require.NotContains(t, m.invokes, "aws:servicequotas/getServiceQuota:getServiceQuota")
}

// TestAPrebuiltImageIsLookedFor has ECR without the image, or without its repository, or
// silent.
func TestAPrebuiltImageIsLookedFor(t *testing.T) {
	const digest = "@sha256:0000000000000000000000000000000000000000000000000000000000000000"
	for name, test := range map[string]struct {
		uri, answer, want string
		asked             bool
	}{
		"it is there":           {uri: "111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1", asked: true},
		"no such tag":           {uri: "111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:2", answer: "api error ImageNotFoundException", want: "use image 111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:2: repository proxy of account 111111111111 in us-east-1 does not have it: tasks could not pull it: push it, or name one that is there (portico:image.uri)", asked: true},
		"no such digest":        {uri: "111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy" + digest, answer: "api error ImageNotFoundException", want: "use image 111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy" + digest, asked: true},
		"no such repository":    {uri: "111111111111.dkr.ecr.us-east-1.amazonaws.com/team/proxy:2", answer: "api error RepositoryNotFoundException", want: "account 111111111111 has no repository team/proxy in us-east-1", asked: true},
		"of another account":    {uri: "333333333333.dkr.ecr.us-east-1.amazonaws.com/proxy:2", answer: "api error ImageNotFoundException", want: "repository proxy of account 333333333333", asked: true},
		"of another region":     {uri: "111111111111.dkr.ecr.eu-west-1.amazonaws.com/proxy:2", answer: "api error ImageNotFoundException", want: "of account 111111111111 in eu-west-1", asked: true},
		"a question denied":     {uri: "333333333333.dkr.ecr.us-east-1.amazonaws.com/proxy:2", answer: "api error AccessDeniedException: not authorized to perform: ecr:DescribeImages", asked: true},
		"of a public registry":  {uri: "public.ecr.aws/team/proxy:2", answer: "it would be an error"},
		"of another's registry": {uri: "registry.example.com/proxy:2", answer: "it would be an error"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &monitor{noImage: test.answer, unknown: true}
			err := shared(t, m, minimalShared+settingsText("  portico:image: {uri: \""+test.uri+"\"}\n"), twoRows)
			require.Equal(t, test.asked, slices.Contains(m.invokes, "aws:ecr/getImage:getImage"))
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
			require.Equal(t, strings.Contains(test.uri, "eu-west-1"), slices.ContainsFunc(m.resources, func(r registered) bool { return r.Name == "aws-eu-west-1" }), "a provider of the image's region")
		})
	}
}

const endpointService = "aws:ec2/getVpcEndpointService:getVpcEndpointService"

// needed are the functions without which a preview can't tell what would be made.
var needed = map[string]string{
	"pulumi:pulumi:readStackOutputs":                      "the state is read, not an account",
	"pulumi:pulumi:readStackResourceOutputs":              "the state is read, not an account",
	"aws:ec2/getVpc:getVpc":                               "the VPC's ranges are in rules",
	"aws:ec2/getSubnet:getSubnet":                         "the subnets' zones decide on what is made",
	"aws:ec2/getRouteTables:getRouteTables":               "the S3 endpoint is put into the route tables",
	"aws:ec2/getVpcEndpoint:getVpcEndpoint":               "an endpoint that is used has an ID, a DNS name and security groups",
	"aws:ec2/getNetworkInterface:getNetworkInterface":     "the proxy sends requests to an endpoint's addresses",
	"aws:ec2/getPrefixList:getPrefixList":                 "a rule names the prefix list of S3",
	"aws:index/getAvailabilityZones:getAvailabilityZones": "subnets are made in zones",
	endpointService:                                       "subnets of a new VPC are made in the service's zones",
	"aws:ecr/getAuthorizationToken:getAuthorizationToken": "the image is pushed with it",
}

// TestEveryDeniedQuestionIsANotice denies a preview one function after another.
func TestEveryDeniedQuestionIsANotice(t *testing.T) {
	const used = "  portico:endpoints: {executeApi: {id: vpce-0a1b2c3d4e5f60715}, logs: {lookup: true}}\n" +
		"  portico:dns: {existing: [{name: internal.example.com, id: Z0THEIRS}], associations: [{vpcId: vpc-0c0ffee0}]}\n" +
		"  portico:image: {uri: \"111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1\"}\n"
	for name, settings := range map[string]settingsText{
		"a new VPC":       minimalShared,
		"an existing VPC": minimalShared + existingVPC,
		"what exists":     minimalShared + existingVPC + used,
	} {
		at := func(denied string) *monitor {
			return &monitor{unknown: true, denied: denied, privateZones: map[string]string{"Z0THEIRS": "internal.example.com"},
				rules: ruleIn("sg-of-others", map[string]any{"referencedSecurityGroupId": "sg-0000000d"}), delegations: map[string]string{"example.com": "ns-1.example.com"}}
		}
		asked := at("nothing")
		_ = preview(t, asked, settings, twoRows)
		slices.Sort(asked.invokes)
		for _, function := range slices.Compact(asked.invokes) {
			_, reads := needed[function]
			if reads && (function != endpointService || settings == minimalShared) {
				continue
			}
			t.Run(name+" "+function, func(t *testing.T) {
				m := at(function)
				lines := preview(t, m, settings, twoRows)
				require.True(t, slices.ContainsFunc(lines, func(line string) bool {
					return strings.HasPrefix(line, "not asked: ") && strings.Contains(line, function)
				}), "%q", lines)
			})
		}
	}
}

// preview previews the shared stack, and returns its warnings. Errors that are no denial
// are what the questions find.
func preview(t *testing.T, m *monitor, settings settingsText, rows string) []string {
	t.Helper()
	m.publicZones = publicZones
	log, program := &warnings{}, SharedIn(project(t, "dev", settings, rows))
	err := run(t, m, func(ctx *pulumi.Context) error {
		log.Log, ctx.Log = ctx.Log, log
		return program(ctx)
	}, "dev", settings.config(t))
	if err != nil {
		require.NotContains(t, err.Error(), "not authorized")
	}
	return log.lines
}

// TestAMappingThatExceedsQuotasHidesNothingOfTheAccount has more zones than the quota
// allows, and two public zones of one name: one report has both. Rows that contradict
// each other leave nothing to ask for.
func TestAMappingThatExceedsQuotasHidesNothingOfTheAccount(t *testing.T) {
	const quota = "  portico:quotas: {hostedZones: 1}\n"
	m := &monitor{severalZones: []string{"example.com"}, unknown: true}
	var found existingErrors
	err := shared(t, m, minimalShared+quota, twoRows)
	require.ErrorAs(t, err, &found)
	require.Len(t, found, 2, err.Error())
	require.ErrorContains(t, found[0], "exceed limit: ")
	require.ErrorContains(t, found[0], "2 needed, 1 allowed")
	require.ErrorContains(t, found[1], "find public hosted zone example.com: the account has several of that name")
	for _, r := range m.resources {
		require.False(t, strings.HasPrefix(r.Token, "aws:") && !r.Read, "%s is registered", r.Name)
	}
	require.ErrorContains(t, shared(t, &monitor{}, minimalShared+quota, twoRows), "2 needed, 1 allowed", "an update makes nothing either")
}
