package components

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestAPrivateZoneHidesWhatIsBelowIt(t *testing.T) {
	published := []string{"example.com", "a.internal.example.com", "internal.example.com", "www.internal.example.com", "notinternal.example.com"}
	zone := HostedZone{Name: "internal.example.com", Hosts: []string{"a.internal.example.com"}}
	require.Equal(t, []string{"internal.example.com", "www.internal.example.com"}, hiddenNames(zone, published))
	require.Empty(t, hiddenNames(HostedZone{Name: "a.internal.example.com", Hosts: zone.Hosts}, published), "a narrow zone hides nothing")

	text := HiddenNames{Zone: "internal.example.com", PublicZone: "example.com", Names: []string{"1", "2", "3", "4", "5", "6", "7"}}.String()
	require.Contains(t, text, "1, 2, 3, 4, 5 and 2 more")
}

// publicRecords answers for the public zone example.com with those record sets.
func publicRecords(sets ...any) map[string]func(map[string]any) (map[string]any, error) {
	return map[string]func(map[string]any) (map[string]any, error){
		"aws:route53/getZone:getZone": func(a map[string]any) (map[string]any, error) {
			if a["name"] == "example.com" && a["privateZone"] == false {
				return map[string]any{"zoneId": "ZPUBLIC", "name": "example.com."}, nil
			}
			return nil, errors.New("no matching Route 53 Hosted Zone found")
		},
		"aws:route53/getRecords:getRecords": func(a map[string]any) (map[string]any, error) {
			if a["zoneId"] != "ZPUBLIC" {
				return nil, errors.New("no such zone")
			}
			return map[string]any{"resourceRecordSets": sets}, nil
		},
	}
}

func recordSet(name, kind, value string) any {
	return map[string]any{"name": name, "type": kind, "resourceRecords": []any{map[string]any{"value": value}}}
}

// hidden runs a zone below example.com and returns the names that it hides.
func hidden(t *testing.T, zone HostedZone, answers map[string]func(map[string]any) (map[string]any, error)) []HiddenNames {
	t.Helper()
	var reported []HiddenNames
	err := (&monitor{answers: answers}).run(func(ctx *pulumi.Context, opts pulumi.ResourceOption) error {
		own, err := aws.NewProvider(ctx, "own", &aws.ProviderArgs{})
		if err != nil {
			return err
		}
		_, err = NewZones(ctx, "p", &ZonesArgs{
			Zones: []HostedZone{zone}, VPCID: pulumi.String("vpc-1"), ExistingVPCID: "vpc-1", Region: "us-east-1",
			PublicZones: NewPublicZones(ctx, &PublicZonesArgs{Provider: own}),
			OnHiddenNames: func(names HiddenNames) error {
				reported = append(reported, names)
				return nil
			},
		}, opts)
		return err
	})
	require.NoError(t, err)
	return reported
}

func TestOnlyNamesThatClientsResolveAreHidden(t *testing.T) {
	sets := []any{
		recordSet("example.com.", "NS", "ns-1.example.org."),
		recordSet("example.com.", "SOA", "ns-1.example.org. hostmaster 1"),
		recordSet("a.example.com.", "A", "192.0.2.1"),
		recordSet("www.a.example.com.", "A", "192.0.2.1"),
		recordSet("www.a.example.com.", "AAAA", "2001:db8::1"),
		recordSet(`\052.a.example.com.`, "CNAME", "example.net"),
		recordSet("_0123456789abcdef.a.example.com.", "CNAME", "_fedcba9876543210.abcdefghij.acm-validations.aws."),
		recordSet("_dotless.a.example.com.", "CNAME", "_fedcba9876543210.abcdefghij.acm-validations.aws"),
		recordSet("validations.a.example.com.", "CNAME", "acm-validations.aws.example.net."),
		recordSet("_dmarc.a.example.com.", "TXT", "v=DMARC1"),
		recordSet("sub.a.example.com.", "NS", "ns-2.example.org."),
	}
	require.Equal(t, []HiddenNames{{Zone: "a.example.com", PublicZone: "example.com", Names: []string{
		"*.a.example.com", "_dmarc.a.example.com", "a.example.com", "sub.a.example.com", "validations.a.example.com", "www.a.example.com",
	}}}, hidden(t, HostedZone{Name: "a.example.com"}, publicRecords(sets...)), "not what only ACM reads, and not the public zone's own NS and SOA")
	require.Equal(t, []string{"_dmarc.a.example.com", "a.example.com", "sub.a.example.com", "validations.a.example.com"},
		hidden(t, HostedZone{Name: "a.example.com", Hosts: []string{"*.a.example.com", "www.a.example.com"}}, publicRecords(sets...))[0].Names, "custom domains are meant to be")
	require.Empty(t, hidden(t, HostedZone{Name: "b.example.com"}, publicRecords(sets...)))
	require.Empty(t, hidden(t, HostedZone{Name: "a.example.net"}, publicRecords(sets...)), "there is no public zone above it")
}

func TestZonesAreCreatedWhereTheHiddenNamesCantBeRead(t *testing.T) {
	answers := publicRecords()
	answers["aws:route53/getRecords:getRecords"] = func(map[string]any) (map[string]any, error) {
		return nil, errors.New("AccessDenied")
	}
	require.Empty(t, hidden(t, HostedZone{Name: "a.example.com"}, answers))
}

func TestAnExistingZoneHidesNothingNew(t *testing.T) {
	answers := zoneAnswer("Z1", "a.example.com")
	answers["aws:route53/getRecords:getRecords"] = publicRecords(recordSet("www.a.example.com.", "A", "192.0.2.1"))["aws:route53/getRecords:getRecords"]
	require.Empty(t, hidden(t, HostedZone{Name: "a.example.com", ID: "Z1"}, answers))
}
