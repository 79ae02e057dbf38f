package awsreader_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/assumedrole"
	"github.com/portico-iac/portico/internal/awsreader"
	"github.com/portico-iac/portico/internal/doctor"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/mapping"
)

const sharedID = "111111111111"

// reader reads an account of a server, with credentials of the environment.
func reader(t *testing.T, handler http.HandlerFunc, role string) (doctor.Accounts, doctor.Reader) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	accounts, err := awsreader.New(context.Background(), []awsreader.Account{{ID: sharedID, Region: "us-east-1", Role: assumedrole.Role{ARN: role}, Endpoint: server.URL}})
	require.NoError(t, err)
	one, err := accounts(sharedID)
	require.NoError(t, err)
	return accounts, one
}

// service is the one for which a request is signed.
func service(r *http.Request) string {
	parts := strings.Split(r.Header.Get("Authorization"), "/")
	if len(parts) < 4 {
		return ""
	}
	return parts[3]
}

// refuse answers with an error as the service's protocol has it.
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	switch service(r) {
	case "ec2":
		w.WriteHeader(status)
		fmt.Fprintf(w, `<Response><Errors><Error><Code>%s</Code><Message>no</Message></Error></Errors><RequestID>x</RequestID></Response>`, code)
	case "elasticloadbalancing", "route53", "sts":
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error><RequestId>x</RequestId></ErrorResponse>`, code)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":%q,"message":"no"}`, code)
	}
}

// questions are all that a Reader is asked, by the IAM action of the first call.
var questions = map[string][]func(context.Context, doctor.Reader) (any, error){
	"ec2:DescribeVpcs":               {func(ctx context.Context, r doctor.Reader) (any, error) { return r.VPC(ctx, "vpc-1") }},
	"route53:ListHostedZonesByVPC":   {func(ctx context.Context, r doctor.Reader) (any, error) { return r.Zones(ctx, "vpc-1") }},
	"route53:ListHostedZones":        {func(ctx context.Context, r doctor.Reader) (any, error) { return r.ZonesNamed(ctx, "example.com") }},
	"route53:ListResourceRecordSets": {func(ctx context.Context, r doctor.Reader) (any, error) { return r.Records(ctx, "Z1", "a.example.com") }},
	"acm:DescribeCertificate": {func(ctx context.Context, r doctor.Reader) (any, error) {
		return r.Certificate(ctx, "arn:aws:acm:us-east-1:111111111111:certificate/x")
	}},
	"elasticloadbalancing:DescribeLoadBalancers": {func(ctx context.Context, r doctor.Reader) (any, error) { return r.LoadBalancers(ctx) }},
	"elasticloadbalancing:DescribeListeners":     {func(ctx context.Context, r doctor.Reader) (any, error) { return r.Listeners(ctx, "arn:lb") }},
	"elasticloadbalancing:DescribeRules":         {func(ctx context.Context, r doctor.Reader) (any, error) { return r.Rules(ctx, "arn:listener") }},
	"elasticloadbalancing:DescribeAccountLimits": {func(ctx context.Context, r doctor.Reader) (any, error) { return r.BalancerQuotas(ctx) }},
	"elasticloadbalancing:DescribeTargetGroups":  {func(ctx context.Context, r doctor.Reader) (any, error) { return r.TargetGroup(ctx, "arn:group") }},
	"elasticloadbalancing:DescribeTargetHealth":  {func(ctx context.Context, r doctor.Reader) (any, error) { return r.Targets(ctx, "arn:group") }},
	"ecs:DescribeServices":                       {func(ctx context.Context, r doctor.Reader) (any, error) { return r.Service(ctx, "cluster", "service") }},
	"ecs:DescribeTaskDefinition":                 {func(ctx context.Context, r doctor.Reader) (any, error) { return r.Containers(ctx, "family:1") }},
	"ec2:DescribeSecurityGroups": {func(ctx context.Context, r doctor.Reader) (any, error) {
		return r.SecurityGroups(ctx, []string{"sg-1"})
	}},
	"ec2:DescribeVpcEndpoints": {func(ctx context.Context, r doctor.Reader) (any, error) { return r.Endpoint(ctx, "vpce-1") }},
	"apigateway:GET": {
		func(ctx context.Context, r doctor.Reader) (any, error) { return r.RESTAPI(ctx, "abc") },
		func(ctx context.Context, r doctor.Reader) (any, error) { return r.RESTAPIs(ctx) },
		func(ctx context.Context, r doctor.Reader) (any, error) { return r.Stages(ctx, "abc") },
		func(ctx context.Context, r doctor.Reader) (any, error) { return r.Deployments(ctx, "abc") },
		func(ctx context.Context, r doctor.Reader) (any, error) { return r.Domain(ctx, "a.example.com", "") },
		func(ctx context.Context, r doctor.Reader) (any, error) { return r.AccessAssociations(ctx) },
	},
}

// TestADeniedCallNamesItsAction denies each call, in each service's own words.
func TestADeniedCallNamesItsAction(t *testing.T) {
	asked := 0
	_, r := reader(t, func(w http.ResponseWriter, r *http.Request) {
		code := map[string]string{"ec2": "UnauthorizedOperation", "elasticloadbalancing": "AccessDenied", "route53": "AccessDenied"}[service(r)]
		if code == "" {
			code = "AccessDeniedException"
		}
		refuse(w, r, http.StatusForbidden, code)
	}, "")
	for action, all := range questions {
		for _, question := range all {
			asked++
			_, err := question(context.Background(), r)
			denied := new(doctor.DeniedError)
			require.ErrorAs(t, err, &denied, action)
			require.Equal(t, action, denied.Action)
			require.Equal(t, sharedID, denied.Account)
		}
	}
	require.Equal(t, reflect.TypeFor[doctor.Reader]().NumMethod(), asked, "a question of Reader is not asked here")
}

// TestWhatIsNotThereIsNoError has each service say that it knows nothing of the kind.
func TestWhatIsNotThereIsNoError(t *testing.T) {
	codes := map[string]string{
		"acm:DescribeCertificate": "ResourceNotFoundException", "ec2:DescribeVpcs": "InvalidVpcID.NotFound", "ec2:DescribeVpcEndpoints": "InvalidVpcEndpointId.NotFound",
		"elasticloadbalancing:DescribeTargetGroups": "TargetGroupNotFound", "elasticloadbalancing:DescribeTargetHealth": "TargetGroupNotFound",
		"elasticloadbalancing:DescribeRules": "ListenerNotFound", "elasticloadbalancing:DescribeListeners": "LoadBalancerNotFound",
		"route53:ListResourceRecordSets": "NoSuchHostedZone", "ecs:DescribeServices": "ClusterNotFoundException", "apigateway:GET": "NotFoundException",
	}
	var code string
	_, r := reader(t, func(w http.ResponseWriter, r *http.Request) { refuse(w, r, http.StatusBadRequest, code) }, "")
	for action, answer := range codes {
		code = answer
		for _, question := range questions[action] {
			found, err := question(context.Background(), r)
			require.NoError(t, err, action)
			require.Empty(t, found, action)
		}
	}
}

// TestAPIGatewayIsReadInPagesAndAtItsPace reads 600 APIs of a server that throttles,
// whose pages are smaller than what is asked for.
func TestAPIGatewayIsReadInPagesAndAtItsPace(t *testing.T) {
	const total, page = 600, 100
	var mu sync.Mutex
	var times []time.Time
	throttled := 0
	_, r := reader(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		times = append(times, time.Now())
		if len(times)%3 == 2 {
			throttled++
			refuse(w, r, http.StatusTooManyRequests, "TooManyRequestsException")
			return
		}
		first, _ := strconv.Atoi(r.URL.Query().Get("position"))
		answer := map[string]any{}
		var items []map[string]any
		for i := first; i < min(first+page, total); i++ {
			items = append(items, map[string]any{"id": fmt.Sprintf("api%07d", i), "endpointConfiguration": map[string]any{"types": []string{"PRIVATE"}}})
		}
		answer["item"] = items
		if first+page < total {
			answer["position"] = strconv.Itoa(first + page)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the client notices
	}, "")
	apis, err := r.RESTAPIs(context.Background())
	require.NoError(t, err)
	require.Len(t, apis, total)
	require.Positive(t, throttled)
	for i, api := range apis {
		require.Equal(t, fmt.Sprintf("api%07d", i), api.ID)
		require.Equal(t, "PRIVATE", api.EndpointType)
	}
	for i := range times {
		within := 0
		for _, later := range times[i:] {
			if later.Sub(times[i]) < time.Second {
				within++
			}
		}
		require.LessOrEqual(t, within, 10, "calls in a second")
	}
}

// TestARoleThatCannotBeAssumedIsNamed has STS refuse.
func TestARoleThatCannotBeAssumedIsNamed(t *testing.T) {
	const role = "arn:aws:iam::111111111111:role/portico-read-dev"
	_, r := reader(t, func(w http.ResponseWriter, r *http.Request) { refuse(w, r, http.StatusForbidden, "AccessDenied") }, role)
	_, err := r.RESTAPIs(context.Background())
	require.ErrorContains(t, err, "role "+role+" can't be assumed for account 111111111111")
}

// diagnose asks a doctor about one host.
func diagnose(t *testing.T, ctx context.Context, accounts doctor.Accounts) *doctor.Report {
	t.Helper()
	m, err := mapping.Parse("mapping.yaml", []byte(`APIS:
  - {CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", ACCOUNT: "222222222222"}
`))
	require.NoError(t, err)
	shared := &outputs.Shared{
		AccountID: sharedID, Region: "us-east-1", VPCID: "vpc-1", Hosts: []mapping.Host{"a.private.example.com"}, LoadBalancerDNSName: "lb.example.com",
		Cluster: "portico", Service: "portico", Endpoints: map[mapping.FrontDoor]string{mapping.FrontDoorNGINX: "vpce-1"},
	}
	return doctor.New(doctor.Environment{Name: "dev", Mapping: m, Shared: shared}, accounts, nil).Diagnose(ctx, "a.private.example.com")
}

// TestWhatIsDeniedIsUnread denies everything: the doctor names no cause, and each step
// with the action that it lacks. The other account has no reader at all.
func TestWhatIsDeniedIsUnread(t *testing.T) {
	accounts, _ := reader(t, func(w http.ResponseWriter, r *http.Request) { refuse(w, r, http.StatusForbidden, "AccessDenied") }, "")
	report := diagnose(t, context.Background(), accounts)
	require.Empty(t, report.Causes)
	unread := map[doctor.Step]string{}
	for _, one := range report.Unread {
		unread[one.Step] += one.Why
	}
	require.Contains(t, unread[doctor.StepName], "may not do route53:ListHostedZonesByVPC")
	require.Contains(t, unread[doctor.StepLoadBalancer], "may not do elasticloadbalancing:DescribeLoadBalancers")
	require.Contains(t, unread[doctor.StepEndpoint], "may not do ec2:DescribeVpcEndpoints")
	require.Contains(t, unread[doctor.StepAPI], "no stack of the environment works in account 222222222222")
}

// TestADoctorWithoutTimeSaysSo asks a server that doesn't answer.
func TestADoctorWithoutTimeSaysSo(t *testing.T) {
	done := make(chan struct{})
	accounts, _ := reader(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}, "")
	defer close(done)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	report := diagnose(t, ctx, accounts)
	require.Less(t, time.Since(begin), 5*time.Second)
	require.Empty(t, report.Causes)
	require.NotEmpty(t, report.Unread)
	require.Contains(t, report.Unread[0].Why, "there was no time left")
	require.Contains(t, report.Unread[0].Why, "ListHostedZonesByVPC", "what it waited for")
}

var failedAction = regexp.MustCompile(`a\.failed\("([a-z0-9-]+:[A-Za-z]+)"`)

// TestTheReadingPoliciesAreWhatTheReaderCalls compares the actions of the code with
// those of docs/iam's policies for the doctor, both ways.
func TestTheReadingPoliciesAreWhatTheReaderCalls(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	called := []string{"apigateway:GET"}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range failedAction.FindAllStringSubmatch(string(data), -1) {
			called = append(called, match[1])
		}
	}
	slices.Sort(called)
	called = slices.Compact(called)
	for action := range questions {
		require.Contains(t, called, action)
	}
	var allowed []string
	for _, name := range []string{"doctor-shared", "doctor-provider"} {
		data, err := os.ReadFile("../../docs/iam/" + name + ".json")
		require.NoError(t, err)
		var policy struct {
			Statement []struct {
				Effect string
				Action any
			}
		}
		require.NoError(t, json.Unmarshal(data, &policy))
		for _, s := range policy.Statement {
			require.Equal(t, "Allow", s.Effect)
			switch actions := s.Action.(type) {
			case string:
				allowed = append(allowed, actions)
			case []any:
				for _, action := range actions {
					allowed = append(allowed, action.(string))
				}
			}
		}
	}
	slices.Sort(allowed)
	require.Equal(t, called, slices.Compact(allowed))
}
