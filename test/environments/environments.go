// Package environments has environments that together have every kind of resource and
// most options, for tests that bring them up on simulated accounts. The tests lie two
// directories below the module's root, as this package does.
package environments

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/internal/rehearsal/rehearsaltest"
	"github.com/portico-iac/portico/mapping"
)

const (
	region        = "us-east-1"
	sharedAccount = "111111111111"
	prodAccount   = "555555555555"

	frontDoorsMapping = "../../internal/rehearsal/testdata/front-doors.yaml"
)

// environment is a mapping file, and what is set and exists beside it; nil:
// nothing.
type environment struct {
	mapping string
	prepare func(t testing.TB, o *rehearsal.Options, w *awssim.Setup)
}

var environments = map[string]environment{
	"example":     {"../../examples/mapping.dev.yaml", nil},
	"front doors": {frontDoorsMapping, nil},
	"network load balancer": {frontDoorsMapping, func(_ testing.TB, o *rehearsal.Options, _ *awssim.Setup) {
		o.Config = map[string]any{"portico:loadBalancer": map[string]any{"type": "NLB"}}
	}},
	"custom domains alone": {"../environments/testdata/custom-domains-alone.yaml", nil},
	"prod":                 {"../../examples/mapping.prod.yaml", production},
	OptionRich:             {frontDoorsMapping, optionRich},
}

// OptionRich is the environment with the most types and options.
const OptionRich = "option-rich"

// Names are the environments' names, sorted.
func Names() []string { return slices.Sorted(maps.Keys(environments)) }

// Options rehearse an environment by its name, over accounts with what it needs.
func Options(t testing.TB, name string) rehearsal.Options {
	t.Helper()
	known, found := environments[name]
	require.True(t, found, "no environment %q: there are %s", name, strings.Join(Names(), ", "))
	o := rehearsal.Options{Mapping: known.mapping}
	if name == "prod" {
		o.SharedAccount, o.Environment = prodAccount, "prod"
	}
	m, err := mapping.Load(o.Mapping)
	require.NoError(t, err)
	w, err := rehearsal.InitialSetup(m, o.SharedAccount)
	require.NoError(t, err)
	if known.prepare != nil {
		known.prepare(t, &o, w)
	}
	data, err := json.Marshal(w)
	require.NoError(t, err)
	o.Setup = filepath.Join(t.TempDir(), "setup.json")
	require.NoError(t, os.WriteFile(o.Setup, data, 0o600))
	return o
}

// settingsIn is the config of a settings file.
func settingsIn(t testing.TB, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var file struct{ Config map[string]any }
	require.NoError(t, yaml.Unmarshal(data, &file))
	delete(file.Config, "portico:mapping") // the rehearsal's project has a copy
	return file.Config
}

func existing(account, token, id string, properties awssim.Object) awssim.Existing {
	e := awssim.Existing{Account: account, Region: region, Type: token, ID: id, Properties: properties}
	if strings.HasPrefix(token, "aws:route53/zone") {
		e.Region = ""
	}
	return e
}

// production is the settings of Pulumi.prod.yaml in the VPC that they name.
func production(t testing.TB, o *rehearsal.Options, w *awssim.Setup) {
	o.Config = settingsIn(t, "../../Pulumi.prod.yaml")
	for i := range w.Accounts {
		if w.Accounts[i].ID == prodAccount {
			w.Accounts[i].Roles = append(w.Accounts[i].Roles, awssim.Role{Name: "portico-prod", Trusts: []string{prodAccount}})
		}
	}
	const vpc, group = "vpc-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60719"
	subnets := []string{"subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60712", "subnet-0a1b2c3d4e5f60713"}
	add := func(token, id string, properties awssim.Object) {
		w.Existing = append(w.Existing, existing(prodAccount, token, id, properties))
	}
	add("aws:ec2/vpc:Vpc", vpc, awssim.Object{"cidrBlock": "10.20.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true})
	add("aws:ec2/routeTable:RouteTable", "rtb-0a1b2c3d4e5f60715", awssim.Object{"vpcId": vpc})
	var ids []any
	for i, subnet := range subnets {
		zone := string("abd"[i])
		add("aws:ec2/subnet:Subnet", subnet, awssim.Object{"vpcId": vpc, "cidrBlock": "10.20." + string(rune('1'+i)) + ".0/24", "availabilityZone": region + zone})
		add("aws:ec2/routeTableAssociation:RouteTableAssociation", "rtbassoc-0a1b2c3d4e5f6071"+zone, awssim.Object{"routeTableId": "rtb-0a1b2c3d4e5f60715", "subnetId": subnet})
		ids = append(ids, subnet)
	}
	add("aws:ec2/securityGroup:SecurityGroup", group, awssim.Object{"vpcId": vpc, "name": "endpoints"})
	add("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sgr-0a1b2c3d4e5f60719", awssim.Object{
		"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.20.0.0/16",
	})
	add("aws:ec2/vpcEndpoint:VpcEndpoint", "vpce-0a1b2c3d4e5f60713", awssim.Object{
		"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.logs", "vpcEndpointType": "Interface", "privateDnsEnabled": true,
		"subnetIds": ids, "securityGroupIds": []any{group},
	})
	add("aws:ec2/vpcEndpoint:VpcEndpoint", "vpce-0a1b2c3d4e5f60714", awssim.Object{
		"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.s3", "vpcEndpointType": "Gateway", "routeTableIds": []any{"rtb-0a1b2c3d4e5f60715"},
	})
}

// The accounts beside those of front-doors.yaml.
const (
	billingAccount  = "333333333333"
	catalogAccount  = "444444444444"
	partnerAccount  = "555555555555"
	zonesAccount    = "666666666666"
	networkAccount  = "777777777777"
	consumerAccount = "888888888888"
)

// What the option-rich environment's organization demands: tags on what is created
// with them, and a boundary on every role. No condition of AWS's tells a log group or a
// repository with a key from one without.
const (
	BoundaryARN = "arn:aws:iam::" + sharedAccount + ":policy/boundary"
	KeyARN      = "arn:aws:kms:" + region + ":" + sharedAccount + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	keyPolicy   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logs.us-east-1.amazonaws.com"},
		"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*"}]}`
	demands = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Deny","Action":["acm:RequestCertificate","ec2:CreateFlowLogs","ec2:CreateInternetGateway","ec2:CreateRouteTable",
		  "ec2:CreateSecurityGroup","ec2:CreateSubnet","ec2:CreateVpc","ec2:CreateVpcEndpoint","ecr:CreateRepository","ecs:CreateCluster","ecs:CreateService",
		  "ecs:RegisterTaskDefinition","elasticloadbalancing:CreateListener","elasticloadbalancing:CreateLoadBalancer","elasticloadbalancing:CreateTargetGroup",
		  "iam:CreateRole","logs:CreateLogGroup","ram:CreateResourceShare"],
		 "Resource":"*","Condition":{"StringNotEquals":{"aws:RequestTag/cost-center":"4711"}}},
		{"Effect":"Deny","Action":"cloudwatch:PutMetricAlarm","NotResource":["arn:aws:cloudwatch:*:*:alarm:","arn:aws:cloudwatch:*:*:alarm:TargetTracking-*"],
		 "Condition":{"StringNotEquals":{"aws:RequestTag/cost-center":"4711"}}},
		{"Effect":"Deny","Action":["iam:CreateRole","iam:PutRolePermissionsBoundary"],"Resource":"*",
		 "Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"` + BoundaryARN + `"}}}]}`
)

// optionRich is testdata/option-rich.yaml over accounts that have what it names.
func optionRich(t testing.TB, o *rehearsal.Options, w *awssim.Setup) {
	read := func(name string) map[string]any {
		return settingsIn(t, filepath.Join("../environments/testdata", name))
	}
	o.Config = read("option-rich.yaml")
	o.ProviderConfig = map[mapping.AccountID]map[string]any{}
	for name, account := range map[string]mapping.AccountID{
		"orders": "222222222222", "billing": billingAccount, "catalog": catalogAccount, "partner": partnerAccount,
	} {
		o.ProviderConfig[account] = read("option-rich-" + name + ".yaml")
	}
	imported := func(config map[string]any, name string) {
		certificate, key := rehearsaltest.SelfSigned(t, name)
		config["portico:certificates"].(map[string]any)["import"] = []any{map[string]any{"certificate": certificate, "privateKey": key}}
	}
	imported(o.Config, "*.tenants.example.com")
	imported(o.ProviderConfig[partnerAccount], "*.native.example.org")

	w.Keys = []awssim.Key{{ARN: KeyARN, Policy: keyPolicy}}
	w.Existing = append(w.Existing, existing(sharedAccount, "aws:iam/policy:Policy", BoundaryARN, awssim.Object{
		"name": "boundary", "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ecr:*","logs:*"],"Resource":"*"}}`,
	}))
	for i := range w.Accounts {
		w.Accounts[i].ServiceControlPolicies = []json.RawMessage{json.RawMessage(demands)}
	}

	role := awssim.Role{Name: "portico", Trusts: []string{sharedAccount, "222222222222"}}
	w.Accounts = append(w.Accounts,
		awssim.Account{ID: zonesAccount, Roles: []awssim.Role{role}},
		awssim.Account{ID: networkAccount, Roles: []awssim.Role{role}},
		awssim.Account{ID: consumerAccount},
	)
	for i := range w.Accounts {
		w.Accounts[i].OutsideOrganization = w.Accounts[i].ID == partnerAccount
	}
	for i, zone := range w.HostedZones {
		if zone.Name == "example.net" {
			w.HostedZones[i].Account = zonesAccount
		}
	}
	w.EmailApprovals = []string{"example.com"}
	w.CertificateAuthorities = []awssim.CertificateAuthority{{ARN: "arn:aws:acm-pca:us-east-1:" + billingAccount + ":certificate-authority/0a1b"}}
	w.DNSProfiles = []awssim.DNSProfile{{Account: sharedAccount, Region: region, ID: "rp-0123456789abcdef", SharedWith: []string{zonesAccount}}}
	for account, name := range map[string]string{sharedAccount: "*.kept.example.com", partnerAccount: "*.kept.example.org"} {
		certificate, key := rehearsaltest.SelfSigned(t, name)
		w.Existing = append(w.Existing, existing(account, "aws:acm/certificate:Certificate", "arn:aws:acm:us-east-1:"+account+":certificate/0a1b",
			awssim.Object{"certificateBody": certificate, "privateKey": key}))
	}
	add := func(account, token, id string, properties awssim.Object) {
		w.Existing = append(w.Existing, existing(account, token, id, properties))
	}
	zone := func(account, name, id, vpc string) {
		add(account, "aws:ec2/vpc:Vpc", vpc, awssim.Object{"cidrBlock": "10.77.0.0/16"})
		add(account, "aws:route53/zone:Zone", id, awssim.Object{"name": name, "vpcs": []any{map[string]any{"vpcId": vpc, "vpcRegion": region}}})
	}
	zone(sharedAccount, "internal.example.com", "Z0INTERNAL", "vpc-0111111111111111a")
	zone(zonesAccount, "alb.example.net", "Z0ALB", "vpc-0666666666666666a")
	add(networkAccount, "aws:ec2/vpc:Vpc", "vpc-0777777777777777a", awssim.Object{"cidrBlock": "10.44.0.0/16"})

	const vpc, subnet, group = "vpc-0888888888888888a", "subnet-0888888888888888a", "sg-0888888888888888a"
	add(consumerAccount, "aws:ec2/vpc:Vpc", vpc, awssim.Object{"cidrBlock": "10.0.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true})
	add(consumerAccount, "aws:ec2/subnet:Subnet", subnet, awssim.Object{"vpcId": vpc, "cidrBlock": "10.0.0.0/24", "availabilityZone": "us-east-1a"})
	add(consumerAccount, "aws:ec2/securityGroup:SecurityGroup", group, awssim.Object{"vpcId": vpc, "name": "allow-vpc"})
	add(consumerAccount, "aws:ec2/vpcEndpoint:VpcEndpoint", "vpce-0888888888888888a", awssim.Object{
		"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.execute-api", "vpcEndpointType": "Interface",
		"subnetIds": []any{subnet}, "securityGroupIds": []any{group},
	})
}
