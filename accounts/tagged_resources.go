package accounts

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/resourcegroupstaggingapi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/settings"
)

// TaggedIn is a program that changes nothing: it looks up the resources of the
// shared-services account that have the tags of the stack's application and
// environment, and calls report with each one's ARN and tags. Run as a preview, it
// finds what an interrupted update left behind. It calls tag:GetResources, which
// lists neither IAM roles nor resources without tags, such as DNS records.
func TaggedIn(dir string, report func(arn string, tags map[string]string)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := sourceOf(ctx, dir).Shared()
		if err != nil {
			return err
		}
		regional := config.AWS
		regions := []string{regional.Region}
		if global := globalRegion(regional.Region); global != regional.Region {
			regions = append(regions, global)
		}
		for _, region := range regions {
			regional.Region = region
			if err := reportTagged(ctx, regional, config.App, report); err != nil {
				return fmt.Errorf("list what carries the tags of %s in %s: %w", config.App.Prefix(), region, err)
			}
		}
		return nil
	}
}

// ProviderTaggedIn is TaggedIn for a provider account's stack.
func ProviderTaggedIn(dir string, report func(arn string, tags map[string]string)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		config, err := sourceOf(ctx, dir).Provider()
		if err != nil {
			return err
		}
		rows, err := loadMapping(dir, config.Mapping)
		if err != nil {
			return err
		}
		account, err := resolveAccount(config, rows, ctx.Stack())
		if err != nil {
			return err
		}
		regional := config.AWS
		regional.AccountID, regional.RoleARN = string(account.ID), account.RoleARN
		if err := reportTagged(ctx, regional, config.App.App(), report); err != nil {
			return fmt.Errorf("list what carries the tags of %s in account %s: %w", config.App.App().Prefix(), account.ID, err)
		}
		return nil
	}
}

// globalRegion is where the tagging API lists global resources, such as hosted
// zones, of a region's partition.
func globalRegion(region string) string {
	p, ok := aws.PartitionOf(region)
	if !ok {
		return region
	}
	return p.GlobalRegion
}

func reportTagged(ctx *pulumi.Context, config settings.AWS, app settings.App, report func(string, map[string]string)) error {
	awsProvider, err := newAWSProvider(ctx, config, config.AccountID)
	if err != nil {
		return err
	}
	var filters []resourcegroupstaggingapi.GetResourcesTagFilter
	tags := tagsOf(app)
	for _, key := range []string{"app", "environment", "managed-by"} {
		filters = append(filters, resourcegroupstaggingapi.GetResourcesTagFilter{Key: key, Values: []string{tags[key]}})
	}
	found, err := resourcegroupstaggingapi.GetResources(ctx,
		&resourcegroupstaggingapi.GetResourcesArgs{TagFilters: filters}, pulumi.Provider(awsProvider))
	if err != nil {
		return err
	}
	for _, resource := range found.ResourceTagMappingLists {
		report(resource.ResourceArn, resource.Tags)
	}
	return nil
}
