package components

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExistingRecordsArgs describes the alias records to create in a zone that exists.
type ExistingRecordsArgs struct {
	// Zone is the zone, with its ID and the names of the new records. Required.
	Zone HostedZone
	// NamePrefix is what the names of this installation's load balancers begin with.
	// Required.
	NamePrefix string
	// Provider is the AWS provider of the account. Required.
	Provider pulumi.ProviderResource
}

// ExistingRecords are the names of the new records that the zone has records of
// already, sorted: Route 53 refuses a second one. Aliases of this installation's load
// balancers, which an update that stopped has left, are none of them, nor are those of
// endpoints, whose names don't say whose they are. It registers no resource.
func ExistingRecords(ctx *pulumi.Context, args *ExistingRecordsArgs) ([]string, error) {
	provider := args.Provider
	if args.Zone.Owner != nil {
		provider = args.Zone.Owner.Provider
	}
	found, err := route53.GetRecords(ctx, &route53.GetRecordsArgs{ZoneId: args.Zone.ID}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("list the records of zone %s: %w", args.Zone.ID, err)
	}
	var names []string
	for _, set := range found.ResourceRecordSets {
		name := recordName(set.Name)
		taken := (set.Type == "A" || set.Type == "CNAME") && !isOwnTarget(set.AliasTarget.DnsName, args.NamePrefix)
		if taken && slices.ContainsFunc(args.Zone.Records, func(r AliasRecord) bool { return r.Name == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// isOwnTarget reports whether an alias may lead to a resource of this installation.
func isOwnTarget(target, prefix string) bool {
	target = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(target), "dualstack."), "internal-")
	return strings.HasPrefix(target, prefix+"-") || strings.HasPrefix(target, "vpce-")
}

// recordName is a record's name as it is written: Route 53 lists a wildcard's asterisk
// in octal.
func recordName(listed string) string {
	return strings.Replace(strings.TrimSuffix(listed, "."), `\052`, "*", 1)
}
