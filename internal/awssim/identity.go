package awssim

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
)

// session is who calls, and where: what Configure leaves behind.
type session struct {
	simulator   *Simulator
	account     string
	region      string
	caller      string // principal ARN
	allows      []string
	owner       bool // lays out the world; limits don't hold
	defaultTags Object
}

func (s *session) allowed(action string) bool {
	if s.owner || s.allows == nil {
		return true
	}
	return slices.ContainsFunc(s.allows, func(pattern string) bool {
		ok, _ := path.Match(pattern, action)
		return ok
	})
}

func (s *session) partition() string { return partitionOf(s.region) }

func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// dnsSuffix is the domain of AWS's own names in the caller's partition.
func (s *session) dnsSuffix() string {
	if s.partition() == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

var providerFields = inputFields(aws.ProviderArgs{})

// providerConfig reads a provider's inputs. Whatever is not a string arrives
// JSON-encoded in a string, by Pulumi's protocol.
func providerConfig(raw Object) (Object, []problem) {
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
			return nil, []problem{{name, "is not JSON: " + err.Error()}}
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
func (s *Simulator) authenticate(config Object) (*session, error) {
	region := config.Text("region")
	if _, ok := regions[region]; !ok {
		return nil, fmt.Errorf("configure aws: invalid AWS Region: %q", region)
	}
	caller := session{simulator: s, account: s.setup.Home.Account, region: region, caller: s.setup.Home.Principal}
	if arn := config.Object("assumeRole").Text("roleArn"); arn != "" {
		role, account, err := s.assume(caller, arn)
		if err != nil {
			return nil, err
		}
		caller.account, caller.allows = account, role.Allows
		caller.caller = "arn:" + partitionOf(region) + ":sts::" + account + ":assumed-role/" + path.Base(role.Name) + "/" + sessionName(config)
	}
	if allowed := config.Texts("allowedAccountIds"); len(allowed) > 0 && !slices.Contains(allowed, caller.account) {
		return nil, fmt.Errorf("configure aws: AWS account ID not allowed: %s (allowed: %s)", caller.account, strings.Join(allowed, ", "))
	}
	if slices.Contains(config.Texts("forbiddenAccountIds"), caller.account) {
		return nil, fmt.Errorf("configure aws: AWS account ID not allowed: %s", caller.account)
	}
	caller.defaultTags = config.Object("defaultTags").Object("tags")
	return &caller, nil
}

func sessionName(config Object) string {
	if name := config.Object("assumeRole").Text("sessionName"); name != "" {
		return name
	}
	return "aws-go-sdk"
}

// assume is sts:AssumeRole: the role must exist and trust the caller.
func (s *Simulator) assume(caller session, arn string) (*Role, string, error) {
	denied := fmt.Errorf("configure aws: IAM Role (%s) cannot be assumed: operation error STS: AssumeRole, api error AccessDenied: "+
		"User: %s is not authorized to perform: sts:AssumeRole on resource: %s", arn, caller.caller, arn)
	for _, account := range s.setup.Accounts {
		for _, role := range account.Roles {
			if arn != "arn:"+partitionOf(caller.region)+":iam::"+account.ID+":role/"+role.Name {
				continue
			}
			if !role.trusts(caller) {
				return nil, "", denied
			}
			return &role, account.ID, nil
		}
	}
	return nil, "", denied
}

func (r *Role) trusts(caller session) bool {
	return slices.ContainsFunc(r.Trusts, func(principal string) bool {
		return principal == "*" || principal == caller.caller || principal == caller.account ||
			(strings.HasSuffix(principal, ":iam::"+caller.account+":root"))
	})
}

// regions is the regions that are simulated and their availability zones'
// letters.
var regions = map[string]string{
	"us-east-1": "abcdef", "us-east-2": "abc", "us-west-1": "ac", "us-west-2": "abcd",
	"ca-central-1": "abd", "sa-east-1": "abc",
	"eu-central-1": "abc", "eu-north-1": "abc", "eu-west-1": "abc", "eu-west-2": "abc", "eu-west-3": "abc", "eu-south-1": "abc",
	"ap-northeast-1": "acd", "ap-northeast-2": "abcd", "ap-south-1": "abc", "ap-southeast-1": "abc", "ap-southeast-2": "abc",
	"cn-north-1": "abd", "cn-northwest-1": "abc", "us-gov-east-1": "abc", "us-gov-west-1": "abc",
}
