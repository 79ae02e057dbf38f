package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// registrations records what a program registers.
type registrations struct{ tokens []string }

func (r *registrations) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

func (r *registrations) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.tokens = append(r.tokens, args.TypeToken)
	outputs := args.Inputs.Copy()
	outputs["arn"] = resource.NewStringProperty("arn:aws:acm:us-east-1:111111111111:certificate/" + args.Name)
	return args.Name + "-id", outputs, nil
}

func TestALoadBalancerWithoutACertificateIsRefusedBeforeItIsRegistered(t *testing.T) {
	var mocks registrations
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := NewLoadBalancer(ctx, "proxy", &LoadBalancerArgs{
			Type: ApplicationLoadBalancer, VPCID: pulumi.String("vpc-1"), SubnetIDs: []pulumi.StringInput{pulumi.String("subnet-1")}, SecurityGroupID: pulumi.String("sg-1"),
		})
		return err
	}, pulumi.WithMocks("project", "stack", &mocks))
	require.ErrorContains(t, err, `create LoadBalancer "proxy": Certificates: an HTTPS listener needs a default certificate: give at least one`)
	require.Empty(t, mocks.tokens)
}

// TestCertificatesAreFoundByTheirSource: two load balancers have a certificate of
// the same name each, and an imported one of that name is another again.
func TestCertificatesAreFoundByTheirSource(t *testing.T) {
	var mocks registrations
	first, second := CertificateRequest{Names: []string{"*.example.com"}}, CertificateRequest{LoadBalancer: "2", Names: []string{"*.example.com"}}
	imported := ImportedCertificate{Names: []string{"*.example.com"}, KeyAlgorithm: "RSA", Certificate: "pem", PrivateKey: "pem"}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		certificates, err := NewCertificates(ctx, "proxy", &CertificatesArgs{
			Sources: []CertificateSource{imported, second, first}, Issuance: IssuedByPrivateCA, CertificateAuthorityARN: "arn:aws:acm-pca:us-east-1:111111111111:certificate-authority/0a1b",
		})
		if err != nil {
			return err
		}
		for resource, source := range map[string]CertificateSource{
			"proxy-_wildcard.example.com": first, "proxy-2-_wildcard.example.com": second, "proxy-imported-_wildcard.example.com-rsa": imported,
		} {
			certificate, err := certificates.Of(source)
			require.NoError(t, err)
			require.Equal(t, []string{"*.example.com"}, certificate.Names)
			_, isImported := source.(ImportedCertificate)
			require.Equal(t, map[bool]CertificateOrigin{true: Imported, false: IssuedByPrivateCA}[isImported], certificate.Origin)
			arns := make(chan string, 1)
			certificate.ARN.ToStringOutput().ApplyT(func(arn string) string { arns <- arn; return arn })
			require.Equal(t, "arn:aws:acm:us-east-1:111111111111:certificate/"+resource, <-arns)
		}
		_, err = certificates.Of(CertificateRequest{LoadBalancer: "3", Names: []string{"*.example.com"}})
		require.ErrorContains(t, err, "find certificate request 3-_wildcard.example.com: it is none of CertificatesArgs.Sources")
		return nil
	}, pulumi.WithMocks("project", "stack", &mocks))
	require.NoError(t, err)
}
