package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/internal/thrifty"
	"github.com/portico-iac/portico/mapping"
)

// TestTheCutOverFromTheReferenceLosesNoRequest carries out docs/migration.md,
// with Terraform's zones, the harder case, while clients call every name. The
// old proxy is a shared stack of an environment "legacy" without provider
// stacks: the APIs' policies are the reference's, held by their owners. The slow
// variant has the real engine run the stacks.
func TestTheCutOverFromTheReferenceLosesNoRequest(t *testing.T) {
	c := newCutOver(t, `
APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: b.private.example.com, PRIVATE_API_URL: "https://bbbbbbbbbb.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "333333333333"}
`)
	// The initial state: the old proxy in the clients' VPC, the zone of the
	// parent domain there, the reference's policies.
	c.up(c.legacy)
	oldEndpoint := c.endpoint("legacy")
	for _, id := range []string{"aaaaaaaaaa", "bbbbbbbbbb"} {
		c.deploys(id, referencePolicy(oldEndpoint))
	}
	c.live("legacy")
	clients := c.call("a.private.example.com", "b.private.example.com")
	clients.requireArriving("legacy")

	// 1. A zone of each host's own answers for it, and still names the old load
	// balancer: it is made in a VPC without clients, since it has no records at
	// first. Then the old zone of the parent domain can leave the VPC.
	c.bridge(map[string]bridge{"a": {to: "legacy", vpc: parkingVPC}, "b": {to: "legacy", vpc: parkingVPC}})
	c.bridge(map[string]bridge{"a": {to: "legacy", vpc: existingVPC}, "b": {to: "legacy", vpc: existingVPC}})
	c.legacyZoneVPC = parkingVPC
	c.up(c.legacy)
	clients.requireArriving("legacy")

	// 2. The certificate's validation record would conflict with the new stack's.
	c.removeValidationRecord()

	// 3. Portico's shared account; then the policies, in each of the two ways:
	// the owner takes the reference's statements out without deploying, and
	// Portico names the old endpoint; or the owner lets both endpoints in.
	c.up(withoutProviders(c.dev))
	newEndpoint := c.endpoint("dev")
	c.saves("aaaaaaaaaa", "")
	c.deploys("bbbbbbbbbb", referencePolicy(oldEndpoint, newEndpoint))
	c.admitting("222222222222", oldEndpoint)
	c.up(c.dev)
	c.live("dev")
	clients.requireArriving("legacy")
	for _, host := range []string{"a.private.example.com", "b.private.example.com"} {
		require.NoError(t, c.try("dev", host), "the new path is tried before any name moves")
	}

	// 4. One name after another moves.
	c.bridge(map[string]bridge{"a": {to: "legacy", vpc: parkingVPC}, "b": {to: "legacy", vpc: existingVPC}})
	clients.requireArrivingFor("a.private.example.com", "dev")
	clients.requireArrivingFor("b.private.example.com", "legacy")
	c.bridge(map[string]bridge{"a": {to: "legacy", vpc: parkingVPC}, "b": {to: "legacy", vpc: parkingVPC}})
	clients.requireArriving("dev")

	// 5. The old goes: the bridges, the old proxy, its admission.
	c.bridge(nil)
	c.destroy(c.legacy)
	c.saves("bbbbbbbbbb", "")
	c.admitting("222222222222")
	c.up(c.dev)
	clients.requireArriving("dev")

	total, failures := clients.stop()
	require.Empty(t, failures)
	t.Logf("%d requests, none failed", total)
	require.NotContains(t, c.deployedPolicy("aaaaaaaaaa")+c.deployedPolicy("bbbbbbbbbb"), oldEndpoint)
	require.Len(t, c.validationRecords(), 1, "the certificate can be renewed")
}

// referencePolicy is the resource policy that the reference makes for a row
// without verbs. Its Sids have hyphens there, which IAM's grammar and so the
// simulator don't know.
func referencePolicy(endpoints ...string) string {
	document := map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{
			"Sid": "reverseproxydeny", "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke",
			"Resource": []string{"execute-api:/*/*/*"}, "Condition": map[string]any{"StringNotEquals": map[string]any{"aws:SourceVpce": endpoints}},
		},
		map[string]any{
			"Sid": "reverseproxyallow873532150", "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke",
			"Resource": "*", "Condition": map[string]any{"StringLike": map[string]any{"aws:Referer": "*.private.example.com"}},
		},
	}}
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // strings in maps always have a JSON form
	}
	return string(text)
}

// parkingVPC is a VPC without clients: a private zone can't be
// without any.
const parkingVPC = "vpc-0eeeeeeeeeeeeeeee"

// cutOver is a migration under way.
type cutOver struct {
	t             *testing.T
	simulator     *awssim.Simulator
	dir           string
	env           map[string]string
	command       auto.PulumiCommand
	initial       initialState
	legacy, dev   *automation.Environment
	legacyZoneVPC string
	// programs runs the stacks' programs; nil: the real engine does, by command.
	programs *inProcess
	operated map[string]bool // the operator's stacks that exist

	mu    sync.Mutex
	paths map[string]*servedPath
}

// servedPath is a proxy that answers.
type servedPath struct {
	path   *live.Path
	client live.Interface
	faces  []netip.Addr
}

func newCutOver(t *testing.T, document string) *cutOver {
	t.Helper()
	c := &cutOver{t: t, dir: t.TempDir(), legacyZoneVPC: existingVPC, paths: map[string]*servedPath{}, operated: map[string]bool{}}
	c.initial = initialState{mapping: parse(t, document), shared: sharedAccount, region: "us-east-1"}
	w := c.setup()
	var err error
	c.simulator, err = awssim.New(w)
	require.NoError(t, err)
	if slow() {
		server, err := c.simulator.Serve(context.Background())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, errors.Join(server.Close(), c.simulator.Close())) })
		require.NoError(t, os.MkdirAll(backendDir(c.dir), 0o755))
		c.command, c.env = cli(t), engineEnv(c.dir, server.DebugProviders(), "us-east-1")
	} else {
		c.programs = newInProcess(c.simulator, c.dir, "dev")
		t.Cleanup(func() { require.NoError(t, c.simulator.Close()) })
	}
	c.legacy = withoutProviders(c.environment("legacy", document, c.legacyProgram))
	c.dev = c.environment("dev", document, accounts.SharedIn)
	return c
}

// setup is the clients' VPC with what every workload there shares, a VPC to
// park zones in, and the APIs as their owners run them.
func (c *cutOver) setup() *awssim.Setup {
	w, err := c.initial.setup()
	require.NoError(c.t, err)
	for i := range w.RESTAPIs {
		w.RESTAPIs[i].Methods = nil
		w.RESTAPIs[i].Policy, w.RESTAPIs[i].Stages = nil, nil
	}
	add := func(token, id string, properties awssim.Object) {
		w.Existing = append(w.Existing, awssim.Existing{Account: string(sharedAccount), Region: "us-east-1", Type: token, ID: id, Properties: properties})
	}
	for id, cidr := range map[string]string{existingVPC: "10.9.0.0/16", parkingVPC: "10.8.0.0/28"} {
		add("aws:ec2/vpc:Vpc", id, awssim.Object{"cidrBlock": cidr, "enableDnsSupport": true, "enableDnsHostnames": true})
	}
	subnets := []any{"subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"}
	add("aws:ec2/subnet:Subnet", subnets[0].(string), awssim.Object{"vpcId": existingVPC, "cidrBlock": "10.9.1.0/24", "availabilityZone": "us-east-1a"})
	add("aws:ec2/subnet:Subnet", subnets[1].(string), awssim.Object{"vpcId": existingVPC, "cidrBlock": "10.9.2.0/24", "availabilityZone": "us-east-1b"})
	add("aws:ec2/routeTable:RouteTable", "rtb-0aaaaaaaaaaaaaaaa", awssim.Object{"vpcId": existingVPC})
	for i, subnet := range subnets {
		add("aws:ec2/routeTableAssociation:RouteTableAssociation", fmt.Sprintf("rtbassoc-0aaaaaaaaaaaaaaa%d", i),
			awssim.Object{"subnetId": subnet, "routeTableId": "rtb-0aaaaaaaaaaaaaaaa"})
	}
	add("aws:ec2/securityGroup:SecurityGroup", "sg-0aaaaaaaaaaaaaaaa", awssim.Object{"vpcId": existingVPC, "name": "allow-vpc"})
	add("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "sgr-0aaaaaaaaaaaaaaaa", awssim.Object{
		"securityGroupId": "sg-0aaaaaaaaaaaaaaaa", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.9.0.0/16",
	})
	for i, service := range []string{"logs", "ecr.api", "ecr.dkr"} {
		add("aws:ec2/vpcEndpoint:VpcEndpoint", fmt.Sprintf("vpce-0aaaaaaaaaaaaaaa%d", i), awssim.Object{
			"vpcId": existingVPC, "serviceName": "com.amazonaws.us-east-1." + service, "vpcEndpointType": "Interface",
			"privateDnsEnabled": true, "subnetIds": subnets, "securityGroupIds": []any{"sg-0aaaaaaaaaaaaaaaa"},
		})
	}
	add("aws:ec2/vpcEndpoint:VpcEndpoint", "vpce-0aaaaaaaaaaaaaaa9", awssim.Object{
		"vpcId": existingVPC, "serviceName": "com.amazonaws.us-east-1.s3", "vpcEndpointType": "Gateway", "routeTableIds": []any{"rtb-0aaaaaaaaaaaaaaaa"},
	})
	return w
}

// environment lays the projects of an environment out in the clients' VPC.
func (c *cutOver) environment(name, document string, shared func(string) pulumi.RunFunc) *automation.Environment {
	p := project{dir: filepath.Join(c.dir, name), environment: name}
	config := existingNetwork()
	found := map[string]any{"lookup": true}
	config["portico:endpoints"] = map[string]any{"logs": found, "ecrApi": found, "ecrDkr": found, "s3": found}
	require.NoError(c.t, p.write(c.initial, []byte(document), config, nil))
	environment, err := automation.Discover(p.dir, name, automation.Programs{Shared: shared, Provider: accounts.ProviderIn})
	require.NoError(c.t, err)
	environment.Command, environment.Env, environment.Progress = c.command, c.env, automation.Lines(testLog{c.t})
	return environment
}

func withoutProviders(e *automation.Environment) *automation.Environment {
	alone := *e
	alone.Providers = nil
	return &alone
}

// legacyProgram is a shared stack whose private zone is associated with the VPC
// that the operator has chosen, and which leaves the validation record
// in place when it is destroyed, as `terraform state rm` makes Terraform do.
func (c *cutOver) legacyProgram(dir string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			switch props := args.Props.(type) {
			case *route53.ZoneArgs:
				props.Vpcs = route53.ZoneVpcArray{route53.ZoneVpcArgs{VpcId: pulumi.String(c.legacyZoneVPC)}}
			case *route53.RecordArgs:
				if strings.Contains(args.Name, "validation") {
					return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: append(args.Opts, pulumi.RetainOnDelete(true))}
				}
			}
			return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
		})
		if err != nil {
			return err
		}
		return accounts.SharedIn(dir)(ctx)
	}
}

func (c *cutOver) up(e *automation.Environment) {
	c.t.Helper()
	c.simulator.BuildIn(e.Shared.Dir)
	if c.programs != nil {
		c.programs.bring(c.t, sharedProject, e.Shared.Name, e.Shared.Dir, e.Shared.Program)
		for _, s := range e.Providers {
			c.programs.bring(c.t, providerProject, s.Name, s.Dir, s.Program)
		}
		return
	}
	_, err := e.Up(c.t.Context())
	require.NoError(c.t, err)
}

// destroy destroys an environment that has a shared stack only.
func (c *cutOver) destroy(e *automation.Environment) {
	c.t.Helper()
	if c.programs != nil {
		c.programs.bring(c.t, sharedProject, e.Shared.Name, e.Shared.Dir, nothing)
		return
	}
	_, err := e.Destroy(c.t.Context())
	require.NoError(c.t, err)
}

// of are the shared account's resources of a type that an environment's tag
// marks.
func (c *cutOver) of(token, environment string) []awssim.Resource {
	return slices.DeleteFunc(c.simulator.Resources(awssim.Filter{Account: string(sharedAccount), Type: token}), func(r awssim.Resource) bool {
		return r.Properties.Object("tags").Text("environment") != environment
	})
}

// endpoint is an environment's execute-api endpoint.
func (c *cutOver) endpoint(environment string) string {
	found := c.of("aws:ec2/vpcEndpoint:VpcEndpoint", environment)
	require.Len(c.t, found, 1)
	return found[0].ID
}

// saves is the owner's saving of a policy, which has no effect yet.
func (c *cutOver) saves(api, policy string) {
	owner, err := c.simulator.OwnerOf("us-east-1", api)
	require.NoError(c.t, err)
	require.NoError(c.t, owner.SavePolicy(policy))
}

func (c *cutOver) deploys(api, policy string) {
	c.saves(api, policy)
	owner, err := c.simulator.OwnerOf("us-east-1", api)
	require.NoError(c.t, err)
	require.NoError(c.t, owner.Deploy("dev"))
}

func (c *cutOver) deployedPolicy(api string) string {
	return c.simulator.RESTAPIs("us-east-1")[api].Stages["dev"].Policy
}

// admitting sets portico:additionalVpcEndpointIds of an account's stack.
func (c *cutOver) admitting(account mapping.AccountID, endpoints ...string) {
	p := project{dir: filepath.Join(c.dir, "dev"), environment: "dev"}
	config := c.initial.config()
	for key, value := range c.initial.providerConfig(account, nil, "dev") {
		config[key] = value
	}
	if len(endpoints) > 0 {
		config["portico:additionalVpcEndpointIds"] = endpoints
	}
	require.NoError(c.t, p.writeSettings(p.providerDir(), c.initial.stackName("dev", account), config))
}

// run runs an operator's own program on the shared account: what the procedure
// does with the AWS CLI.
func (c *cutOver) run(stack string, program pulumi.RunFunc, destroy bool) {
	c.t.Helper()
	dir := filepath.Join(c.dir, "operator")
	require.NoError(c.t, os.MkdirAll(dir, 0o755))
	require.NoError(c.t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), projectFile("operator"), 0o600))
	if c.programs != nil {
		require.NoError(c.t, os.WriteFile(filepath.Join(dir, "Pulumi."+stack+".yaml"), nil, 0o600))
		c.programs.bring(c.t, "operator", stack, dir, program)
		if destroy {
			c.programs.bring(c.t, "operator", stack, dir, nothing)
		}
		return
	}
	command := thrifty.Command{PulumiCommand: c.command}
	workspace, err := auto.NewLocalWorkspace(c.t.Context(), auto.WorkDir(dir), auto.Pulumi(command), auto.EnvVars(c.env), auto.Program(program))
	require.NoError(c.t, err)
	open := auto.NewStack
	if c.operated[stack] {
		open = auto.SelectStack
	}
	c.operated[stack] = true
	s, err := open(c.t.Context(), stack, thrifty.Workspace{Workspace: workspace})
	require.NoError(c.t, err)
	_, err = s.Up(c.t.Context())
	require.NoError(c.t, err)
	if destroy {
		_, err = s.Destroy(c.t.Context())
		require.NoError(c.t, err)
	}
}

// nothing is a program without resources.
func nothing(*pulumi.Context) error { return nil }

// afterEachStep calls a function after each change of the accounts, before the next;
// nil: no more.
func (c *cutOver) afterEachStep(f func()) {
	if c.programs != nil {
		c.programs.changed = f
		return
	}
	onChange(c.simulator, f)
}

// bridge is a zone of one host's own, with its name's record.
type bridge struct {
	// to is the environment whose load balancer the name leads to.
	to string
	// vpc is the VPC that asks the zone.
	vpc string
}

// bridge makes the zones what they should be: hosts that are missing lose
// theirs.
func (c *cutOver) bridge(hosts map[string]bridge) {
	c.t.Helper()
	c.run("bridges", func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		for host, b := range hosts {
			balancer := c.of("aws:lb/loadBalancer:LoadBalancer", b.to)[0].Properties
			name := host + ".private.example.com"
			zone, err := route53.NewZone(ctx, host, &route53.ZoneArgs{
				Name: pulumi.String(name), Vpcs: route53.ZoneVpcArray{route53.ZoneVpcArgs{VpcId: pulumi.String(b.vpc)}},
			}, pulumi.Provider(provider))
			if err != nil {
				return err
			}
			_, err = route53.NewRecord(ctx, host, &route53.RecordArgs{
				ZoneId: zone.ZoneId, Name: pulumi.String(name), Type: pulumi.String("A"),
				Aliases: route53.RecordAliasArray{route53.RecordAliasArgs{
					Name: pulumi.String(balancer.Text("dnsName")), ZoneId: pulumi.String(balancer.Text("zoneId")), EvaluateTargetHealth: pulumi.Bool(false),
				}},
			}, pulumi.Provider(provider))
			if err != nil {
				return err
			}
		}
		return nil
	}, false)
}

// validationRecords are the certificates' validation records.
func (c *cutOver) validationRecords() []awssim.Resource {
	records := c.simulator.Resources(awssim.Filter{Account: string(sharedAccount), Type: "aws:route53/record:Record"})
	return slices.DeleteFunc(records, func(r awssim.Resource) bool { return r.Properties.Text("type") != "CNAME" })
}

// removeValidationRecord deletes the validation record from the public zone.
func (c *cutOver) removeValidationRecord() {
	c.t.Helper()
	records := c.validationRecords()
	require.Len(c.t, records, 1)
	p := records[0].Properties
	c.run("validation", func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		_, err = route53.NewRecord(ctx, "validation", &route53.RecordArgs{
			ZoneId: pulumi.String(p.Text("zoneId")), Name: pulumi.String(p.Text("name")), Type: pulumi.String("CNAME"),
			Ttl: pulumi.Int(p.Number("ttl")), Records: pulumi.ToStringArray(p.Texts("records")),
		}, pulumi.Provider(provider), pulumi.Import(pulumi.ID(records[0].ID)))
		return err
	}, true)
	require.Empty(c.t, c.validationRecords())
}

// live makes an environment's proxy answer.
func (c *cutOver) live(environment string) {
	c.t.Helper()
	dataPath, clients, err := environmentOf(c.simulator, string(sharedAccount), "us-east-1")
	require.NoError(c.t, err)
	dataPath.LoadBalancers = slices.DeleteFunc(dataPath.LoadBalancers, func(b live.LoadBalancer) bool {
		return !strings.HasPrefix(b.Name, "portico-"+environment)
	})
	require.Len(c.t, dataPath.LoadBalancers, 1)
	group := dataPath.LoadBalancers[0].Listeners[0].TargetGroup
	dataPath.Tasks = slices.DeleteFunc(dataPath.Tasks, func(task live.Task) bool { return !task.IsTargetOf(group) })
	for i := range dataPath.APIs {
		id := dataPath.APIs[i].ID
		// Policies change while the path stays up.
		dataPath.APIs[i].Admit = func(call live.Invocation) (bool, error) {
			for _, api := range apisOf(c.simulator, "us-east-1") {
				if api.ID == id {
					return api.Admit(call)
				}
			}
			return false, nil
		}
		dataPath.APIs[i].Stages = []string{"dev"}
	}
	path, err := live.Start(c.t.Context(), *dataPath, live.Options{Dir: c.t.TempDir()})
	require.NoError(c.t, err)
	c.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		require.NoError(c.t, path.Close(ctx))
	})
	for _, health := range path.Health() {
		require.NoError(c.t, health.Reason)
	}
	served := &servedPath{path: path, client: clients[dataPath.VPCID]}
	for _, face := range dataPath.LoadBalancers[0].Interfaces {
		served.faces = append(served.faces, face.Address)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths[environment] = served
}

// dnsQuestion is what a resolver writes its answer to.
type dnsQuestion struct {
	dns.ResponseWriter
	answer *dns.Msg
}

func (*dnsQuestion) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (q *dnsQuestion) WriteMsg(answer *dns.Msg) error { q.answer = answer; return nil }

// resolve asks the VPC's resolver as the accounts are now.
func (c *cutOver) resolve(host string) (netip.Addr, error) {
	a := openAccount(c.simulator, string(sharedAccount), "us-east-1")
	zones := slices.DeleteFunc(zonesOf(c.simulator), func(zone live.Zone) bool { return !slices.Contains(zone.VPCIDs, existingVPC) })
	public := map[string][]netip.Addr{}
	for _, balancer := range view.All[view.LoadBalancer](c.simulator, a.here()) {
		for _, face := range a.interfaces("load balancer", balancer.ID) {
			name := canonical(balancer.DNSName)
			public[name] = append(public[name], face.Address)
		}
	}
	q := &dnsQuestion{}
	live.NewResolver(zones, public).ServeDNS(q, new(dns.Msg).SetQuestion(dns.Fqdn(host), dns.TypeA))
	for _, rr := range q.answer.Answer {
		if record, ok := rr.(*dns.A); ok {
			address, _ := netip.AddrFromSlice(record.A.To4())
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("resolve %s: %s without an address", host, dns.RcodeToString[q.answer.Rcode])
}

// at finds the environment whose load balancer has the address.
func (c *cutOver) at(address netip.Addr) (string, *servedPath) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for environment, path := range c.paths {
		if slices.Contains(path.faces, address) {
			return environment, path
		}
	}
	return "", nil
}

// try sends one request to an environment's load balancer, whatever the host's
// name resolves to.
func (c *cutOver) try(environment, host string) error {
	c.mu.Lock()
	path := c.paths[environment]
	c.mu.Unlock()
	return path.get(c.t.Context(), path.faces[0], host)
}

func (p *servedPath) get(ctx context.Context, address netip.Addr, host string) error {
	answer, err := call(ctx, p.path, p.client, netip.AddrPortFrom(address, 443), host, request{method: http.MethodGet, target: "/pets", host: host})
	if err != nil {
		return err
	}
	wanted := strings.Repeat(host[:1], 10)
	if answer.arrival == nil || answer.arrival.API != wanted {
		return fmt.Errorf("%s: %s: %s", host, answer, answer.body)
	}
	return nil
}

// clients call hosts again and again, and count.
type clients struct {
	c      *cutOver
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu       sync.Mutex
	total    int
	failures []string
	// arrived counts requests by host and environment.
	arrived map[[2]string]int
}

// cacheFor is how many requests a client sends to the address that a name had.
const cacheFor = 5

// call begins calling.
func (c *cutOver) call(hosts ...string) *clients {
	ctx, cancel := context.WithCancel(context.Background())
	cs := &clients{c: c, cancel: cancel, arrived: map[[2]string]int{}}
	for _, host := range hosts {
		cs.done.Go(func() { cs.client(ctx, host) })
	}
	// Each step that the accounts take is tried by new clients before the next.
	c.afterEachStep(func() {
		for _, host := range hosts {
			cs.ask(ctx, host, netip.Addr{})
		}
	})
	c.t.Cleanup(func() { cs.stop() })
	return cs
}

func (cs *clients) client(ctx context.Context, host string) {
	ticker := time.NewTicker(30 * time.Millisecond)
	defer ticker.Stop()
	var address netip.Addr
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if n%cacheFor == 0 {
			address = netip.Addr{}
		}
		address = cs.ask(ctx, host, address)
	}
}

// ask sends one request to an address, or without one to the address that the
// host's name has now, which it returns.
func (cs *clients) ask(ctx context.Context, host string, address netip.Addr) netip.Addr {
	var err error
	if !address.IsValid() {
		address, err = cs.c.resolve(host)
	}
	environment, path := cs.c.at(address)
	switch {
	case err != nil:
	case path == nil:
		err = fmt.Errorf("%s resolves to %s, which no load balancer has", host, address)
	default:
		// A request that has begun is completed.
		err = path.get(context.WithoutCancel(ctx), address, host)
	}
	cs.count(host, environment, err)
	return address
}

func (cs *clients) count(host, environment string, err error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.total++
	if err != nil {
		cs.failures = append(cs.failures, err.Error())
		return
	}
	cs.arrived[[2]string{host, environment}]++
}

// requireArriving waits until the next requests of every host have come through
// an environment's proxy, and none through another's.
func (cs *clients) requireArriving(environment string) {
	cs.c.t.Helper()
	cs.requireArrivingFor("a.private.example.com", environment)
	cs.requireArrivingFor("b.private.example.com", environment)
}

func (cs *clients) requireArrivingFor(host, environment string) {
	cs.c.t.Helper()
	arrivals := func() (n, others int) {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		for key, count := range cs.arrived {
			if key[0] == host && key[1] != environment {
				others += count
			}
		}
		return cs.arrived[[2]string{host, environment}], others
	}
	before, othersBefore := arrivals()
	require.Eventually(cs.c.t, func() bool {
		now, others := arrivals()
		if others != othersBefore {
			before, othersBefore = now, others
		}
		return now >= before+4*cacheFor
	}, 30*time.Second, 20*time.Millisecond, "%s is to be served by %s", host, environment)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	require.Empty(cs.c.t, cs.failures)
}

// stop ends the requests and returns their number and the failures.
func (cs *clients) stop() (total int, failures []string) {
	cs.c.afterEachStep(nil)
	cs.cancel()
	cs.done.Wait()
	return cs.total, cs.failures
}
