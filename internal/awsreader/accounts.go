// Package awsreader answers the doctor's questions by AWS's read-only calls, under
// the roles that the stacks' settings name.
package awsreader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/portico-iac/portico/internal/assumedrole"
	"github.com/portico-iac/portico/internal/doctor"
)

var _ doctor.Reader = (*account)(nil)

// Account is how an account is read.
type Account struct {
	// ID is the 12-digit number.
	ID     string
	Region string
	// Role is the role to assume; without an ARN: the caller's own credentials.
	Role assumedrole.Role
	// Endpoint is the URL of an emulator; empty: AWS.
	Endpoint string
	// CallsPerSecond is how many calls of API Gateway's management are sent a second;
	// 0: managementCalls.
	CallsPerSecond int
}

// attempts bounds how often a call that AWS throttles is sent.
const attempts = 8

// managementCalls is how many calls of API Gateway's management are sent a second:
// AWS answers ten to an account, of which deployments need some.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const managementCalls = 8

// New makes the readers of accounts; of an account that is named twice the first
// entry counts. Credentials and AWS_ENDPOINT_URL are the
// environment's, as the AWS CLI has them.
func New(ctx context.Context, accounts []Account) (doctor.Accounts, error) {
	readers := map[string]*account{}
	for _, a := range accounts {
		if readers[a.ID] != nil {
			continue // the shared account owns APIs too
		}
		base, err := config.LoadDefaultConfig(ctx, config.WithRegion(a.Region), config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.MaxBackoff = attempts, 2*time.Second
				// The doctor's deadline bounds the calls, not a budget of retries.
				o.RateLimiter = noLimit{}
			})
		}))
		if err != nil {
			return nil, fmt.Errorf("find credentials for account %s: %w", a.ID, err)
		}
		if a.Endpoint != "" {
			base.BaseEndpoint = aws.String(a.Endpoint)
		}
		a.Role.Assume(&base, "portico-doctor")
		readers[a.ID] = newAccount(a, base)
	}
	return func(id string) (doctor.Reader, error) {
		if reader, known := readers[id]; known {
			return reader, nil
		}
		return nil, fmt.Errorf("no stack of the environment works in account %s, so that no role is known for it", id)
	}, nil
}

// noLimit lets every retry pass.
type noLimit struct{}

func (noLimit) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (noLimit) AddTokens(uint) error { return nil }

// account reads one account.
type account struct {
	Account
	acm        *acm.Client
	apigateway *apigateway.Client
	ec2        *ec2Client
	ecs        *ecs.Client
	elb        *elasticloadbalancingv2.Client
	route53    *route53.Client
}

func newAccount(a Account, base aws.Config) *account {
	base.APIOptions = append(slices.Clip(base.APIOptions), onlyReads)
	management := base.Copy()
	pace := &pacer{interval: time.Second / time.Duration(cmp.Or(a.CallsPerSecond, managementCalls))}
	management.APIOptions = append(slices.Clip(management.APIOptions), pace.register)
	return &account{
		Account: a, acm: acm.NewFromConfig(base), apigateway: apigateway.NewFromConfig(management), ec2: newEC2(base),
		ecs: ecs.NewFromConfig(base), elb: elasticloadbalancingv2.NewFromConfig(base), route53: route53.NewFromConfig(base),
	}
}

// onlyReads refuses any call that could change something, before it is sent.
func onlyReads(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("OnlyReads", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		name := middleware.GetOperationName(ctx)
		for _, verb := range []string{"Describe", "List", "Get"} {
			if strings.HasPrefix(name, verb) {
				return next.HandleInitialize(ctx, in)
			}
		}
		return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("the doctor only reads, and %s is no reading call", name)
	}), middleware.Before)
}

// pacer spaces calls out, retries of throttled ones included.
type pacer struct {
	interval time.Duration
	mu       sync.Mutex
	next     time.Time
}

func (p *pacer) register(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Pace", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if err := p.wait(ctx); err != nil {
			return middleware.FinalizeOutput{}, middleware.Metadata{}, err
		}
		return next.HandleFinalize(ctx, in)
	}), "Retry", middleware.After)
}

func (p *pacer) wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(p.interval)
	p.mu.Unlock()
	return sleep(ctx, at.Sub(now))
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The codes by which services say that something may not be done, or isn't there.
var (
	deniedCodes = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException", "AuthFailure", "NotAuthorized"}
	absentCodes = []string{
		"NotFoundException", "ResourceNotFoundException", "NoSuchHostedZone", "TargetGroupNotFound", "ListenerNotFound", "LoadBalancerNotFound",
		"ClusterNotFoundException", "ServiceNotFoundException", "InvalidVpcID.NotFound", "InvalidVpcEndpointId.NotFound", "InvalidNetworkInterfaceID.NotFound",
	}
)

// failed is an error as the doctor knows it: nil for what isn't there, a
// *doctor.DeniedError for a call that the role may not make.
func (a *account) failed(action string, err error) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return fmt.Errorf("%s in account %s: %w", action, a.ID, err)
	}
	switch {
	case slices.Contains(deniedCodes, answer.ErrorCode()):
		if ofSTS(err) {
			return fmt.Errorf("role %s can't be assumed for account %s: %s: let its trust policy name the caller", a.Role.ARN, a.ID, answer.ErrorMessage())
		}
		return &doctor.DeniedError{Action: action, Account: a.ID, Err: err}
	case slices.Contains(absentCodes, answer.ErrorCode()):
		return nil
	}
	return fmt.Errorf("%s in account %s: %w", action, a.ID, err)
}

// ofSTS reports whether the call that failed was that of assuming the role.
func ofSTS(err error) bool {
	for err != nil {
		if operation, ok := err.(*smithy.OperationError); ok && operation.ServiceID == "STS" {
			return true
		}
		err = errors.Unwrap(err)
	}
	return false
}

// canonical is a DNS name in lower case, without its trailing dot.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
