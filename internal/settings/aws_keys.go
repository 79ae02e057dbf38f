package settings

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
)

// awsNamespace is what the settings of Pulumi's default AWS provider begin with.
// Portico makes providers of its own, which read none of them.
const awsNamespace = "aws"

// insteadOf says what to write instead of a setting of the default AWS provider
// (package config of pulumi-aws); keys that aren't here have no counterpart.
var insteadOf = map[string]string{
	"region":                     "write portico:aws.region",
	"defaultTags":                "write portico:tags: {KEY: VALUE}",
	"allowedAccountIds":          "write portico:aws.accountId, the only account that the stack may touch",
	"forbiddenAccountIds":        "write portico:aws.accountId, the only account that the stack may touch",
	"assumeRole":                 "write portico:aws.roleArn",
	"assumeRoles":                "write portico:aws.roleArn, the last role",
	"endpoints":                  "write portico:aws.endpoint, an emulator's URL",
	"profile":                    "set AWS_PROFILE in the environment",
	"accessKey":                  "set AWS_ACCESS_KEY_ID in the environment",
	"secretKey":                  "set AWS_SECRET_ACCESS_KEY in the environment",
	"token":                      "set AWS_SESSION_TOKEN in the environment",
	"assumeRoleWithWebIdentity":  "set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE in the environment",
	"customCaBundle":             "set AWS_CA_BUNDLE in the environment",
	"ec2MetadataServiceEndpoint": "set AWS_EC2_METADATA_SERVICE_ENDPOINT in the environment",
	"httpProxy":                  "set HTTP_PROXY in the environment",
	"httpsProxy":                 "set HTTPS_PROXY in the environment",
	"noProxy":                    "set NO_PROXY in the environment",
	"maxRetries":                 "set AWS_MAX_ATTEMPTS in the environment",
	"retryMode":                  "set AWS_RETRY_MODE in the environment",
	"sharedConfigFiles":          "set AWS_CONFIG_FILE in the environment",
	"sharedCredentialsFiles":     "set AWS_SHARED_CREDENTIALS_FILE in the environment",
	"useDualstackEndpoint":       "set AWS_USE_DUALSTACK_ENDPOINT in the environment",
	"useFipsEndpoint":            "set AWS_USE_FIPS_ENDPOINT in the environment",
}

// dockerNamespace is what the settings of Pulumi's default Docker provider begin with.
const dockerNamespace = "docker"

// refuse reports a setting that Portico would ignore: of a default provider, or of the
// namespace of a project such as portico-provider, where `pulumi config set` puts a key
// that is given without one. It is nil for other settings.
func refuse(key config.Key) *Error {
	e := &Error{Key: key.String()}
	switch namespace := key.Namespace(); {
	case namespace == awsNamespace:
		e.Problem, e.Fix = awsProblem, awsFix(key.Name())
	case namespace == dockerNamespace:
		e.Problem, e.Fix = "Portico's Docker provider doesn't read it", "take it out; DOCKER_HOST in the environment names a host"
	case strings.HasPrefix(namespace, Namespace+"-"):
		e.Problem, e.Fix = "Portico's settings are in the namespace "+Namespace, "write "+Namespace+":"+key.Name()
	default:
		return nil
	}
	return e
}

const awsProblem = "Portico's AWS providers don't read it"

// refuseIgnored are the settings of a stack that would be ignored.
func (m *manifest) refuseIgnored(merged config.Map, stack *stackFile) Errors {
	var wrong Errors
	for key := range merged {
		e := refuse(key)
		if e == nil {
			continue
		}
		e.File = stack.file
		if at, ok := stack.entries[key]; ok {
			e.Line, e.Column = at.place()
		}
		for _, s := range m.defaults {
			if _, inStack := stack.entries[key]; s.key == key && !inStack {
				e.File = m.file
				e.Line, e.Column = s.at.place()
			}
		}
		wrong = append(wrong, e)
	}
	slices.SortFunc(wrong, (*Error).compare)
	return wrong
}

// refuseAWSOf is the same of AWS for values that the engine alone has, such as those of
// an environment of Pulumi ESC.
func refuseAWSOf(engine Engine, file string, known Errors) Errors {
	var wrong Errors
	for name := range insteadOf {
		key := awsNamespace + ":" + name
		_, given := engine(key)
		if given && !slices.ContainsFunc(known, func(e *Error) bool { return e.Key == key }) {
			wrong = append(wrong, &Error{Position: Position{File: file}, Key: key, Problem: awsProblem, Fix: awsFix(name)})
		}
	}
	slices.SortFunc(wrong, (*Error).compare)
	return wrong
}

func awsFix(name string) string {
	root, _, _ := strings.Cut(name, ".")
	if fix := insteadOf[root]; fix != "" {
		return fix
	}
	return "take it out"
}
