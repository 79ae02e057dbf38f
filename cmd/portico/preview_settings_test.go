package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A changed value of any file that the environment is made of is in the comment,
// with what it means where it is dangerous.
func TestPreviewShowsEachChangedSetting(t *testing.T) {
	const (
		shared   = "Pulumi.dev.yaml"
		provider = "accounts/provider/Pulumi.dev-orders.yaml"
		manifest = "Pulumi.yaml"
	)
	base := map[string]string{
		manifest: "name: portico\nruntime: go\n",
		shared: `secretsprovider: awskms://alias/one
config:
  portico:mapping: mapping.yaml
  portico:aws: {region: us-east-1, accountId: "111111111111", roleArn: "arn:aws:iam::111111111111:role/portico"}
  portico:loadBalancer: {allowedCidrs: [10.0.0.0/12, 172.16.0.0/12]}
  portico:task: {min: 2}
  portico:certificates: {zones: [{name: example.com, roleArn: "arn:aws:iam::999999999999:role/zones"}]}
  other:flag: "true"
  other:password: plain-old
  other:key: {secure: v1:old-cipher}
`,
		provider: ordersSettings(`"222222222222"`),
	}
	in := func(name, old, now string) func(*repository) {
		return func(e *repository) {
			require.Contains(t, base[name], old)
			e.write(name, strings.Replace(base[name], old, now, 1))
		}
	}
	after := func(name, more string) func(*repository) {
		return func(e *repository) { e.write(name, base[name]+more) }
	}
	for name, test := range map[string]struct {
		change func(*repository)
		// row is in the table of settings, watch in "To watch"; empty: no warning.
		row, watch string
	}{
		"the deployment's role": {in(shared, "role/portico", "role/admin"),
			"| <code>dev</code> | `portico:aws.roleArn` | <code>arn&#58;aws&#58;iam&#58;&#58;111111111111&#58;role/portico</code> | <code>arn&#58;aws&#58;iam&#58;&#58;111111111111&#58;role/admin</code> |",
			"- `stack dev: portico:aws.roleArn`: the deployment assumes another role"},
		"every address": {in(shared, "[10.0.0.0/12, 172.16.0.0/12]", "[0.0.0.0/0]"),
			"| <code>dev</code> | `portico:loadBalancer.allowedCidrs` | <code>&#91;10&#46;0&#46;0&#46;0/12, 172&#46;16&#46;0&#46;0/12&#93;</code> | <code>&#91;0&#46;0&#46;0&#46;0/0&#93;</code> |",
			"**0.0.0.0/0 is every address"},
		"an address less": {in(shared, "10.0.0.0/12, ", ""), "`portico:loadBalancer.allowedCidrs`", "- `stack dev: portico:loadBalancer.allowedCidrs`"},
		"another order":   {in(shared, "10.0.0.0/12, 172.16.0.0/12", "172.16.0.0/12, 10.0.0.0/12"), "`portico:loadBalancer.allowedCidrs`", "- `stack dev"},
		"a prebuilt image": {after(shared, "  portico:image: {uri: \"registry.example.net/nginx:1\"}\n"),
			"| <code>dev</code> | `portico:image.uri` | not set |", "- `stack dev: portico:image.uri`: this image sees every request"},
		"a sampled log": {after(shared, "  portico:logs: {samplePercent: 10}\n"),
			"| <code>dev</code> | `portico:logs.samplePercent` | not set | <code>10</code> |", "requests that were answered 200 to 399 within a second are missing from the log"},
		"one client's bound": {after(shared, "  portico:proxy: {clientRequests: 5000}\n"),
			"| <code>dev</code> | `portico:proxy.clientRequests` | not set | <code>5000</code> |", "- `stack dev: portico:proxy.clientRequests`: one client address may have this many requests"},
		"an endpoint and a group": {in(shared, "  portico:task", "  portico:network: {vpcId: vpc-0a1b2c3d, subnetIds: [subnet-0a1b2c3d, subnet-0a1b2c3e]}\n  portico:endpoints: {executeApi: {id: vpce-0a1b2c3d}}\n  portico:securityGroups: {tasksId: sg-0a1b2c3d}\n  portico:task"),
			"`portico:endpoints.executeApi.id`", "- `stack dev: portico:securityGroups.tasksId`: the group's own rules"},
		"callers that are trusted": {in(shared, "  portico:task", "  portico:network: {vpcId: vpc-0a1b2c3d, subnetIds: [subnet-0a1b2c3d, subnet-0a1b2c3e]}\n  portico:endpoints: {alb: {id: vpce-0a1b2c3d}, trustCallers: true}\n  portico:task"),
			"| <code>dev</code> | `portico:endpoints.trustCallers` | not set | <code>true</code> |",
			"- `stack dev: portico:endpoints.trustCallers`: no check reads who reaches existing endpoints of nginx and alb: at the proxy's they can claim any custom domain by a Referer header, at alb's the load balancer's rules and web ACLs do not hold them"},
		"another zone's role": {in(shared, "role/zones", "role/any"), "`portico:certificates.zones[example.com].roleArn`", "- `stack dev: portico:certificates.zones[example.com].roleArn`"},
		"a zone in front": {in(shared, "{name: example.com", "{name: example.org, roleArn: \"arn:aws:iam::999999999999:role/zones\"}, {name: example.com"),
			"| <code>dev</code> | `portico:certificates.zones[example.org].name` | not set |", "portico:certificates.zones[example.org].roleArn"},
		"a size":                 {in(shared, "{min: 2}", "{min: 3}"), "| <code>dev</code> | `portico:task.min` | <code>2</code> | <code>3</code> |", ""},
		"a number that is text":  {in(shared, "{min: 2}", "{min: \"2\"}"), "| <code>dev</code> | `portico:task.min` | <code>2</code> (number) | <code>2</code> (text) |", ""},
		"a setting of another's": {in(shared, "\"true\"", "\"false\""), "`other:flag`", "no rule of this review says what it means"},
		"a setting less":         {in(shared, "  portico:task: {min: 2}\n", ""), "| `portico:task.min` | <code>2</code> | not set |", ""},
		"a secret":               {in(shared, "old-cipher", "new-cipher"), "| `other:key` | a secret | another secret, or the same encrypted anew |", "`stack dev: other:key`"},
		"a secret in plain text": {in(shared, "plain-old", "plain-new"), "| `other:password` | a secret | another secret", "`stack dev: other:password`"},
		"a secret no longer":     {in(shared, "{secure: v1:old-cipher}", "plain-new"), "| `other:key` | a secret | a value in plain text, not shown |", "`stack dev: other:key`"},
		"who encrypts":           {in(shared, "alias/one", "alias/two"), "`secretsprovider`", "other keys encrypt the stack's secrets"},
		"ESC":                    {after(shared, "environment: [company/admin]\n"), "`environment`", "no file here shows"},
		"the program":            {in(manifest, "go", "yaml"), "| the shared account's project | `runtime` | <code>go</code> | <code>yaml</code> |", "- `project: runtime`: another program runs"},
		"the backend": {after(manifest, "backend: {url: \"postgres://me:hunter2@db.example.com/x\"}\n"),
			"| `backend.url` | not set | <code>postgres&#58;//&#91;secret&#93;&#64;db&#46;example&#46;com/x</code> |", "- `project: backend.url`: state is read"},
		"a default of the project": {after(manifest, "config: {portico:task.max: 7}\n"), "| the shared account's project | `portico:task.max` | not set | <code>7</code> |", ""},
		"the shared stack of an account": {in(provider, "portico/dev", "portico/other"), "| <code>dev-orders</code> | `portico:shared.stack` |",
			"the outputs of another stack"},
		"an endpoint beside": {after(provider, "  portico:additionalVpcEndpointIds: [vpce-0aaaaaaaaaaaaaaaa]\n"), "`portico:additionalVpcEndpointIds`",
			"these endpoints may call the APIs"},
		"roles for the mapping": {after(provider, "  portico:allowedRoleArns: [\"arn:aws:iam::222222222222:role/*\"]\n"), "`portico:allowedRoleArns`",
			"authors of the mapping may name other roles"},
		"a stack less": {func(e *repository) { require.NoError(t, os.Remove(filepath.Join(e.dir, provider))) },
			"| <code>dev-orders</code> | `portico:redeploy` | <code>true</code> | not set |", "- `stack dev-orders`: its settings file is gone"},
		"a stack more": {func(e *repository) {
			e.write("accounts/provider/Pulumi.dev-sales.yaml", ordersSettings(`"333333333333"`, "  portico:additionalVpcEndpointIds: [vpce-0aaaaaaaaaaaaaaaa]\n"))
		}, "| <code>dev-sales</code> | `portico:aws.accountId` | not set |", "- `stack dev-sales: portico:additionalVpcEndpointIds`"},
		"another file of rows": {func(e *repository) {
			e.write("other.yaml", reviewedMapping)
			e.write(shared, strings.Replace(base[shared], "mapping.yaml", "other.yaml", 1))
		}, "`portico:mapping`", "another file has the rows"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newRepository(t)
			for file, text := range base {
				e.write(file, text)
			}
			e.commit("begin")
			require.Contains(t, e.preview().out, "nothing changes")
			test.change(e)
			got := e.preview("--max-bytes", "0")
			require.Zero(t, got.code, got.out+got.err)
			require.NotContains(t, got.out, "nothing changes")
			require.Contains(t, got.out, test.row)
			if test.watch == "" {
				require.NotContains(t, sectionsOf(got.out), "To watch")
			} else {
				_, watch, _ := strings.Cut(got.out, "#### To watch")
				watch, _, _ = strings.Cut(watch, "####")
				require.Contains(t, watch, test.watch)
			}
			for _, secret := range []string{"plain-old", "plain-new", "old-cipher", "new-cipher", "hunter2"} {
				require.NotContains(t, got.out, secret)
			}
		})
	}
}

// A link takes a file's contents to a path that other owners may approve.
func TestPreviewTellsOfSymbolicLinks(t *testing.T) {
	for _, name := range []string{"mapping.yaml", "Pulumi.dev.yaml", "accounts/provider/Pulumi.dev-orders.yaml"} {
		e := newRepository(t)
		e.commit("begin")
		require.NoError(t, os.Rename(filepath.Join(e.dir, name), filepath.Join(e.dir, "free.yaml")))
		require.NoError(t, os.Symlink(filepath.Join(e.dir, "free.yaml"), filepath.Join(e.dir, name)))
		got := e.preview()
		require.Zero(t, got.code, got.err)
		require.NotContains(t, got.out, "nothing changes")
		require.Contains(t, got.out, "- `file "+name+"`: a symbolic link leads to free.yaml: check that its owners review that file")
		require.Contains(t, got.out, "- `"+name+"`: a symbolic link to `free.yaml`.")
	}
}

func TestPreviewNeverSaysNothingOfFilesThatDiffer(t *testing.T) {
	for name, test := range map[string]struct{ file, text, want string }{
		"comments of the mapping":  {"mapping.yaml", "# a comment\n" + reviewedMapping, "- `mapping.yaml`: other comments, order or spelling; each value is the same."},
		"comments of the settings": {"Pulumi.dev.yaml", "# a comment\nconfig:\n  portico:mapping: mapping.yaml\n", "- `Pulumi.dev.yaml`: other comments, order or spelling; each value is the same."},
		"the order of the settings": {"accounts/provider/Pulumi.dev-orders.yaml",
			"config:\n  portico:redeploy: true\n  portico:aws: {accountId: \"222222222222\"}\n",
			"- `accounts/provider/Pulumi.dev-orders.yaml`: other comments"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newRepository(t)
			e.commit("begin")
			e.write(test.file, test.text)
			got := e.preview()
			require.Zero(t, got.code, got.err)
			require.Contains(t, got.out, "Since <code>HEAD</code>: no value changes.")
			require.Contains(t, got.out, test.want)
		})
	}
}

// A change of settings says what it costs, by hand: 0.10 for each of 10 metrics that
// alarms read, 730 hours of 0.005 for a trust store, 2 x 7.30 for an endpoint, and so on.
func TestPreviewSaysWhatAChangeCosts(t *testing.T) {
	const settings = "config:\n  portico:mapping: mapping.yaml\n"
	for name, test := range map[string]struct{ before, after, want, traffic string }{
		"alarms": {"", "  portico:alarms: {topicArn: \"arn:aws:sns:us-east-1:111111111111:on-call\"}\n",
			"$1.00 a month more** ($106.53 before, $107.53 after)", ""},
		"alarms no longer": {"  portico:alarms: {topicArn: \"arn:aws:sns:us-east-1:111111111111:on-call\"}\n", "",
			"$1.00 a month less** ($107.53 before, $106.53 after)", ""},
		"a trust store": {"", "  portico:loadBalancer: {trustStoreArn: \"arn:aws:elasticloadbalancing:us-east-1:111111111111:truststore/clients/0123456789abcdef\"}\n",
			"$3.65 a month more**", ""},
		"no flow logs":         {"", "  portico:network: {flowLogs: false}\n", "$0.26 a month less**", "Traffic no longer adds: `nginx`: flow logs of requests"},
		"three zones":          {"", "  portico:network: {zones: 3}\n", "$29.34 a month more**", ""},
		"a task more":          {"", "  portico:task: {min: 3}\n", "$14.55 a month more**", ""},
		"an endpoint that is":  {"", "  portico:network: {vpcId: vpc-0aaaaaaaaaaaaaaaa, subnetIds: [subnet-0aaaaaaaaaaaaaaaa, subnet-0bbbbbbbbbbbbbbbb]}\n  portico:endpoints: {logs: {id: vpce-0aaaaaaaaaaaaaaaa}}\n", "$14.86 a month less**", "Traffic no longer adds: `nginx`: flow logs of requests"},
		"access logs":          {"", "  portico:loadBalancer: {accessLogs: {create: true}}\n", "The fixed cost stays the same, $106.53 a month", "Traffic adds: access logs of the load balancers, kept in S3."},
		"logs kept for a year": {"", "  portico:logs: {retentionDays: 365}\n", "The fixed cost stays the same", "Traffic adds: `nginx`: the proxy's log, kept 365 days."},
		"a sampled log": {"", "  portico:logs: {samplePercent: 10}\n", "The fixed cost stays the same",
			"Traffic adds: `nginx`: lines of the proxy's log about answers of 200 to 399 within a second, 10 % of them kept ($0.05 a GB of such lines, kept or not)"},
		"a setting of no price": {"", "  portico:loadBalancer: {allowedCidrs: [10.0.0.0/12]}\n", "The fixed cost stays the same", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := newRepository(t)
			e.write("Pulumi.dev.yaml", settings+test.before)
			e.commit("begin")
			e.write("Pulumi.dev.yaml", settings+test.after)
			got := e.preview("--max-bytes", "0")
			require.Zero(t, got.code, got.out+got.err)
			_, cost, found := strings.Cut(got.out, "#### Cost\n")
			require.True(t, found, got.out)
			cost, _, _ = strings.Cut(cost, "####")
			require.Contains(t, cost, test.want)
			require.Contains(t, cost, test.traffic)
			if test.traffic == "" {
				require.NotContains(t, cost, "Traffic")
			}
			if _, amount, changed := strings.Cut(cost, "costs **"); changed {
				amount, _, _ = strings.Cut(amount, "**")
				first, _, _ := strings.Cut(got.out, "####")
				require.Contains(t, first, amount, "the summary has it")
			}
		})
	}
}
