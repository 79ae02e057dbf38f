package components

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// publishedRecords answers getRecords with a public zone's records.
type publishedRecords struct{ *registrations }

func (publishedRecords) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	set := func(kind, name string, values ...any) any {
		var records []any
		for _, value := range values {
			records = append(records, map[string]any{"value": value})
		}
		return map[string]any{"name": name, "type": kind, "resourceRecords": records}
	}
	return resource.NewPropertyMapFromMap(map[string]any{"resourceRecordSets": []any{
		set("NS", "example.com.", "ns-1.awsdns-01.org."),
		set("SOA", "example.com.", "ns-1.awsdns-01.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"),
		set("NS", "internal.example.com.", "ns-2.awsdns-02.org."),
		set("CNAME", "_0123456789abcdef.internal.example.com.", "_fedcba9876543210.jkddzztszm.acm-validations.aws."),
		set("CNAME", "_dotless.internal.example.com.", "_fedcba9876543210.jkddzztszm.acm-validations.aws"),
		set("CNAME", "validations.internal.example.com.", "acm-validations.aws.example.net."),
		set("TXT", "www.internal.example.com.", "one"),
		set("A", "www.internal.example.com.", "192.0.2.1"),
		set("A", `\052.apps.example.com.`, "192.0.2.2"),
	}}), nil
}

// TestNamesThatClientsDoNotResolveAreNotHidden: a zone's own records, and those
// by which ACM validates, mean nothing to clients in the VPC.
func TestNamesThatClientsDoNotResolveAreNotHidden(t *testing.T) {
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		zones := &PublicZones{ctx: ctx}
		names, err := zones.names(&publicZone{name: "example.com", id: "Z1"})
		require.NoError(t, err)
		require.Equal(t, []string{
			"*.apps.example.com", "internal.example.com", "validations.internal.example.com", "www.internal.example.com",
		}, names)
		return nil
	}, pulumi.WithMocks("project", "stack", publishedRecords{&registrations{}})))
}

func TestAPrivateZoneHidesWhatIsBelowIt(t *testing.T) {
	published := []string{"example.com", "a.internal.example.com", "internal.example.com", "www.internal.example.com", "notinternal.example.com"}
	zone := HostedZone{Name: "internal.example.com", Hosts: []string{"a.internal.example.com"}}
	require.Equal(t, []string{"internal.example.com", "www.internal.example.com"}, hiddenNames(zone, published))
	require.Empty(t, hiddenNames(HostedZone{Name: "a.internal.example.com", Hosts: zone.Hosts}, published), "a narrow zone hides nothing")

	text := HiddenNames{Zone: "internal.example.com", PublicZone: "example.com", Names: []string{"1", "2", "3", "4", "5", "6", "7"}}.String()
	require.Contains(t, text, "1, 2, 3, 4, 5 and 2 more")
}
