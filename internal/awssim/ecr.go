package awssim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
)

// repositoryName is ECR's grammar of names.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
const repositoryName = `(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*`

// ecrService is image repositories and the credentials to their registry.
func ecrService() service {
	return service{
		types: []*typeSpec{repositorySpec(), lifecyclePolicySpec()},
		functions: []*functionSpec{{
			token: "aws:ecr/getAuthorizationToken:getAuthorizationToken",
			args:  ecr.GetAuthorizationTokenArgs{}, result: ecr.GetAuthorizationTokenResult{},
			actions: []string{"ecr:GetAuthorizationToken"},
			run:     authorizationToken,
		}},
	}
}

func repositorySpec() *typeSpec {
	return &typeSpec{
		token: repositoryType, title: "ECR Repository", args: ecr.RepositoryArgs{}, state: ecr.Repository{},
		identify: func(c *call) {
			c.id = c.outputs.Text("name")
			c.arn = c.fill("arn:{partition}:ecr:{region}:{account}:repository/{name}")
		},
		autoname: "name", autonameMax: 256,
		defaults:  Object{"imageTagMutability": "MUTABLE", "forceDelete": false},
		immutable: []string{"name", "encryptionConfigurations"},
		rules: map[string][]rule{
			"name":               {length(2, 256), pattern(repositoryName, "a repository name: lower-case letters and digits, joined by ._-/")},
			"imageTagMutability": {oneOf("MUTABLE", "IMMUTABLE")},
			"encryptionConfigurations[].encryptionType": {oneOf("AES256", "KMS")},
		},
		unique: []string{"name"}, conflict: "RepositoryAlreadyExistsException",
		quota:  quota{name: "Registered repositories", limit: 100000, code: "LimitExceededException"},
		create: []string{"ecr:CreateRepository", "ecr:DescribeRepositories", "ecr:TagResource"},
		read:   []string{"ecr:DescribeRepositories", "ecr:ListTagsForResource"},
		update: []string{"ecr:PutImageTagMutability", "ecr:PutImageScanningConfiguration", "ecr:TagResource", "ecr:UntagResource"},
		delete: []string{"ecr:DeleteRepository"},
		onCreate: func(c *call) error {
			c.outputs["registryId"] = c.account
			c.outputs["repositoryUrl"] = c.registryHost() + "/" + c.id
			return nil
		},
		onDelete: deleteRepository,
	}
}

// registryHost is the name of the caller's registry.
func (c *call) registryHost() string {
	return fmt.Sprintf("%s.dkr.ecr.%s.%s", c.account, c.region, c.dnsSuffix())
}

func deleteRepository(c *call) error {
	for _, image := range c.all(imageType) {
		if image.Properties.Text("repository") != c.id {
			continue
		}
		if !c.outputs.Flag("forceDelete") {
			return c.refuse("RepositoryNotEmptyException",
				"The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images", c.id, c.account)
		}
		c.remove(image)
	}
	return nil
}

func lifecyclePolicySpec() *typeSpec {
	return &typeSpec{
		token: lifecyclePolicyType, title: "ECR Lifecycle Policy", args: ecr.LifecyclePolicyArgs{}, state: ecr.LifecyclePolicy{},
		id:        "{repository}",
		upserts:   always,
		required:  []string{"policy"},
		immutable: []string{"repository"},
		documents: []string{"policy"},
		check:     lifecycleProblems,
		refs:      []ref{{at: "repository", to: repositoryType, code: "RepositoryNotFoundException", holds: cascades}},
		create:    []string{"ecr:PutLifecyclePolicy", "ecr:GetLifecyclePolicy"},
		read:      []string{"ecr:GetLifecyclePolicy"},
		update:    []string{"ecr:PutLifecyclePolicy"},
		delete:    []string{"ecr:DeleteLifecyclePolicy"},
		onCreate: func(c *call) error {
			c.outputs["registryId"] = c.account
			return nil
		},
	}
}

// lifecycleProblems holds the document to ECR's parameters.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
func lifecycleProblems(inputs Object) []problem {
	var document struct {
		Rules []struct {
			RulePriority int
			Selection    struct {
				TagStatus, CountType, CountUnit string
				TagPrefixList, TagPatternList   []string
				CountNumber                     int
			}
			Action struct{ Type string }
		}
	}
	if !inputs.Has("policy") {
		return nil
	}
	if err := json.Unmarshal([]byte(inputs.Text("policy")), &document); err != nil {
		return []problem{{"policy", "is not a lifecycle policy: " + err.Error()}}
	}
	if len(document.Rules) == 0 {
		return []problem{{"policy", "has no rules"}}
	}
	var problems []problem
	priorities := map[int]bool{}
	for i, r := range document.Rules {
		complain := func(format string, args ...any) {
			problems = append(problems, problem{"policy", fmt.Sprintf("rules[%d]: ", i) + fmt.Sprintf(format, args...)})
		}
		s := r.Selection
		if r.RulePriority < 1 || priorities[r.RulePriority] {
			complain("rulePriority %d is not a positive number of its own", r.RulePriority)
		}
		priorities[r.RulePriority] = true
		if reason := oneOf("tagged", "untagged", "any")(s.TagStatus); reason != "" {
			complain("selection.tagStatus: %s", reason)
		}
		if named := len(s.TagPrefixList)+len(s.TagPatternList) > 0; named != (s.TagStatus == "tagged") {
			complain("selection.tagPrefixList or tagPatternList goes with tagStatus tagged, and with no other")
		}
		if reason := oneOf("imageCountMoreThan", "sinceImagePushed")(s.CountType); reason != "" {
			complain("selection.countType: %s", reason)
		}
		if (s.CountUnit == "days") != (s.CountType == "sinceImagePushed") {
			complain("selection.countUnit days goes with sinceImagePushed, and with no other countType")
		}
		if s.CountNumber < 1 {
			complain("selection.countNumber %d is not positive", s.CountNumber)
		}
		if r.Action.Type != "expire" {
			complain("action.type %q is not expire", r.Action.Type)
		}
	}
	return problems
}

func authorizationToken(c *call) (Object, error) {
	if id := c.inputs.Text("registryId"); id != "" && id != c.account {
		return nil, c.refuse("AccessDeniedException", "the registry of account %s gives no token to %s", id, c.caller)
	}
	password := registryPassword(c.account, c.region)
	return Object{
		"id": c.region, "registryId": c.inputs["registryId"], "userName": "AWS", "password": password,
		"authorizationToken": base64.StdEncoding.EncodeToString([]byte("AWS:" + password)),
		"expiresAt":          time.Now().Add(12 * time.Hour).UTC().Format(time.RFC3339),
		"proxyEndpoint":      "https://" + c.registryHost(),
	}, nil
}

// registryPassword is the password that a registry takes. AWS issues another
// one each time; which of them a program uses changes nothing.
func registryPassword(account, region string) string {
	sum := sha256.Sum256([]byte("registry|" + account + "|" + region))
	return base64.StdEncoding.EncodeToString(sum[:])
}

var privateRegistry = regexp.MustCompile(`^([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?)$`)

// registryOf is the account and region of a private registry's host.
func registryOf(host string) (account, region string, ok bool) {
	m := privateRegistry.FindStringSubmatch(host)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// imageReference is a parsed reference: host/name:tag or host/name@digest.
type imageReference struct{ host, name, tag, digest string }

// parseImageReference reads a reference as Docker does: the first part is a
// host if it has a dot or a colon or is localhost; Docker Hub goes unnamed.
func parseImageReference(text string) (imageReference, error) {
	var r imageReference
	rest, digest, pinned := strings.Cut(text, "@")
	if pinned {
		r.digest = digest
		if !imageDigest.MatchString(digest) {
			return r, fmt.Errorf("read image reference %q: the digest is not sha256: and 64 hexadecimal digits", text)
		}
	}
	if first, after, ok := strings.Cut(rest, "/"); ok && (strings.ContainsAny(first, ".:") || first == "localhost") {
		r.host, rest = first, after
	}
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		rest, r.tag = rest[:i], rest[i+1:]
		if !imageTag.MatchString(r.tag) {
			return r, fmt.Errorf("read image reference %q: the tag is not 1 to 128 letters, digits and ._-", text)
		}
	}
	r.name = rest
	if r.tag == "" && r.digest == "" {
		r.tag = "latest"
	}
	if !imageName.MatchString(rest) {
		return r, fmt.Errorf("read image reference %q: %q is not a repository's name", text, rest)
	}
	return r, nil
}

var (
	imageName   = regexp.MustCompile(`^` + repositoryName + `$`)
	imageTag    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	imageDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

func sha256Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
