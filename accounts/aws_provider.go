package accounts

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/settings"
)

// newAWSProvider is the AWS provider of a stack's account: its region, its
// account and nothing else. Default providers are disabled in the stack's
// settings, so that no resource can end up where the caller's environment
// happens to point.
func newAWSProvider(ctx *pulumi.Context, c settings.AWS, accountID string) (*aws.Provider, error) {
	return newNamedProvider(ctx, "aws-"+c.Region, c, accountID)
}

func newNamedProvider(ctx *pulumi.Context, name string, c settings.AWS, accountID string) (*aws.Provider, error) {
	args := &aws.ProviderArgs{
		Region:            pulumi.String(c.Region),
		AllowedAccountIds: pulumi.StringArray{pulumi.String(accountID)},
	}
	if c.RoleARN != "" {
		role := aws.ProviderAssumeRoleArgs{
			RoleArn:     pulumi.StringPtr(c.RoleARN),
			SessionName: pulumi.StringPtr("portico"),
		}
		if c.ExternalID != "" {
			role.ExternalId = pulumi.StringPtr(c.ExternalID)
		}
		if c.SessionDuration != "" {
			role.Duration = pulumi.StringPtr(c.SessionDuration)
		}
		args.AssumeRole = role
	}
	if c.Endpoint != "" {
		emulate(args, c.Endpoint)
	}
	awsProvider, err := aws.NewProvider(ctx, name, args)
	if err != nil {
		return nil, fmt.Errorf("configure AWS provider of account %s in %s: %w", accountID, c.Region, err)
	}
	return awsProvider, nil
}

// awsProviderOf is the AWS provider of another account's role in a region. The
// stack registers one for each role and region.
func (s *sharedStack) awsProviderOf(roleARN, region string) (pulumi.ProviderResource, error) {
	config := s.config.AWS
	config.Region = region
	return awsProviderOfRole(s.ctx, s.roleProviders, roleARN, config)
}

// awsProviderOfRole is the AWS provider of a role: the one in known, or a new one,
// which it adds to known. The stack's settings say the rest: the region, the emulator,
// and how roles are assumed.
func awsProviderOfRole(ctx *pulumi.Context, known map[string]pulumi.ProviderResource, roleARN string, config settings.AWS) (pulumi.ProviderResource, error) {
	_, role, _ := strings.Cut(roleARN, ":iam::")
	name := "aws-" + config.Region + "-" + strings.NewReplacer(":role/", "-", "/", "-").Replace(role)
	if awsProvider, ok := known[name]; ok {
		return awsProvider, nil
	}
	config.RoleARN = roleARN
	accountID, _, _ := strings.Cut(role, ":")
	awsProvider, err := newNamedProvider(ctx, name, config, accountID)
	if err != nil {
		return nil, err
	}
	known[name] = awsProvider
	return awsProvider, nil
}

// emulate points every service that Portico uses at an emulator. It has neither
// instance metadata nor, mostly, credentials worth checking; bucket names as
// host names would not resolve.
func emulate(args *aws.ProviderArgs, endpoint string) {
	url := pulumi.StringPtr(endpoint)
	args.Endpoints = aws.ProviderEndpointArray{aws.ProviderEndpointArgs{
		Acm:                      url,
		Apigateway:               url,
		Appautoscaling:           url,
		Kms:                      url,
		Logs:                     url,
		Ec2:                      url,
		Ecr:                      url,
		Ecs:                      url,
		Elbv2:                    url,
		Iam:                      url,
		Ram:                      url,
		Resourcegroupstaggingapi: url,
		Route53:                  url,
		Route53profiles:          url,
		S3:                       url,
		Servicequotas:            url,
		Sts:                      url,
	}}
	args.SkipCredentialsValidation = pulumi.Bool(true)
	args.SkipMetadataApiCheck = pulumi.Bool(true)
	args.S3UsePathStyle = pulumi.Bool(true)
}
