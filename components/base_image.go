package components

import (
	"fmt"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/aws"
)

// LookUpDigest asks a registry to which image a tag leads: the digest, sha256: and 64
// hexadecimal digits. A digest of the reference counts for nothing. It registers no
// resource.
//
// The Docker provider asks over HTTPS, without the credentials of docker login:
// registries that demand some refuse. An image for several architectures has one digest,
// that of their list, where the registry has such a list.
//
// Source: internal/provider/data_source_docker_registry_image.go of
// kreuzwerker/terraform-provider-docker, which the Pulumi provider is made of.
func LookUpDigest(ctx *pulumi.Context, reference string, dockerProvider pulumi.ProviderResource) (string, error) {
	image, err := aws.ParseImage(reference)
	if err != nil {
		return "", fmt.Errorf("look up %q: %w", reference, err)
	}
	tagged := image.Tagged()
	found, err := docker.LookupRegistryImage(ctx, &docker.LookupRegistryImageArgs{Name: tagged}, pulumi.Provider(dockerProvider))
	if err != nil {
		return "", fmt.Errorf("look up %s: %w", tagged, err)
	}
	if answer, err := aws.ParseImage(tagged + "@" + found.Sha256Digest); err != nil || answer.Digest == "" {
		return "", fmt.Errorf("look up %s: its registry answers %q, which is no digest", tagged, found.Sha256Digest)
	}
	return found.Sha256Digest, nil
}
