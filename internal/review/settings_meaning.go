package review

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// meaning is what a change of a setting means to who reviews it.
type meaning struct {
	// key is a setting, or what it begins with: that of the longest key counts.
	key string
	// means ends the warning; empty: nothing to watch for.
	means string
	// changeOnly leaves the warning out for new files, of which every value is new.
	changeOnly bool
}

// meanings are those of settings and of Pulumi's own keys. A key that has none
// here is a warning too.
var meanings = []meaning{
	// Pulumi's own.
	{key: "name", means: "Pulumi takes the project for another one: its stacks start without state, and what exists is made again", changeOnly: true},
	{key: "description"},
	{key: "runtime", means: "another program runs with the deployment's credentials", changeOnly: true},
	{key: "main", means: "another program runs with the deployment's credentials"},
	{key: "backend", means: "state is read from and written to another place: who writes there chooses the plugins that run with the deployment's credentials, and reads its secrets"},
	{key: "plugins", means: "other plugins run with the deployment's credentials"},
	{key: "packages", means: "other plugins run with the deployment's credentials"},
	{key: "options", means: "how the engine refreshes and deletes changes"},
	{key: "stackConfigDir", means: "other files have the stacks' settings: check that their owners review them", changeOnly: true},
	{key: "config", means: "other files have the stacks' settings: check that their owners review them", changeOnly: true},
	{key: "environment", means: "an environment of Pulumi ESC adds settings and credentials that no file here shows"},
	{key: "secretsprovider", means: "other keys encrypt the stack's secrets: who may use them reads the secrets", changeOnly: true},
	{key: "encryptionsalt", means: "the stack's secrets are encrypted with another passphrase", changeOnly: true},
	{key: "encryptedkey", means: "the stack's secrets are encrypted with another key", changeOnly: true},
	{key: "pulumi:disable-default-providers", means: "resources without a provider of their own are no longer refused: they would land where the caller's credentials point", changeOnly: true},

	// Who deploys, and where.
	{key: "portico:mapping", means: "another file has the rows: check that its owners review it (.github/CODEOWNERS)", changeOnly: true},
	{key: "portico:aws.region", means: "everything is made anew in another region", changeOnly: true},
	{key: "portico:aws.accountId", means: "the stack works on another account", changeOnly: true},
	{key: "portico:aws.roleArn", means: "the deployment assumes another role, and has all that the role may do"},
	{key: "portico:aws.endpoint", means: "AWS's calls go to this address, with credentials in them, and not to AWS"},
	{key: "portico:aws.externalId", means: "roles are assumed with another external ID: one that asks for the former refuses the deployment", changeOnly: true},
	{key: "portico:aws.sessionDuration", means: "the deployment's credentials hold for another time"},
	{key: "portico:aws", means: "the deployment authenticates otherwise"},
	{key: "portico:allowedRoleArns", means: "authors of the mapping may name other roles for the deployment to assume"},
	{key: "portico:iam.permissionsBoundary", means: "the tasks' roles may do other things at most"},
	{key: "portico:iam.path", means: "the tasks' roles are replaced: policies that name roles by their path have to name the new one", changeOnly: true},
	{key: "portico:iam", means: "the tasks' roles may do other things"},
	{key: "portico:kms", means: "another key encrypts the logs or the proxy's image: who may not use it can't read them, and what is deleted with the key is lost"},
	{key: "portico:app", means: "names of resources hang on it: they are replaced, and statements in policies are written under another name", changeOnly: true},

	// Who gets through.
	{key: "portico:loadBalancer.allowedCidrs", means: "these addresses may call, beside the VPC's own"},
	{key: "portico:loadBalancer.sslPolicy", means: "callers may use other versions and ciphers of TLS", changeOnly: true},
	{key: "portico:loadBalancer.type", means: "the load balancer is replaced by one of another type", changeOnly: true},
	{key: "portico:loadBalancer.deletionProtection", means: "whether the load balancer may be deleted changes", changeOnly: true},
	{key: "portico:loadBalancer.zonalShift", means: "whether clients can be moved away from a zone of the load balancer changes", changeOnly: true},
	{key: "portico:loadBalancer.proxyProtocol", means: "without it the proxy doesn't know its callers behind a Network Load Balancer: the log names the load balancer, and no client is bounded"},
	{key: "portico:loadBalancer.trustStoreArn", means: "other authorities' certificates let clients in; without it any client in reach may call, and APIs are told no client's certificate"},
	{key: "portico:loadBalancer.accessLogs", means: "who called what goes to another bucket, or is no longer recorded there; a bucket of the stack's is deleted with the logs in it"},
	{key: "portico:loadBalancer.connectionLogs", means: "who connected goes to another bucket, or is no longer recorded there; a bucket of the stack's is deleted with the logs in it"},
	{key: "portico:loadBalancer", means: "how callers reach the proxy changes"},
	{key: "portico:proxy.passHeaders", means: "APIs get these headers as they arrive: something trusted in front has to set them, or callers choose their own address, host or identity"},
	{key: "portico:proxy.clientRequests", means: "one client address may have this many requests under way in a task, and gets 429 for more: too few refuse clients that share an address, too many let one client take the task's memory and disk from others"},
	{key: "portico:securityGroups", means: "the group's own rules say who gets through: one that admits more than the proxy lets callers reach the APIs without it"},
	{key: "portico:endpoints.trustCallers", means: "no check reads who reaches existing endpoints of nginx and alb: at the proxy's they can claim any custom domain by a Referer header, at alb's the load balancer's rules and web ACLs do not hold them"},
	{key: "portico:endpoints.executeApi.policy", means: "the endpoint lets requests through to other APIs, and API Gateway reads their header Authorization before the API does"},
	{key: "portico:endpoints.alb.policy", means: "the endpoint lets requests through to other APIs, and API Gateway reads their header Authorization before the API does"},
	{key: "portico:endpoints.native.policy", means: "the endpoint lets requests through to other APIs, and API Gateway reads their header Authorization before the API does"},
	{key: "portico:endpoints", means: "the endpoint's own security groups and policy say who gets through: who reaches it without the proxy can claim any custom domain"},
	{key: "portico:network.flowLogs", means: "the record of the VPC's connections begins or ends; what was kept goes with it", changeOnly: true},
	{key: "portico:network", means: "another VPC or other subnets: what exists there says who gets through, and resources are replaced", changeOnly: true},
	{key: "portico:additionalVpcEndpointIds", means: "these endpoints may call the APIs beside Portico's, with every verb and path"},
	{key: "portico:native", means: "other accounts or endpoints may reach the private custom domains"},
	{key: "portico:policy.denyForm", means: "the APIs' resource policies are written in another form", changeOnly: true},
	{key: "portico:policy.maxSize"},

	// What answers.
	{key: "portico:image.uri", means: "this image sees every request and answers it, and Portico did not build it"},
	{key: "portico:image.base", means: "the proxy is built on another image, which sees every request"},
	{key: "portico:image.refresh", means: "the tag of the base image is looked up once, and the proxy is built on the image that it leads to then, which sees every request"},
	{key: "portico:image.baseAgeDays"},
	{key: "portico:image", means: "another image sees every request"},
	{key: "portico:certificates.zones", means: "the deployment writes validation records with this role, or into this zone: who may write there gets certificates for its names"},
	{key: "portico:certificates.namesPerCertificate"},
	{key: "portico:certificates.sharedRecords", changeOnly: true, means: "who deletes validation records changes"},
	{key: "portico:certificates", means: "other certificates, or another issuer, answer for the custom domains"},
	{key: "portico:dns.records"},
	{key: "portico:dns.scope", means: "private zones come and go, and hide other names", changeOnly: true},
	{key: "portico:dns.resolverInbound.allowedCidrs", means: "DNS servers at these addresses get an answer for every name that the VPC resolves, private ones included; without any there is no inbound endpoint, and names that are forwarded to it resolve no longer"},
	{key: "portico:dns.resolverInbound", means: "DNS servers that forward to the former addresses get no answers", changeOnly: true},
	{key: "portico:dns", means: "another zone, account or VPC gets the custom domains' names"},

	// Between stacks.
	{key: "portico:shared.stack", means: "the outputs of another stack say which endpoint the APIs admit", changeOnly: true},
	{key: "portico:providers", means: "the outputs of other stacks say where names lead", changeOnly: true},
	{key: "portico:apis", means: "the stack writes the resource policies of other APIs", changeOnly: true},
	{key: "portico:redeploy", means: "a deployment publishes what an API's owner has saved; without it policies wait for the owner", changeOnly: true},
	{key: "portico:createStages", means: "stages that don't exist are made, with what an API's owner has saved"},

	// Sizes.
	{key: "portico:alb.loadBalancer", means: "rows of front door alb get another load balancer", changeOnly: true},
	{key: "portico:tags"},
	{key: "portico:task"},
	{key: "portico:logs"},
	{key: "portico:logs.samplePercent", means: "requests that were answered 200 to 399 within a second are missing from the log: nobody can be told later that they made one"},
	{key: "portico:quotas"},
}

// noMeaning is for keys that have no meaning above.
const noMeaning = "no rule of this review says what it means: read docs/configuration.md, or Pulumi's reference of the file"

var listIndex = regexp.MustCompile(`\[[^\]]*\]`)

// meaningOf is the meaning of the longest key that a setting begins with.
func meaningOf(key string) meaning {
	plain := listIndex.ReplaceAllString(key, "")
	best, found := meaning{means: noMeaning}, false
	for _, m := range meanings {
		covers := plain == m.key || strings.HasPrefix(plain, m.key+".")
		if covers && (!found || len(m.key) > len(best.key)) {
			best, found = m, true
		}
	}
	return best
}

// settingsWarnings say what the changes of dangerous settings mean.
func settingsWarnings(r *Review, base, head side) []Warning {
	var list []Warning
	removed := stacksRemoved(base.Settings, head.Settings)
	for _, gone := range removed {
		list = append(list, Warning{"stack " + gone.stack,
			"its settings file is gone: no run updates or destroys what it made; destroy it before the file goes"})
	}
	for _, c := range r.Settings {
		meaning := meaningOf(c.Key)
		if c.After == nil && slices.Contains(removed, c.id()) {
			continue
		}
		if meaning.means == "" || c.NewFile && meaning.changeOnly && c.After != nil {
			continue
		}
		list = append(list, Warning{c.subject(), meaning.means + everyone(c)})
	}
	for _, file := range r.Files {
		if file.LeadsTo != "" {
			list = append(list, Warning{"file " + file.Path, "a symbolic link leads to " + file.LeadsTo + ": check that its owners review that file (.github/CODEOWNERS)"})
		} else if !file.Form {
			list = append(list, Warning{"file " + file.Path, "the settings name it, and its contents differ: read them"})
		}
	}
	return list
}

// subject names the setting and its stack.
func (c SettingsChange) subject() string {
	switch {
	case c.Stack != "":
		return "stack " + c.Stack + ": " + c.Key
	case c.Project == ".":
		return "project: " + c.Key
	}
	return "project " + c.Project + ": " + c.Key
}

// everyone points out a range that has every address.
func everyone(c SettingsChange) string {
	if c.After == nil {
		return ""
	}
	for _, word := range strings.FieldsFunc(c.After.Text, func(r rune) bool { return strings.ContainsRune("[], ", r) }) {
		if cidr, err := netip.ParsePrefix(word); err == nil && cidr.Bits() == 0 {
			return ". **" + cidr.String() + " is every address: all networks that route to the VPC may call**"
		}
	}
	return ""
}
