package awssim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// The identifiers that AWS's forms are made of.
const (
	ec2ID    = `0[0-9a-f]{16}`
	uuid     = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	aZone    = `us-east-1[a-f]`
	apiID    = `[0-9a-z]{10}`
	zoneID   = `Z[0-9A-Z]{20}`
	awsZone  = `Z[0-9A-Z]{13}`
	elbARN   = `arn:aws:elasticloadbalancing:us-east-1:\d{12}:`
	iamARN   = `arn:aws:iam::\d{12}:`
	shareARN = `arn:aws:ram:us-east-1:\d{12}:resource-share/` + uuid
)

// forms is what AWS gives each type, by type and path: "id" is the resource's ID. A
// type whose ID is made of names alone, which the program chooses, has none.
var forms = map[string]map[string]string{
	view.AccessAssociationType:     {"id": `arn:aws:apigateway:us-east-1:\d{12}:/domainnameaccessassociations/domainname/[^/]+\+` + apiID + `/vpcesource/vpce-` + ec2ID},
	view.BasePathMappingType:       {"id": `[^/]+/[^/]*/` + apiID},
	view.BucketLifecycleType:       {},
	view.BucketPolicyType:          {},
	view.BucketType:                {},
	view.PublicAccessBlockType:     {},
	view.CertificateType:           {"id": `arn:aws:acm:us-east-1:\d{12}:certificate/` + uuid, "domainValidationOptions[].resourceRecordName": `_[0-9a-f]{32}\.[^_]+\.`, "domainValidationOptions[].resourceRecordValue": `_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.`},
	view.CertificateValidationType: {},
	view.CIDRBlockAssociationType:  {"id": `vpc-cidr-assoc-` + ec2ID},
	view.ClusterType:               {},
	view.DeploymentType:            {"id": `[0-9a-z]{6}`},
	view.DockerImageType:           {},
	view.DomainNameType:            {"domainNameId": apiID, "regionalDomainName": `d-` + apiID + `\.execute-api\.us-east-1\.amazonaws\.com`, "regionalZoneId": awsZone},
	view.ECSServiceType:            {},
	view.EgressRuleType:            {"id": `sgr-` + ec2ID},
	view.FlowLogType:               {"id": `fl-` + ec2ID},
	view.ImageType:                 {},
	view.IngressRuleType:           {"id": `sgr-` + ec2ID},
	view.InternetGatewayType:       {"id": `igw-` + ec2ID},
	view.LifecyclePolicyType:       {},
	view.ListenerCertificateType:   {},
	view.ListenerRuleType:          {"id": elbARN + `listener-rule/(app|net)/[^/]+(/[0-9a-f]{16}){3}`},
	view.ListenerType:              {"id": elbARN + `listener/(app|net)/[^/]+(/[0-9a-f]{16}){2}`},
	view.LoadBalancerType: {"id": elbARN + `loadbalancer/(app|net)/[^/]+/[0-9a-f]{16}`, "zoneId": awsZone,
		"dnsName": `(internal-)?[^.]+-\d{10}\.us-east-1\.elb\.amazonaws\.com|[^.]+-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com`},
	view.LogGroupType:             {},
	view.DashboardType:            {"dashboardArn": `arn:aws:cloudwatch::\d{12}:dashboard/.+`},
	view.MetricAlarmType:          {"id": `TargetTracking-service/[^/]+/[^/]+-Alarm(High|Low)-` + uuid + `|errors`, "arn": `arn:aws:cloudwatch:us-east-1:\d{12}:alarm:(TargetTracking-service/.*|errors)`},
	view.MetricFilterType:         {},
	view.NetworkInterfaceType:     {"id": `eni-` + ec2ID},
	view.PolicyAttachmentType:     {},
	view.PolicyType:               {"policyId": `ANPA[0-9A-Z]{17}`},
	view.PrincipalAssociationType: {"id": shareARN + `,\d{12}`},
	view.ProfileEntryType:         {"id": `rpr-[0-9a-f]{16}`},
	view.RecordType:               {"id": zoneID + `_.*`},
	view.RepositoryType:           {},
	view.ReservationType:          {"id": `scr-` + ec2ID},
	view.ResolverEndpointType:     {"id": `rslvr-in-` + ec2ID, "ipAddresses[].ipId": `rni-` + ec2ID, "hostVpcId": `vpc-` + ec2ID},
	view.ResourceAssociationType:  {"id": shareARN + `,arn:.*`},
	view.ResourceShareType:        {"id": shareARN},
	view.RESTAPIPolicyType:        {},
	view.RESTAPIType:              {"rootResourceId": apiID},
	view.RolePolicyType:           {},
	view.RoleType:                 {"uniqueId": `AROA[0-9A-Z]{17}`},
	view.RouteTableAssociationType: {
		"id": `rtbassoc-` + ec2ID,
	},
	view.RouteTableType:     {"id": `rtb-` + ec2ID},
	view.RouteType:          {"id": `r-rtb-` + ec2ID + `\d+`},
	view.ScalableTargetType: {"arn": `arn:aws:application-autoscaling:us-east-1:\d{12}:scalable-target/0[0-9a-z]{35}`},
	view.ScalingPolicyType: {"arn": `arn:aws:autoscaling:us-east-1:\d{12}:scalingPolicy:` + uuid + `:resource/ecs/service/[^/]+/[^/]+:policyName/.*`,
		"alarmArns[]": `arn:aws:cloudwatch:us-east-1:\d{12}:alarm:TargetTracking-service/.*-` + uuid},
	view.SecurityGroupType:    {"id": `sg-` + ec2ID},
	view.ShareAccepterType:    {"id": shareARN, "invitationArn": `arn:aws:ram:us-east-1:\d{12}:resource-share-invitation/` + uuid},
	view.StageType:            {"id": `ags-[^-]+-.*`},
	view.SubnetType:           {"id": `subnet-` + ec2ID, "availabilityZone": aZone, "availabilityZoneId": `use1-az[1-6]`},
	view.TargetAttachmentType: {"id": elbARN + `targetgroup/[^/]+/[0-9a-f]{16}-\d{26}`},
	view.TargetGroupType:      {"id": elbARN + `targetgroup/[^/]+/[0-9a-f]{16}`},
	view.TaskDefinitionType:   {"id": `arn:aws:ecs:us-east-1:\d{12}:task-definition/[^:]+:\d+`},
	view.VPCEndpointType: {"id": `vpce-` + ec2ID, "networkInterfaceIds[]": `eni-` + ec2ID, "prefixListId": `pl-[0-9a-f]{8}`,
		"dnsEntries[].dnsName": `vpce-` + ec2ID + `-[0-9a-z]{8}(-` + aZone + `)?\.[a-z.-]+\.us-east-1\.vpce\.amazonaws\.com|(\*\.)?[a-z0-9.-]+\.us-east-1\.amazonaws\.com`},
	view.VPCType:               {"id": `vpc-` + ec2ID, "defaultNetworkAclId": `acl-` + ec2ID, "dhcpOptionsId": `dopt-` + ec2ID},
	view.ZoneAssociationType:   {"id": zoneID + `:vpc-` + ec2ID},
	view.ZoneAuthorizationType: {"id": zoneID + `:vpc-` + ec2ID},
	view.ZoneType: {"id": zoneID, "nameServers[]": `ns-\d+\.awsdns-\d\d\.(com|net|org|co\.uk)\.?`,
		"primaryNameServer": `ns-\d+\.awsdns-\d\d\.(com|net|org|co\.uk)\.?`},
}

// TestIdentifiersHaveTheFormsOfAWS walks the state of an environment that has a
// resource of every type.
func TestIdentifiersHaveTheFormsOfAWS(t *testing.T) {
	seen := map[string]int{}
	e := everything(t, nil)
	e.must(view.CertificateType, "validated by DNS", engine.Object{"domainName": "*.example.com", "validationMethod": "DNS"})
	for _, r := range e.Resources(engine.Filter{}) {
		require.Contains(t, forms, r.Type, "has no form")
		shown := r.Properties.Clone()
		shown["id"] = r.ID
		for path, form := range forms[r.Type] {
			for _, at := range engine.ValuesAt(shown, path) {
				if at.Value == "" {
					continue // a domain of another kind has none
				}
				seen[r.Type+" "+path]++
				require.Regexp(t, regexp.MustCompile(`^(?:`+form+`)$`), at.Value, "%s of %s", path, r.Type)
			}
		}
	}
	for token, paths := range forms {
		for path := range paths {
			require.NotZero(t, seen[token+" "+path], "%s of %s was nowhere to be seen", path, token)
		}
	}
}

func TestTheSameProgramSeesTheSameIdentifiers(t *testing.T) {
	ids := func() (ids []string) {
		for _, r := range everything(t, nil).Resources(engine.Filter{}) {
			ids = append(ids, r.Type+" "+r.ID+" "+r.ARN)
		}
		return ids
	}
	require.Equal(t, ids(), ids())
}

// TestEachAccountHasItsOwnNamesOfZones compares accounts' zones by ID.
func TestEachAccountHasItsOwnNamesOfZones(t *testing.T) {
	simulator, err := New(&Setup{Home: Identity{Account: testAccount}})
	require.NoError(t, err)
	zones := func(account string) (names, ids []string) {
		session := simulator.Root(account, testRegion)
		answer, err := session.Invoke("aws:index/getAvailabilityZones:getAvailabilityZones", engine.Object{})
		require.NoError(t, err)
		return answer.Texts("names"), answer.Texts("zoneIds")
	}
	different := 0
	var all []string
	for n := range 20 {
		names, ids := zones(fmt.Sprintf("%012d", 100000000000+n))
		if n == 0 {
			all = slices.Sorted(slices.Values(ids))
			require.Equal(t, []string{"use1-az1", "use1-az2", "use1-az3", "use1-az4", "use1-az5", "use1-az6"}, all)
		}
		require.Equal(t, all, slices.Sorted(slices.Values(ids)), "an ID is one zone for everybody")
		require.Equal(t, "us-east-1a", names[0])
		if ids[0] != all[0] {
			different++
		}
	}
	require.Greater(t, different, 10)
}

// TestAZonesNameServersAreADelegationSet holds the numbers of the four servers to
// how Route 53 numbers them.
func TestAZonesNameServersAreADelegationSet(t *testing.T) {
	e := everything(t, nil)
	sets := map[string]bool{}
	for _, zone := range e.Resources(engine.Filter{Type: view.ZoneType}) {
		servers := zone.Properties.Texts("nameServers")
		require.Len(t, servers, 4)
		require.Contains(t, servers, zone.Properties.Text("primaryNameServer"))
		for _, server := range servers {
			var number, second int
			var domain string
			_, err := fmt.Sscanf(server, "ns-%d.awsdns-%d.%s", &number, &second, &domain)
			require.NoError(t, err)
			require.Equal(t, number%512/8, second, server)
			require.Equal(t, []string{"com", "net", "org", "co.uk"}[number/512], strings.TrimSuffix(domain, "."), server)
		}
		if engine.IsEmpty(zone.Properties["vpcs"]) {
			require.False(t, sets[servers[0]])
			sets[servers[0]] = true
		} else {
			require.Equal(t, []string{"ns-0.awsdns-00.com.", "ns-1024.awsdns-00.org.", "ns-1536.awsdns-00.co.uk.", "ns-512.awsdns-00.net."}, servers)
		}
	}
}

// TestValidationOptionsHaveAnOrderOfTheirOwn asks for the same names twice: no order
// is that of the request.
func TestValidationOptionsHaveAnOrderOfTheirOwn(t *testing.T) {
	e := everything(t, nil)
	asRequested := 0
	for n := range 10 {
		names := []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com"}
		certificate := e.must(view.CertificateType, fmt.Sprint("ordered", n), engine.Object{
			"domainName": names[0], "subjectAlternativeNames": engine.List(names[1:]...), "validationMethod": "DNS"})
		var found []string
		for _, option := range certificate.Properties.Objects("domainValidationOptions") {
			found = append(found, option.Text("domainName"))
		}
		require.ElementsMatch(t, names, found)
		if slices.Equal(names, found) {
			asRequested++
		}
	}
	require.Less(t, asRequested, 5)
}
