package ecr

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/kms"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// repositoryName is ECR's grammar of names.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
const repositoryName = `(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*`

// Service is image repositories and the credentials to their registry.
func Service() engine.Service {
	return engine.Service{
		Authorization: authorization(),
		Forwards:      engine.Forwards{"ecr:CreateRepository": {"kms:DescribeKey", "kms:CreateGrant"}, "ecr:DeleteRepository": {"kms:RetireGrant"}},
		Types:         []*engine.Type{repositorySpec(), lifecyclePolicySpec()},
		Functions: []*engine.Function{{
			Token: "aws:ecr/getAuthorizationToken:getAuthorizationToken",
			Args:  ecr.GetAuthorizationTokenArgs{}, Result: ecr.GetAuthorizationTokenResult{},
			Actions: []string{"ecr:GetAuthorizationToken"},
			Run:     authorizationToken,
		}, {
			Token: "aws:ecr/getImage:getImage", Args: ecr.GetImageArgs{}, Result: ecr.GetImageResult{},
			Actions: []string{"ecr:DescribeImages"},
			Run:     describeImage,
		}},
	}
}

func repositorySpec() *engine.Type {
	return &engine.Type{
		Token: view.RepositoryType, Title: "ECR Repository", Args: ecr.RepositoryArgs{}, State: ecr.Repository{},
		ID: "{name}", ARN: "arn:{partition}:ecr:{region}:{account}:repository/{name}",
		Properties: engine.Properties{
			"registryId":                                {engine.Computed("{account}")},
			"repositoryUrl":                             {engine.Computed("{account}.dkr.ecr.{region}.{suffix}/{name}")},
			"encryptionConfigurations":                  {engine.ForceNew, engine.Kept},
			"imageScanningConfiguration":                {engine.Kept},
			"encryptionConfigurations[].encryptionType": {engine.Required, engine.OneOf("AES256", "KMS")},
			"encryptionConfigurations[].kmsKey":         {engine.ARNOf("kms")},
			"forceDelete":                               {engine.Default(false)},
			"imageTagMutability":                        {engine.Default("MUTABLE"), engine.OneOf("MUTABLE", "IMMUTABLE")},
			"name":                                      {engine.Autonamed(256), engine.ForceNew, engine.Length(2, 256), engine.Pattern(repositoryName, "a repository name: lower-case letters and digits, joined by ._-/")},
		},

		Unique: []string{"name"}, Conflict: "RepositoryAlreadyExistsException",
		Quota:  engine.Quota{Name: "Registered repositories", Limit: 100000, Code: "LimitExceededException"},
		Create: []string{"ecr:CreateRepository", "ecr:DescribeRepositories", "ecr:TagResource"},
		Read:   []string{"ecr:DescribeRepositories", "ecr:ListTagsForResource"},
		Update: []string{"ecr:PutImageTagMutability", "ecr:PutImageScanningConfiguration", "ecr:TagResource", "ecr:UntagResource"},
		Delete: []string{"ecr:DeleteRepository", "ecr:DescribeRepositories"},
		When: map[string][]string{
			"ecr:PutImageTagMutability":         {"imageTagMutability"},
			"ecr:PutImageScanningConfiguration": {"imageScanningConfiguration"},
		},
		OnCreate: checkKey, OnDelete: deleteRepository,
	}
}

// keyOf is the key of AWS KMS that encrypts a repository; empty: none does.
func keyOf(repository engine.Object) string {
	for _, configuration := range repository.Objects("encryptionConfigurations") {
		return configuration.Text("kmsKey")
	}
	return ""
}

// checkKey refuses a key that can't encrypt.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
func checkKey(op *engine.Op) error {
	if key := keyOf(op.Inputs); key != "" && !kms.Usable(op, key) {
		return op.Refuse("KmsException", "The operation failed due to a KMS exception: key %s can't be used", key)
	}
	return nil
}

// registryHost is the name of the caller's registry.
func registryHost(op *engine.Op) string {
	return fmt.Sprintf("%s.dkr.ecr.%s.%s", op.Account, op.Region, op.DNSSuffix())
}

func deleteRepository(op *engine.Op) error {
	for _, image := range op.Having(view.ImageType, "repository", op.ID) {
		if !op.Outputs.Flag("forceDelete") {
			return op.Refuse("RepositoryNotEmptyException",
				"The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images", op.ID, op.Account)
		}
		op.Remove(image)
	}
	return nil
}

func lifecyclePolicySpec() *engine.Type {
	return &engine.Type{
		Token: view.LifecyclePolicyType, Title: "ECR Lifecycle Policy", Args: ecr.LifecyclePolicyArgs{}, State: ecr.LifecyclePolicy{},
		ID:      "{repository}",
		Upserts: engine.Always,
		Properties: engine.Properties{
			"registryId": {engine.Computed("{account}")},
			"policy":     {engine.Required, engine.JSON, lifecyclePolicy},
			"repository": {engine.ForceNew, engine.Refers{To: view.RepositoryType, Code: "RepositoryNotFoundException", Holds: engine.Cascades}},
		},

		Create: []string{"ecr:PutLifecyclePolicy", "ecr:GetLifecyclePolicy"},
		Read:   []string{"ecr:GetLifecyclePolicy"},
		Update: []string{"ecr:PutLifecyclePolicy"},
		Delete: []string{"ecr:DeleteLifecyclePolicy"},
	}
}

// lifecyclePolicy is what ECR takes as a lifecycle policy.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
var lifecyclePolicy = engine.NewDocument(engine.Properties{
	"rules":                            {engine.Required, engine.Items(1, 50), engine.DistinctBy("rulePriority")},
	"rules[]":                          {engine.IsObject},
	"rules[].rulePriority":             {engine.Required, engine.Between(1, math.MaxInt32)},
	"rules[].selection":                {engine.Required, engine.IsObject},
	"rules[].selection.tagStatus":      {engine.Required, engine.OneOf("tagged", "untagged", "any")},
	"rules[].selection.tagPrefixList":  {engine.RequiredWhen(engine.Both(ofTagged, engine.Not(engine.Given("tagPatternList")))), onlyOfTagged},
	"rules[].selection.tagPatternList": {onlyOfTagged},
	"rules[].selection.countType":      {engine.Required, engine.OneOf("imageCountMoreThan", "sinceImagePushed")},
	"rules[].selection.countUnit":      {engine.RequiredWhen(byAge), engine.OnlyWhen(byAge, "rules by the time since images were pushed"), engine.OneOf("days")},
	"rules[].selection.countNumber":    {engine.Required, engine.Between(1, math.MaxInt32)},
	"rules[].action":                   {engine.Required, engine.IsObject},
	"rules[].action.type":              {engine.Required, engine.OneOf("expire")},
})

var (
	byAge        = engine.Is("countType", "sinceImagePushed")
	ofTagged     = engine.Is("tagStatus", "tagged")
	onlyOfTagged = engine.OnlyWhen(ofTagged, "rules of tagged images")
)

func authorizationToken(op *engine.Op) (engine.Object, error) {
	if id := op.Inputs.Text("registryId"); id != "" && id != op.Account {
		return nil, op.Refuse("AccessDeniedException", "the registry of account %s gives no token to %s", id, op.Caller)
	}
	tokens := maps.Clone(engine.Fact[tokenHolders](op.Simulator))
	if tokens == nil {
		tokens = tokenHolders{}
	}
	tokens[op.Account+"/"+op.Region] = op.Session
	engine.SetFact(op, tokens)
	password := RegistryPassword(op.Account, op.Region)
	return engine.Object{
		"id": op.Region, "registryId": op.Inputs["registryId"], "userName": "AWS", "password": password,
		"authorizationToken": base64.StdEncoding.EncodeToString([]byte("AWS:" + password)),
		"expiresAt":          time.Now().Add(12 * time.Hour).UTC().Format(time.RFC3339),
		"proxyEndpoint":      "https://" + registryHost(op),
	}, nil
}

// tokenHolders are the callers that asked for a registry's token last, by account
// and region: who has the token does what they may do.
type tokenHolders map[string]engine.Session

// AuthorizePush asks IAM for what a push asks of a registry.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
func AuthorizePush(op *engine.Op, repository *engine.Resource) error {
	holder, found := engine.Fact[tokenHolders](op.Simulator)[repository.Account+"/"+repository.Region]
	if !found {
		return nil // the credentials are older than the simulator
	}
	return op.AuthorizeFor(holder, repository, "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
		"ecr:CompleteLayerUpload", "ecr:PutImage", "ecr:BatchGetImage")
}

// RegistryPassword is the password that a registry takes. AWS issues another
// one each time; which of them a program uses changes nothing.
func RegistryPassword(account, region string) string {
	sum := sha256.Sum256([]byte("registry|" + account + "|" + region))
	return base64.StdEncoding.EncodeToString(sum[:])
}

var privateRegistry = regexp.MustCompile(`^([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.([a-z0-9.-]+)$`)

// RegistryOf is the account and region of a private registry's host.
func RegistryOf(host string) (account, region string, ok bool) {
	m := privateRegistry.FindStringSubmatch(host)
	if m == nil || engine.Zones(m[2]) == "" || m[3] != engine.DNSSuffixOf(m[2]) {
		return "", "", false
	}
	return m[1], m[2], true
}

// Reference is a parsed reference: host/name:tag or host/name@digest.
type Reference struct{ Host, Name, Tag, Digest string }

// ParseReference reads a reference as Docker does: the first part is a host if it
// has a dot or a colon or is localhost; Docker Hub, and its team "library", go
// unnamed.
func ParseReference(text string) (Reference, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return Reference{}, fmt.Errorf("read image reference %q: it is not a repository's name with tag or digest: %w", text, err)
	}
	r := Reference{Host: reference.Domain(named), Name: reference.Path(named)}
	if r.Host == "docker.io" {
		r.Host, r.Name = "", strings.TrimPrefix(r.Name, "library/")
	}
	if pinned, ok := named.(reference.Digested); ok {
		r.Digest = pinned.Digest().String()
	}
	if tagged, ok := reference.TagNameOnly(named).(reference.Tagged); ok {
		r.Tag = tagged.Tag()
	}
	return r, nil
}

// SHA256Digest is a digest as registries write it.
func SHA256Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
