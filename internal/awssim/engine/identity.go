package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"

	"github.com/portico-iac/portico/internal/awssim/iampolicy"
)

// Session is who calls, and where: what Configure leaves behind.
type Session struct {
	Simulator   *Simulator
	Account     string
	Region      string
	Caller      string            // principal ARN
	policies    *iampolicy.Policy // nil: no policy limits the caller
	Owner       bool              // lays out the setup; limits don't hold
	defaultTags Object
}

// Partition is the partition that the session works in. What exists before any
// program and belongs to no region is in that of the home account.
func (s *Session) Partition() string {
	if s.Region == "" {
		_, rest, _ := strings.Cut(s.Simulator.Setup.Home.Principal, ":")
		partition, _, _ := strings.Cut(rest, ":")
		return cmp.Or(partition, "aws")
	}
	return PartitionOf(s.Region)
}

// PartitionOf is the partition of a region that is simulated.
func PartitionOf(region string) string {
	for id, p := range partitions {
		if _, ok := p.regions[region]; ok {
			return id
		}
	}
	return ""
}

// DNSSuffix is the domain of AWS's own names in the caller's partition.
func (s *Session) DNSSuffix() string { return partitions[s.Partition()].dnsSuffix }

// DNSSuffixOf is the domain of AWS's own names in a region's partition.
func DNSSuffixOf(region string) string { return partitions[PartitionOf(region)].dnsSuffix }

// GlobalRegion is the region of the caller's partition that lists what belongs to
// no region.
func (s *Session) GlobalRegion() string { return partitions[s.Partition()].globalRegion }

var providerFields = InputFields(aws.ProviderArgs{})

// providerConfig reads a provider's inputs. Whatever is not a string arrives
// JSON-encoded in a string, by Pulumi's protocol.
func providerConfig(raw Object) (Object, []Problem) {
	config := Object{}
	for name, value := range raw {
		config[name] = value
		text, isText := value.(string)
		t, known := providerFields[name]
		if !isText || !known || isString(t) {
			continue
		}
		var decoded any
		if err := json.Unmarshal([]byte(text), &decoded); err != nil {
			return nil, []Problem{{name, "is not JSON: " + err.Error()}}
		}
		config[name] = decoded
	}
	fields := map[string]reflect.Type{"version": reflect.TypeFor[*string](), "pluginDownloadURL": reflect.TypeFor[*string]()}
	for name, t := range providerFields {
		fields[name] = t
	}
	return config, schemaProblems(fields, config, "")
}

func isString(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.String
}

// authenticate finds who a provider's config makes the caller.
func (s *Simulator) authenticate(config Object) (*Session, error) {
	region := config.Text("region")
	if Zones(region) == "" {
		return nil, fmt.Errorf("configure aws: invalid AWS Region: %q", region)
	}
	caller := Session{Simulator: s, Account: s.Setup.Home.Account, Region: region, Caller: s.Setup.Home.Principal}
	if arn := config.Object("assumeRole").Text("roleArn"); arn != "" {
		role, account, err := s.assume(caller, arn, config.Object("assumeRole"))
		if err != nil {
			return nil, err
		}
		caller.Account = account
		if caller.policies, err = parsePolicies(role.Policies); err != nil {
			return nil, fmt.Errorf("configure aws: IAM Role (%s): %w", arn, err)
		}
		caller.Caller = "arn:" + PartitionOf(region) + ":sts::" + account + ":assumed-role/" + path.Base(role.Name) + "/" + sessionName(config)
	}
	if allowed := config.Texts("allowedAccountIds"); len(allowed) > 0 && !slices.Contains(allowed, caller.Account) {
		return nil, fmt.Errorf("configure aws: AWS account ID not allowed: %s (allowed: %s)", caller.Account, strings.Join(allowed, ", "))
	}
	if slices.Contains(config.Texts("forbiddenAccountIds"), caller.Account) {
		return nil, fmt.Errorf("configure aws: AWS account ID not allowed: %s", caller.Account)
	}
	caller.defaultTags = config.Object("defaultTags").Object("tags")
	return &caller, nil
}

// Session is the caller that a provider's settings make.
func (s *Simulator) Session(settings Object) (Session, error) {
	config, problems := providerConfig(settings)
	if len(problems) > 0 {
		return Session{}, joinProblems(problems)
	}
	caller, err := s.authenticate(config)
	if err != nil {
		return Session{}, err
	}
	return *caller, nil
}

func sessionName(config Object) string {
	if name := config.Object("assumeRole").Text("sessionName"); name != "" {
		return name
	}
	return "aws-go-sdk"
}

// assume is sts:AssumeRole: the role must exist and trust the caller, by the external ID
// that it asks for.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
func (s *Simulator) assume(caller Session, arn string, asked Object) (*Role, string, error) {
	denied := fmt.Errorf("configure aws: IAM Role (%s) cannot be assumed: operation error STS: AssumeRole, api error AccessDenied: "+
		"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", arn, caller.Caller, arn)
	for _, account := range s.Setup.Accounts {
		for _, role := range account.Roles {
			if arn != "arn:"+PartitionOf(caller.Region)+":iam::"+account.ID+":role/"+role.Name {
				continue
			}
			if !role.trusts(caller) || role.ExternalID != "" && asked.Text("externalId") != role.ExternalID {
				return nil, "", denied
			}
			if problem := role.sessionProblem(caller, asked.Text("duration")); problem != "" {
				return nil, "", fmt.Errorf("configure aws: IAM Role (%s) cannot be assumed: operation error STS: AssumeRole, api error ValidationError: %s", arn, problem)
			}
			return &role, account.ID, nil
		}
	}
	return nil, "", denied
}

func (r *Role) trusts(caller Session) bool {
	return slices.ContainsFunc(r.Trusts, func(principal string) bool {
		return principal == "*" || principal == caller.Caller || principal == caller.Account ||
			(strings.HasSuffix(principal, ":iam::"+caller.Account+":root"))
	})
}

// sessionProblem says why a role can't be assumed for a time; empty: it can be. Without
// a time the provider asks for 15 minutes.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (r *Role) sessionProblem(caller Session, duration string) string {
	if duration == "" {
		return ""
	}
	const hour = 3600
	session, err := time.ParseDuration(duration)
	seconds := int(session / time.Second)
	switch {
	case err != nil || seconds < 900 || seconds > 12*hour:
		return fmt.Sprintf("1 validation error detected: Value '%s' at 'durationSeconds' failed to satisfy constraint: Member must be between 900 and 43200", duration)
	case seconds > hour && strings.Contains(caller.Caller, ":assumed-role/"):
		return "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
	case seconds > cmp.Or(r.MaxSession, hour):
		return "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
	}
	return ""
}
