package reference

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/mapping"
)

// unknownAccount is where an account's number has to be filled in. No
// account has it, and a stack touches no other account than the one it names.
const unknownAccount = "000000000000"

// installation is what the settings are made of.
type installation struct {
	vars   *variables
	rows   *mapping.Mapping
	region string
}

func (i *installation) mappingName() string { return "mapping." + i.vars.environment + ".yaml" }

// block is a YAML map that is built key by key.
type block struct{ node *yaml.Node }

func newBlock() block { return block{&yaml.Node{Kind: yaml.MappingNode}} }

// set adds a key with notes above it.
func (b block) set(key string, value *yaml.Node, notes ...note) {
	k := word(key)
	k.HeadComment = comment(notes...)
	b.node.Content = append(b.node.Content, k, value)
}

func word(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
func quoted(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.DoubleQuotedStyle}
}
func number(n int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(n)}
}
func truth(b bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(b)}
}
func words(texts ...string) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range texts {
		list.Content = append(list.Content, word(text))
	}
	return list
}

// settingsFile wraps a stack's config.
func settingsFile(config block, notes ...note) *yaml.Node {
	file := newBlock()
	file.set("config", config.node, notes...)
	return file.node
}

// begin sets what every stack has. Without an account it sets the placeholder,
// under notes that say so; the role is that of the account's entry in ACCOUNTS.
func (i *installation) begin(mappingPath, account string, notes ...note) block {
	config := newBlock()
	config.set("pulumi:disable-default-providers", &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{quoted("*")}})
	config.set("portico:mapping", word(mappingPath))
	aws := newBlock()
	aws.set("region", word(i.region))
	if account == "" {
		aws.set("accountId", quoted(unknownAccount), notes...)
	} else if strings.Trim(account, "0123456789") == "" {
		aws.set("accountId", quoted(account), notes...)
	} else {
		aws.set("accountId", word(account), notes...)
	}
	config.set("portico:aws", aws.node)
	return config
}

// sharedSettings is the configuration of the shared-services account's stack.
func (i *installation) sharedSettings() *yaml.Node {
	v := i.vars
	config := i.begin(i.mappingName(), "",
		note{"", "FILL IN the number of the account that the proxy is in; roleArn may name a role to assume there."})
	app := newBlock()
	app.set("name", word(v.app), i.nameNotes("APP_NAME", v.appText, v.app)...)
	app.set("environment", word(v.environment), i.nameNotes("APP_ENVIRONMENT", v.environmentText, v.environment)...)
	config.set("portico:app", app.node, i.appNotes()...)
	config.set("portico:network", i.network())
	if !v.createVPC {
		i.existing(config)
	}
	config.set("portico:loadBalancer", i.loadBalancer())
	config.set("portico:task", i.task(), i.imageNotes()...)
	logs := newBlock()
	logs.set("retentionDays", number(30))
	config.set("portico:logs", logs.node,
		note{"D15", "the proxy's log is in CloudWatch, as JSON; the reference left it in the containers."})
	return settingsFile(config)
}

func (i *installation) nameNotes(variable, written, name string) []note {
	if written == name {
		return nil
	}
	return []note{{"", fmt.Sprintf("%s was %s: names and tags are of lower-case letters, digits and hyphens.", variable, written)}}
}

func (i *installation) appNotes() []note {
	if full := i.vars.appText + "-" + i.vars.environmentText; len(full) > 10 {
		return []note{{"D43", fmt.Sprintf("Terraform cut %s to %s, so that environments could collide.", full, strings.TrimSuffix(full[:10], "-"))}}
	}
	return nil
}

// network is the VPC: a new one, or the one that is named.
func (i *installation) network() *yaml.Node {
	v, network := i.vars, newBlock()
	if !v.createVPC {
		network.set("create", truth(false))
		network.set("vpcId", word(v.vpcID))
		network.set("subnetIds", words(v.subnetIDs...))
		if v.has("PUBLIC_SUBNETS") && v.publicSubnets {
			addComment(network.node.Content[0], comment(note{"", "PUBLIC_SUBNETS meant a new VPC only, and has no meaning here."}))
		}
		return network.node
	}
	var notes []note
	if v.vpcID != "" {
		notes = append(notes, note{"", "EXTERNAL_VPC_ID is " + v.vpcID + ": the CDK created a VPC all the same, because of CREATE_VPC; Terraform did not read CREATE_VPC and used that one. Where it was Terraform, or where the clients are in that VPC, write create: false, vpcId and subnetIds instead."})
	}
	if len(v.placeholders) > 0 {
		notes = append(notes, note{"", strings.Join(v.placeholders, ", ") + ": the values are placeholders, and were left out."})
	}
	if groups := i.groupsGiven(); len(groups) > 0 {
		notes = append(notes, note{"", strings.Join(groups, ", ") + ": they belong to another VPC than the new one, and were left out."})
	}
	network.set("create", truth(true), notes...)
	notes = nil
	if !v.has("VPC_CIDR") {
		notes = append(notes, note{"", "the default of the reference's README and of Terraform; the CDK's was 10.0.64.0/20."})
	}
	network.set("cidr", word(v.cidr), notes...)
	network.set("zones", number(2))
	if v.has("PUBLIC_SUBNETS") {
		notes = nil
		if v.publicSubnets {
			notes = []note{{"", "they have a route to the internet, and nothing of Portico's is in them; proxy, load balancer and endpoints stay in private subnets."}}
		}
		network.set("publicSubnets", truth(v.publicSubnets), notes...)
	}
	return network.node
}

// groupsGiven are the IDs of an existing network's parts that can't be used in
// a new VPC.
func (i *installation) groupsGiven() []string {
	v := i.vars
	var given []string
	for _, g := range []struct{ name, id string }{
		{"EXTERNAL_ALB_SG_ID", v.loadBalancerGroup}, {"EXTERNAL_ENDPOINT_SG_ID", v.endpointGroup},
		{"EXTERNAL_FARGATE_SG_ID", v.tasksGroup}, {"EXTERNAL_VPC_ENDPOINT_ID", v.endpointID},
	} {
		if g.id != "" {
			given = append(given, g.name)
		}
	}
	return given
}

// existing sets what Portico uses of an existing VPC.
func (i *installation) existing(config block) {
	v, endpoints := i.vars, newBlock()
	found := func() *yaml.Node {
		lookup := newBlock()
		lookup.node.Style = yaml.FlowStyle
		lookup.set("lookup", truth(true))
		return lookup.node
	}
	if v.endpointID != "" {
		id := newBlock()
		id.node.Style = yaml.FlowStyle
		id.set("id", word(v.endpointID))
		endpoints.set("executeApi", id.node,
			note{"D32", "other clients of this endpoint can reach the APIs without the proxy: leave it out, and Portico makes one that only its tasks reach."})
	}
	for _, key := range []string{"logs", "ecrApi", "ecrDkr", "s3"} {
		endpoints.set(key, found())
	}
	config.set("portico:endpoints", endpoints.node,
		note{"D21, D24, D40", "the VPC's endpoints are found and left as they are; take out the lines of those that it doesn't have, and Portico makes them, for all of the VPC. The CDK's admitted the old proxy's tasks only: admit Portico's."},
		note{"D41", "Portico's execute-api endpoint has no private DNS: names such as abc.execute-api... keep the meaning that the VPC gives them. Terraform's endpoint took them all, also those of public APIs."})
	groups := newBlock()
	for _, g := range []struct {
		key, id string
		notes   []note
	}{
		{"loadBalancerId", v.loadBalancerGroup, []note{{"D5", "it must let 443 in from the clients and 8443 out to the tasks, of an NLB also 8444."}}},
		{"endpointId", v.endpointGroup, []note{{"D22", "the execute-api endpoint's; Portico lets its tasks reach it, where the CDK forgot to. Other clients that it admits reach the APIs without the proxy (D32)."}}},
		{"tasksId", v.tasksGroup, []note{{"D22", "it must let 8443 in from the load balancer, from an NLB also 8444, and 443 out to the VPC's endpoints and to S3."}}},
	} {
		if g.id != "" {
			groups.set(g.key, word(g.id), g.notes...)
		}
	}
	if len(groups.node.Content) > 0 {
		config.set("portico:securityGroups", groups.node)
	}
}

func (i *installation) loadBalancer() *yaml.Node {
	v, balancer := i.vars, newBlock()
	var notes []note
	if !v.has("ELB_TYPE") {
		notes = append(notes, note{"", "the reference's default. Portico's is ALB, which passes on the client's address (X-Forwarded-For) and adds a trace ID."})
	}
	if v.loadBalancerType == "NLB" {
		notes = append(notes, note{"D4", "TLS goes on to the proxy; Terraform's NLB sent plain HTTP to a TLS port, and nothing worked."})
		balancer.set("type", word("NLB"), notes...)
		balancer.set("allowedCidrs", words(), note{"D28", "the NLB has a security group, which lets in the VPC's own addresses and those that are listed here; the reference's had none, and let in every client that could reach it. List the ranges of peered VPCs and of on-premises networks."})
	} else {
		notes = append(notes, note{"D5", "Terraform's ALB let out port 80 only, while its targets listened on 443: nothing worked."})
		balancer.set("type", word("ALB"), notes...)
		balancer.set("allowedCidrs", words(), note{"D28", "clients outside the VPC: the ranges of peered VPCs and of on-premises networks. The CDK let in the VPC's only, whatever its README says; Terraform let in every client (D44)."})
	}
	balancer.set("sslPolicy", word("ELBSecurityPolicy-TLS13-1-2-2021-06"),
		note{"D26", "clients need TLS 1.2 or 1.3; the CDK's listeners also took 1.0 and 1.1."})
	return balancer.node
}

func (i *installation) imageNotes() []note {
	if i.vars.image == "" {
		return nil
	}
	return []note{{"D16", fmt.Sprintf("TASK_IMAGE %s is not used: NGINX was installed on it when the image was built, as root and in whatever version there was. Portico builds on the official unprivileged NGINX; portico:image: {base: ...} names another image with NGINX, {uri: ...} a prebuilt one.", i.vars.image)}}
}

func (i *installation) task() *yaml.Node {
	v, task := i.vars, newBlock()
	task.set("architecture", word(v.architecture))
	var notes []note
	if v.minimum == 1 {
		notes = []note{{"D20", "one task is down while its zone is, and while it is replaced: 2 is Portico's default. Deployments leave the number of running tasks to scaling; the reference's set it back to 1."}}
	}
	task.set("min", number(v.minimum), notes...)
	notes = nil
	if v.has("TASK_SCALE_MAX") {
		notes = []note{{"D19", fmt.Sprintf("as written. The CDK took this value for the CPU target, %d %%, and scaled to 4 tasks at the slightest load.", v.maximum)}}
	}
	task.set("max", number(v.maximum), notes...)
	task.set("cpuPercent", number(v.cpuPercent))
	return task.node
}

// providerStack is an account that owns APIs.
type providerStack struct {
	name string
	// account is its number or its name in ACCOUNTS; empty: not known.
	account string
	// apis are the APIs whose rows name no account.
	apis []string
}

// providerStacks are one for each account that the rows name, and one for the
// APIs whose rows name none.
func (i *installation) providerStacks() []providerStack {
	var stacks []providerStack
	var unowned []string
	for _, row := range i.rows.Rows {
		if row.Account == "" {
			unowned = append(unowned, string(row.API.ID))
			continue
		}
		account := i.accountName(row.Account)
		s := providerStack{name: i.vars.environment + "-" + account, account: account}
		if !slices.ContainsFunc(stacks, func(other providerStack) bool { return other.name == s.name }) {
			stacks = append(stacks, s)
		}
	}
	slices.SortFunc(stacks, func(a, b providerStack) int { return strings.Compare(a.name, b.name) })
	if slices.Sort(unowned); len(unowned) > 0 {
		stacks = append(stacks, providerStack{name: i.vars.environment + "-owner", apis: slices.Compact(unowned)})
	}
	return stacks
}

// accountName is an account's name in ACCOUNTS, or its number.
func (i *installation) accountName(id mapping.AccountID) string {
	for _, known := range i.rows.Accounts {
		if known.ID == id {
			return known.Name
		}
	}
	return string(id)
}

// providerSettings is the configuration of a provider account's stack.
func (i *installation) providerSettings(s providerStack) *yaml.Node {
	var fill []note
	if s.account == "" {
		fill = []note{{"", "FILL IN the number of the account that owns the APIs below. Where several do, copy this file for each, leave in each the APIs of its account, and name the files after the accounts; roleArn may name a role to assume."}}
	}
	config := i.begin("../../"+i.mappingName(), s.account, fill...)
	shared := newBlock()
	shared.set("stack", word("organization/portico/"+i.vars.environment))
	config.set("portico:shared", shared.node)
	if len(s.apis) > 0 {
		config.set("portico:apis", words(s.apis...), note{"", "the rows' APIs that name no ACCOUNT."})
	}
	config.set("portico:redeploy", truth(false),
		note{"D37, D38", "Portico's statements are beside those of the API's owner. update_api_resource_policy.sh replaced the owner's policy, and deployed the stage whatever its owner had saved; with false the owner deploys (output redeployCommands), with true Portico does."},
		note{"D32, D37", "the reference's own statements (Sid reverse-proxy-...) are the owner's now: reverse-proxy-deny refuses Portico's endpoint until the owner takes it out. docs/migration.md says when."})
	return settingsFile(config)
}
