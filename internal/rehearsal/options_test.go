package rehearsal

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/mapping"
)

// The accounts of testdata/front-doors.yaml, and those that hold zones and VPCs
// beside them.
const (
	ordersAccount    mapping.AccountID = "222222222222"
	billingAccount   mapping.AccountID = "333333333333"
	catalogAccount   mapping.AccountID = "444444444444"
	partnerAccount   mapping.AccountID = "555555555555"
	zonesAccount                       = "666666666666"
	networkAccount                     = "777777777777"
	consumerAccount                    = "888888888888"
	networkVPC                         = "vpc-0777777777777777a"
	consumerVPC                        = "vpc-0888888888888888a"
	consumerEndpoint                   = "vpce-0888888888888888a"
)

func roleIn(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }

func existing(account, token, id string, properties awssim.Object) awssim.Existing {
	return awssim.Existing{Account: account, Region: "us-east-1", Type: token, ID: id, Properties: properties}
}

// existingCertificate is a certificate that an account's ACM has.
func existingCertificate(t *testing.T, account string, names ...string) (arn string, e awssim.Existing) {
	t.Helper()
	certificate, key := selfSigned(t, names...)
	arn = "arn:aws:acm:us-east-1:" + account + ":certificate/0a1b"
	return arn, existing(account, "aws:acm/certificate:Certificate", arn, awssim.Object{"certificateBody": certificate, "privateKey": key})
}

// existingZone is a private zone that answers a VPC of its account.
func existingZone(account, name, zoneID, vpcID string) []awssim.Existing {
	return []awssim.Existing{
		existing(account, "aws:ec2/vpc:Vpc", vpcID, awssim.Object{"cidrBlock": "10.77.0.0/16"}),
		{Account: account, Type: "aws:route53/zone:Zone", ID: zoneID, Properties: awssim.Object{
			"name": name, "vpcs": []any{map[string]any{"vpcId": vpcID, "vpcRegion": "us-east-1"}},
		}},
	}
}

// consumer is the VPC of an account that offers no role, with an endpoint by
// which its workloads call PRIVATE custom domains.
func consumer() []awssim.Existing {
	const subnet, group = "subnet-0888888888888888a", "sg-0888888888888888a"
	return []awssim.Existing{
		// The addresses are the shared account's too: VPCs don't know of each other.
		existing(consumerAccount, "aws:ec2/vpc:Vpc", consumerVPC, awssim.Object{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true}),
		existing(consumerAccount, "aws:ec2/subnet:Subnet", subnet, awssim.Object{"vpcId": consumerVPC, "cidrBlock": "10.0.0.0/24", "availabilityZone": "us-east-1a"}),
		existing(consumerAccount, "aws:ec2/securityGroup:SecurityGroup", group, awssim.Object{"vpcId": consumerVPC, "name": "allow-vpc"}),
		existing(consumerAccount, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sgr-0888888888888888a", awssim.Object{
			"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16",
		}),
		existing(consumerAccount, "aws:ec2/vpcEndpoint:VpcEndpoint", consumerEndpoint, awssim.Object{
			"vpcId": consumerVPC, "serviceName": "com.amazonaws.us-east-1.execute-api", "vpcEndpointType": "Interface",
			"subnetIds": []any{subnet}, "securityGroupIds": []any{group},
		}),
	}
}

// everyOption mixes in one environment what one environment can mix. Certificates:
// validated in public zones of the shared account and of another, imported and
// existing in the shared account; the same in three provider accounts, and there
// by e-mail and by a private authority too. Zones: created, existing ones of the
// shared account and of another, answering VPCs of accounts with and without a
// role, in a profile. It also returns what makes the initial state out of the
// mapping's.
func everyOption(t *testing.T) (Options, func(*awssim.Setup)) {
	t.Helper()
	document, err := os.ReadFile(frontDoorsMapping)
	require.NoError(t, err)
	const authority = "arn:aws:acm-pca:us-east-1:" + string(billingAccount) + ":certificate-authority/0a1b"
	sharedARN, sharedCertificate := existingCertificate(t, string(sharedAccount), "*.kept.example.com")
	partnerARN, partnerCertificate := existingCertificate(t, string(partnerAccount), "*.kept.example.org")
	change := func(w *awssim.Setup) {
		w.Accounts = append(w.Accounts,
			awssim.Account{ID: zonesAccount, Roles: []awssim.Role{
				{Name: "portico", Trusts: []string{string(sharedAccount), string(ordersAccount)}}, {Name: "dns", Trusts: []string{string(sharedAccount)}},
			}},
			awssim.Account{ID: networkAccount, Roles: []awssim.Role{{Name: "portico", Trusts: []string{string(sharedAccount)}}}},
			awssim.Account{ID: consumerAccount},
		)
		for i, zone := range w.HostedZones {
			if zone.Name == "example.net" {
				w.HostedZones[i].Account = zonesAccount
			}
		}
		w.EmailApprovals = []string{"example.com"}
		w.CertificateAuthorities = []awssim.CertificateAuthority{{ARN: authority}}
		w.DNSProfiles = []awssim.DNSProfile{{
			Account: string(sharedAccount), Region: "us-east-1", ID: "rp-0123456789abcdef", SharedWith: []string{zonesAccount},
		}}
		w.Existing = append(w.Existing, sharedCertificate, partnerCertificate,
			existing(networkAccount, "aws:ec2/vpc:Vpc", networkVPC, awssim.Object{"cidrBlock": "10.44.0.0/16"}),
		)
		w.Existing = append(w.Existing, consumer()...)
		w.Existing = append(w.Existing, existingZone(string(sharedAccount), "internal.example.com", "Z0INTERNAL", "vpc-0111111111111111a")...)
		w.Existing = append(w.Existing, existingZone(zonesAccount, "alb.example.net", "Z0ALB", "vpc-0666666666666666a")...)
	}
	imported := func(name string) []any {
		certificate, key := selfSigned(t, name)
		return []any{map[string]any{"certificate": certificate, "privateKey": key}}
	}
	validated := func(name, role string) map[string]any { return map[string]any{"name": name, "roleArn": role} }
	zonesRole := roleIn(zonesAccount, "portico")
	return Options{
		Mapping: frontDoorsMapping, StateDir: t.TempDir(), Setup: setupFor(t, string(document), change),
		Config: map[string]any{
			"portico:certificates": map[string]any{
				"zones":    []any{validated("example.net", zonesRole)},
				"import":   imported("*.tenants.example.com"),
				"existing": []any{map[string]any{"arn": sharedARN, "names": []string{"*.kept.example.com"}}},
			},
			"portico:dns": map[string]any{
				"existing": []any{
					map[string]any{"name": "internal.example.com", "id": "Z0INTERNAL"},
					map[string]any{"name": "alb.example.net", "id": "Z0ALB", "roleArn": roleIn(zonesAccount, "dns")},
				},
				"associations": []any{
					map[string]any{"vpcId": networkVPC, "roleArn": roleIn(networkAccount, "portico")},
					map[string]any{"vpcId": consumerVPC, "accountId": consumerAccount},
				},
				"profileId": "rp-0123456789abcdef",
			},
		},
		ProviderConfig: map[mapping.AccountID]map[string]any{
			ordersAccount: {"portico:certificates": map[string]any{"zones": []any{
				validated("example.com", roleIn(string(sharedAccount), validationRole)), validated("example.net", zonesRole),
			}}},
			billingAccount: {"portico:certificates": map[string]any{"source": "private-ca", "certificateAuthorityArn": authority}},
			catalogAccount: {"portico:certificates": map[string]any{"source": "email", "validationDomain": "example.com"}},
			partnerAccount: {"portico:certificates": map[string]any{
				"source": "import", "import": imported("*.native.example.org"),
				"existing": []any{map[string]any{"arn": partnerARN, "names": []string{"*.kept.example.org"}}},
			}, "portico:native": map[string]any{"vpcEndpointIds": []string{consumerEndpoint}, "principals": []string{consumerAccount}}},
		},
	}, change
}

// TestEveryCertificateAndZoneOptionOverFourAccounts runs what everyOption mixes.
// The real engine brings such an environment up in test/fidelity, twice.
func TestEveryCertificateAndZoneOptionOverFourAccounts(t *testing.T) {
	document, err := os.ReadFile(frontDoorsMapping)
	require.NoError(t, err)
	o, change := everyOption(t)
	var zones, domains []awssim.Resource
	o.afterUp = func(s *awssim.Simulator) error {
		zones = s.Resources(awssim.Filter{Type: "aws:route53/zone:Zone"})
		domains = s.Resources(awssim.Filter{Account: string(partnerAccount), Type: "aws:apigateway/domainName:DomainName"})
		return nil
	}
	var rehearsals quickRehearsals
	requireOK(t, rehearsals.rehearse(t, o))

	// The account without a role makes its associations itself.
	o.afterUp = nil
	o.Setup = setupFor(t, string(document), func(w *awssim.Setup) {
		change(w)
		for _, zone := range zones {
			if len(zone.Properties.Objects("vpcs")) > 0 {
				w.Existing = append(w.Existing, awssim.Existing{
					Account: consumerAccount, Type: "aws:route53/zoneAssociation:ZoneAssociation", ID: zone.ID + ":" + consumerVPC,
					Properties: awssim.Object{"zoneId": zone.ID, "vpcId": consumerVPC, "vpcRegion": "us-east-1"},
				})
			}
		}
		for _, domain := range domains {
			w.Existing = append(w.Existing, existing(consumerAccount, "aws:apigateway/domainNameAccessAssociation:DomainNameAccessAssociation", domain.ID, awssim.Object{
				"accessAssociationSource": consumerEndpoint, "accessAssociationSourceType": "VPCE", "domainNameArn": domain.ARN,
			}))
		}
	})
	again := rehearsals.rehearse(t, o)
	requireUnchanged(t, again)
	require.Len(t, probesOf(again)["consumer's endpoint"], 2)
	asked := map[string]bool{}
	for _, probe := range probesOf(again)["name resolves in another VPC"] {
		asked[probe.URL] = true
	}
	for _, host := range []string{"shop.internal.example.com", "mirror.alb.example.net", "partner.native.example.org"} {
		for _, vpcID := range []string{networkVPC, consumerVPC} {
			require.True(t, asked[fmt.Sprintf("%s from %s", host, vpcID)], "%s from %s: %v", host, vpcID, asked)
		}
	}
}

// mappingWithout is testdata/front-doors.yaml without the rows that are served
// by given front doors.
func mappingWithout(t *testing.T, frontDoors ...mapping.FrontDoor) string {
	t.Helper()
	m, err := mapping.Load(frontDoorsMapping)
	require.NoError(t, err)
	var rows []map[string]any
	for _, row := range m.Rows {
		without := false
		for _, frontDoor := range frontDoors {
			without = without || row.FrontDoor == frontDoor
		}
		if without {
			continue
		}
		fields := map[string]any{
			"CUSTOM_DOMAIN_URL": row.URL(), "PRIVATE_API_URL": row.API.URL(),
			"ACCOUNT": string(row.Account), "FRONT_DOOR": string(row.FrontDoor), "RETIRED": row.Retired,
		}
		if row.Methods != nil {
			fields["VERBS"] = row.Methods
		}
		rows = append(rows, fields)
	}
	data, err := json.Marshal(map[string]any{"APIS": rows})
	require.NoError(t, err)
	return writeFile(t, "mapping.yaml", string(data))
}

// TestFrontDoorsInOtherSurroundings are environments that differ in what they
// have no need of: resources of one kind each must be missing.
func TestFrontDoorsInOtherSurroundings(t *testing.T) {
	slowly(t)
	const authority = "arn:aws:acm-pca:us-east-1:" + string(sharedAccount) + ":certificate-authority/0a1b"
	const (
		balancer = "aws:lb/loadBalancer:LoadBalancer"
		service  = "aws:ecs/service:Service"
		endpoint = "aws:ec2/vpcEndpoint:VpcEndpoint"
		registry = "aws:ecr/repository:Repository"
	)
	for sentence, c := range map[string]struct {
		without []mapping.FrontDoor
		config  map[string]any
		// counts are resources of the shared account by type.
		counts map[string]int
	}{
		"a Network Load Balancer, one of alb's own, zones and records of each host, and a private authority": {
			config: map[string]any{
				"portico:loadBalancer": map[string]any{"type": "NLB"},
				"portico:dns":          map[string]any{"scope": "host", "records": "host"},
				"portico:certificates": map[string]any{"source": "private-ca", "certificateAuthorityArn": authority},
			},
			counts: map[string]int{balancer: 2, service: 1},
		},
		"no proxy, and mailboxes that approve": {
			without: []mapping.FrontDoor{mapping.FrontDoorNGINX},
			config:  map[string]any{"portico:certificates": map[string]any{"source": "email", "validationDomain": "example.com"}},
			counts:  map[string]int{balancer: 1, service: 0, registry: 0, endpoint: 2},
		},
		"private custom domain names alone": {
			without: []mapping.FrontDoor{mapping.FrontDoorNGINX, mapping.FrontDoorALB},
			counts:  map[string]int{balancer: 0, service: 0, registry: 0, endpoint: 1, "aws:acm/certificate:Certificate": 0},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			file := frontDoorsMapping
			if len(c.without) > 0 {
				file = mappingWithout(t, c.without...)
			}
			document, err := os.ReadFile(file)
			require.NoError(t, err)
			requireOK(t, rehearse(t, Options{
				Mapping: file, Config: c.config,
				Setup: setupFor(t, string(document), func(w *awssim.Setup) {
					w.CertificateAuthorities = []awssim.CertificateAuthority{{ARN: authority}}
					// Above alb.example.net there is no mailbox of example.com.
					w.EmailApprovals = []string{"example.com", "alb.example.net"}
				}),
				afterUp: func(s *awssim.Simulator) error {
					for token, want := range c.counts {
						require.Len(t, s.Resources(awssim.Filter{Account: string(sharedAccount), Type: token}), want, token)
					}
					return nil
				},
			}))
		})
	}
}
