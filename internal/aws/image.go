package aws

import (
	_ "crypto/sha256" // by which the reference package checks digests
	"regexp"
	"strings"

	"github.com/distribution/reference"
)

// Image is a reference to a container image, as Docker reads it.
type Image struct {
	// Registry is the registry's host, with its port if it has one:
	// "docker.io" where the reference names none.
	Registry string
	// Repository is the image's name in the registry: "library/nginx".
	Repository string
	// Tag and Digest are empty where the reference has none. A digest is sha256:
	// and 64 hexadecimal digits.
	Tag, Digest string

	text string
}

// maxImage is the most that ECS takes of an image's reference, in characters
// (Amazon ECS API reference, ContainerDefinition, image).
const maxImage = 255

// ParseImage reads a reference to a container image, [registry[:port]/]name with
// a tag, a digest, both or neither. The grammar is that of the distribution
// project, less what ECS and a Dockerfile don't take: literal IPv6 addresses, and
// digests other than SHA-256.
func ParseImage(text string) (Image, error) {
	wrong := &GrammarError{text, "is not an image's reference"}
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil || len(text) > maxImage || strings.ContainsAny(text, "[]+") {
		return Image{}, wrong
	}
	i := Image{Registry: reference.Domain(named), Repository: reference.Path(named), text: text}
	if tagged, ok := named.(reference.Tagged); ok {
		i.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		digest := digested.Digest()
		if digest.Algorithm() != "sha256" {
			return Image{}, wrong
		}
		i.Digest = digest.String()
	}
	return i, nil
}

// String is the reference as it was read.
func (i Image) String() string { return i.text }

// Tagged is the reference without its digest: registry, name, and tag if it has one.
func (i Image) Tagged() string { return strings.TrimSuffix(i.text, "@"+i.Digest) }

// IsPinned reports whether the reference says which version of the image it means:
// by a tag or a digest.
func (i Image) IsPinned() bool { return i.Tag != "" || i.Digest != "" }

// ECRRepository is a repository of a private registry of Amazon ECR.
type ECRRepository struct {
	Partition, Region, AccountID string
	// Name is the repository's name, with its namespaces.
	Name string
}

// ecrHost is a private registry: {account}.dkr.ecr.{region}.{suffix}, with
// ecr-fips for endpoints that are validated by FIPS 140, and
// {account}.dkr-ecr.{region}.on.aws for those that have IPv6 too (Amazon ECR user
// guide, making requests to registries; AWS General Reference, Amazon ECR
// endpoints).
var ecrHost = regexp.MustCompile(`^([0-9]{12})\.dkr(?:\.ecr(?:-fips)?\.([a-z0-9-]+)\.([a-z0-9.-]+)|-ecr(?:-fips)?\.([a-z0-9-]+)\.on\.aws)$`)

// ECR is the repository of Amazon ECR in which the image lies; false where it lies
// in another registry.
func (i Image) ECR() (ECRRepository, bool) {
	host := ecrHost.FindStringSubmatch(i.Registry)
	if host == nil {
		return ECRRepository{}, false
	}
	region, suffix, dualStack := host[2], host[3], host[4]
	p, ok := PartitionOf(region + dualStack)
	if !ok || dualStack == "" && suffix != p.DNSSuffix {
		return ECRRepository{}, false
	}
	return ECRRepository{Partition: p.ID, Region: region + dualStack, AccountID: host[1], Name: i.Repository}, true
}

// ARN is the repository's ARN.
func (r ECRRepository) ARN() ARN {
	return ARN{r.Partition, "ecr", r.Region, r.AccountID, "repository/" + r.Name}
}
