package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/assumedrole"
	"github.com/portico-iac/portico/internal/awsreader"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/settings"
)

// deployedProject is a project of which the state says that it is deployed, in
// accounts that a server plays.
func deployedProject(t *testing.T, aws http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(aws)
	t.Cleanup(server.Close)
	dir, backend := t.TempDir(), t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	write(filepath.Join(dir, "mapping.yaml"), `APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
  - {CUSTOM_DOMAIN_URL: b.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
`)
	account := func(id string) string {
		return fmt.Sprintf("  portico:aws: {region: us-east-1, accountId: %q, endpoint: %q}\n", id, server.URL)
	}
	write(filepath.Join(dir, "Pulumi.yaml"), "name: portico\nruntime: go\n")
	write(filepath.Join(dir, "Pulumi.dev.yaml"), "config:\n  portico:mapping: mapping.yaml\n"+account("111111111111"))
	write(filepath.Join(dir, "accounts", "provider", "Pulumi.yaml"), "name: portico-provider\nruntime: go\n")
	write(filepath.Join(dir, "accounts", "provider", "Pulumi.dev-orders.yaml"), "config:\n  portico:mapping: ../../mapping.yaml\n  portico:redeploy: true\n"+
		"  portico:shared: {stack: organization/portico/dev}\n"+account("222222222222"))
	state := func(project, stack, outputs string) {
		write(filepath.Join(backend, ".pulumi", "stacks", project, stack+".json"), fmt.Sprintf(`{"version":3,"checkpoint":{"stack":"organization/%[1]s/%[2]s","latest":{
			"manifest":{"time":"2026-11-01T00:00:00Z","magic":"","version":""},"resources":[
			{"urn":"urn:pulumi:%[2]s::%[1]s::pulumi:pulumi:Stack::%[1]s-%[2]s","custom":false,"type":"pulumi:pulumi:Stack","outputs":%[3]s}]}}}`, project, stack, outputs))
	}
	write(filepath.Join(backend, ".pulumi", "meta.yaml"), "version: 1\n")
	state("portico", "dev", `{"contract":2,"region":"us-east-1","accountId":"111111111111","vpcId":"vpc-1","hosts":["a.private.example.com","b.private.example.com"],
		"ecsCluster":"portico","ecsService":"portico","endpoints":{"nginx":"vpce-1"},"vpcEndpointId":"vpce-1","loadBalancerDnsName":"lb.example.com"}`)
	state("portico-provider", "dev-orders", `{"contract":2,"accountId":"222222222222"}`)
	for name, value := range map[string]string{
		"PULUMI_BACKEND_URL": "file://" + backend, "PULUMI_HOME": t.TempDir(), "PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_SKIP_UPDATE_CHECK": "true",
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": filepath.Join(dir, "none"),
	} {
		t.Setenv(name, value)
	}
	return dir
}

// noZones plays an account in whose VPC no private hosted zone answers, and which
// denies everything else.
func noZones(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "/hostedzonesbyvpc"):
		fmt.Fprint(w, `<ListHostedZonesByVPCResponse><HostedZoneSummaries></HostedZoneSummaries><MaxItems>100</MaxItems></ListHostedZonesByVPCResponse>`)
	case strings.Contains(r.URL.Path, "/hostedzone"):
		fmt.Fprint(w, `<ListHostedZonesResponse><HostedZones></HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>`)
	default:
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
	}
}

// TestDoctorReadsTheAccountsOfAnEnvironment runs the command over the settings, the
// state and a server.
func TestDoctorReadsTheAccountsOfAnEnvironment(t *testing.T) {
	dir := deployedProject(t, noZones)
	got := portico(t, "", "doctor", "https://a.private.example.com/orders", "--env", "dev", "--dir", dir, "--json", "--timeout", "1m")
	require.Equal(t, exitWrong, got.code, got.err)
	var report doctor.Report
	require.NoError(t, json.Unmarshal([]byte(got.out), &report), got.out)
	require.False(t, report.OK)
	require.Equal(t, "a.private.example.com", report.Host)
	require.Equal(t, []doctor.Cause{{
		Step: doctor.StepName, Account: "111111111111", Resource: "vpc-1",
		Problem: "no private hosted zone that answers VPC vpc-1 is for this name", Fix: report.Causes[0].Fix,
	}}, report.Causes)
	var denied []string
	for _, one := range report.Unread {
		denied = append(denied, string(one.Step))
	}
	require.Subset(t, denied, []string{"load balancer", "tasks", "API"})

	got = portico(t, "", "doctor", "--all", "--env", "dev", "--dir", dir, "--json", "--timeout", "1m")
	require.Equal(t, exitWrong, got.code, got.err)
	var all grouped
	require.NoError(t, json.Unmarshal([]byte(got.out), &all), got.out)
	require.False(t, all.OK)
	require.Len(t, all.Causes, 1)
	require.Equal(t, []string{"a.private.example.com", "b.private.example.com"}, all.Causes[0].Hosts)
	for _, one := range all.Unread {
		require.Equal(t, []string{"a.private.example.com", "b.private.example.com"}, one.Hosts)
	}
}

func TestDoctorsUsageIsChecked(t *testing.T) {
	for name, args := range map[string][]string{
		"no host":          {"doctor", "--env", "dev"},
		"a host and all":   {"doctor", "a.example.com", "--all", "--env", "dev"},
		"no environment":   {"doctor", "a.example.com"},
		"two hosts":        {"doctor", "a.example.com", "b.example.com", "--env", "dev"},
		"no time":          {"doctor", "a.example.com", "--env", "dev", "--timeout", "0s"},
		"an unknown fault": {"rehearse", "--mapping", "testdata/valid.yaml", "--fault", "gremlins"},
	} {
		t.Run(name, func(t *testing.T) {
			got := portico(t, "", args...)
			require.Equal(t, exitUsage, got.code, got.err)
			require.Empty(t, got.out)
		})
	}
}

// TestADiagnosisIsWrittenOnceForAllItsHosts groups what several hosts have in common.
func TestADiagnosisIsWrittenOnceForAllItsHosts(t *testing.T) {
	cause := doctor.Cause{Step: doctor.StepListener, Account: "111111111111", Resource: "lb", Problem: "it has no listener", Fix: "run portico up"}
	text := diagnosisText(groupByCause([]*doctor.Report{
		{Host: "a.example.com", Causes: []doctor.Cause{cause}, Unread: []doctor.Unread{{Step: doctor.StepTasks, Why: "denied"}}},
		{Host: "b.example.com", Causes: []doctor.Cause{cause}, Unread: []doctor.Unread{{Step: doctor.StepTasks, Why: "denied"}}},
	}))
	require.Equal(t, `1. listener: it has no listener
   where: lb, account 111111111111
   hosts: a.example.com, b.example.com
   to do: run portico up
not read: tasks: denied
`, text)
	require.Equal(t, "the doctor found nothing wrong\n", diagnosisText(groupByCause([]*doctor.Report{{OK: true, Host: "a.example.com"}})))
	unread := []doctor.Unread{{Step: doctor.StepTasks, Why: "denied"}}
	require.Equal(t, "not read: tasks: denied\nthe doctor found nothing wrong in what it could read\n",
		diagnosisText(groupByCause([]*doctor.Report{{OK: true, Host: "a.example.com", Unread: unread}})))
}

// TestTheFaultsAreListed lists them as text and as JSON, without a mapping.
func TestTheFaultsAreListed(t *testing.T) {
	got := portico(t, "", "rehearse", "--fault", "list")
	require.Equal(t, exitDone, got.code, got.err)
	require.Regexp(t, `(?m)^endpoint-address-dead +nginx +endpoint +- +gives`, got.out)
	got = portico(t, "", "rehearse", "--fault", "list", "--json")
	require.Equal(t, exitDone, got.code, got.err)
	var listed []listedFault
	require.NoError(t, json.Unmarshal([]byte(got.out), &listed))
	require.GreaterOrEqual(t, len(listed), 30)
	for _, one := range listed {
		require.Equal(t, one.Cause == "", one.Unseen != "", "%s: either a cause, or why there is none", one.Name)
		if one.Name == "endpoint-slow" {
			require.Equal(t, []string{"proxy-5xx"}, one.Alarms)
		}
	}
}

// oneAPI plays an account with one private API, which any caller may call.
func oneAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/stages") {
		fmt.Fprint(w, `{"item":[{"stageName":"v1","deploymentId":"d1"}]}`)
		return
	}
	fmt.Fprint(w, `{"item":[{"id":"cccccccccc","name":"Billing","endpointConfiguration":{"types":["PRIVATE"]},
		"policy":"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"execute-api:Invoke\\\",\\\"Resource\\\":\\\"*\\\"}]}"}]}`)
}

// TestDiscoverListsAPIsAndProposesRows prints the same as a table, as JSON and as a
// mapping that validates.
func TestDiscoverListsAPIsAndProposesRows(t *testing.T) {
	dir := deployedProject(t, oneAPI)
	got := portico(t, "", "discover", "--env", "dev", "--dir", dir)
	require.Equal(t, exitDone, got.code, got.err)
	require.Regexp(t, `222222222222 +cccccccccc +Billing +v1 +everybody +none; proposed: billing\.222222222222\.private\.example\.com`, got.out)

	got = portico(t, "", "discover", "--env", "dev", "--dir", dir, "--json", "--template", "{api}-{stage}.apis.example.org")
	require.Equal(t, exitDone, got.code, got.err)
	require.JSONEq(t, `{"apis":[{"account":"222222222222","id":"cccccccccc","name":"Billing","stages":["v1"],"callers":"everybody","endpoints":[],"rows":[],
		"proposed":[{"CUSTOM_DOMAIN_URL":"billing-v1.apis.example.org","PRIVATE_API_URL":"https://cccccccccc.execute-api.us-east-1.amazonaws.com/v1","ACCOUNT":"222222222222"}]}],"unread":[]}`, got.out)

	got = portico(t, "", "discover", "--env", "dev", "--dir", dir, "--yaml")
	require.Equal(t, exitDone, got.code, got.err)
	checked := portico(t, got.out, "validate", "--mapping", "-")
	require.Equal(t, exitDone, checked.code, checked.err)

	got = portico(t, "", "discover", "--env", "dev", "--dir", dir, "--template", "{team}.example.com")
	require.Equal(t, exitUsage, got.code, got.err)
}

// TestZonesOfOtherAccountsAreReadByTheirRoles finds the accounts of the roles.
func TestZonesOfOtherAccountsAreReadByTheirRoles(t *testing.T) {
	shared := &settings.Shared{AWS: settings.AWS{Region: "us-east-1", AccountID: "111111111111"}, DNS: settings.DNS{Existing: []settings.ExistingZone{
		{Name: "own.example.com", ID: "Z1"}, {Name: "theirs.example.com", ID: "Z2", RoleARN: "arn:aws:iam::555555555555:role/team/dns"},
	}}}
	require.Equal(t, []awsreader.Account{{ID: "555555555555", Region: "us-east-1", Role: assumedrole.Role{ARN: "arn:aws:iam::555555555555:role/team/dns"}}}, zoneAccounts(shared))
}
