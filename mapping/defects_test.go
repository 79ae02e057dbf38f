package mapping_test

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

func itoa(i int) string { return strconv.Itoa(i) }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// The reference joins stage and request path as text, so that "/dev" and
// "/dev/" lead to different places.
func TestD01_TrailingSlashMeansTheSame(t *testing.T) {
	for _, path := range []string{"/dev", "/dev/orders"} {
		without, err := mapping.ParsePrivateAPI("https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com" + path)
		require.NoError(t, err)
		with, err := mapping.ParsePrivateAPI("https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com" + path + "/")
		require.NoError(t, err)
		require.Equal(t, without, with)
	}
}

// The reference's pattern knows neither me-, af-, il- and mx- regions nor
// China's.
func TestD29_EveryRegionIsAccepted(t *testing.T) {
	regions := map[string]struct{ partition, suffix string }{
		"af-south-1": {"aws", "amazonaws.com"}, "ap-east-1": {"aws", "amazonaws.com"}, "ap-east-2": {"aws", "amazonaws.com"},
		"ap-northeast-1": {"aws", "amazonaws.com"}, "ap-northeast-2": {"aws", "amazonaws.com"}, "ap-northeast-3": {"aws", "amazonaws.com"},
		"ap-south-1": {"aws", "amazonaws.com"}, "ap-south-2": {"aws", "amazonaws.com"}, "ap-southeast-1": {"aws", "amazonaws.com"},
		"ap-southeast-5": {"aws", "amazonaws.com"}, "ap-southeast-7": {"aws", "amazonaws.com"}, "ca-central-1": {"aws", "amazonaws.com"},
		"ca-west-1": {"aws", "amazonaws.com"}, "eu-central-1": {"aws", "amazonaws.com"}, "eu-central-2": {"aws", "amazonaws.com"},
		"eu-north-1": {"aws", "amazonaws.com"}, "eu-south-2": {"aws", "amazonaws.com"}, "eu-west-3": {"aws", "amazonaws.com"},
		"il-central-1": {"aws", "amazonaws.com"}, "me-central-1": {"aws", "amazonaws.com"}, "me-south-1": {"aws", "amazonaws.com"},
		"mx-central-1": {"aws", "amazonaws.com"}, "sa-east-1": {"aws", "amazonaws.com"}, "us-east-2": {"aws", "amazonaws.com"},
		"us-west-1": {"aws", "amazonaws.com"}, "cn-north-1": {"aws-cn", "amazonaws.com.cn"}, "cn-northwest-1": {"aws-cn", "amazonaws.com.cn"},
		"us-gov-east-1": {"aws-us-gov", "amazonaws.com"}, "us-gov-west-1": {"aws-us-gov", "amazonaws.com"},
		"us-iso-east-1": {"aws-iso", "c2s.ic.gov"}, "us-iso-west-1": {"aws-iso", "c2s.ic.gov"}, "us-isob-east-1": {"aws-iso-b", "sc2s.sgov.gov"},
		"eu-isoe-west-1": {"aws-iso-e", "cloud.adc-e.uk"}, "us-isof-east-1": {"aws-iso-f", "csp.hci.ic.gov"}, "us-isof-south-1": {"aws-iso-f", "csp.hci.ic.gov"},
		"eusc-de-east-1": {"aws-eusc", "amazonaws.eu"},
	}
	for region, want := range regions {
		api, err := mapping.ParsePrivateAPI("https://a1b2c3d4e5.execute-api." + region + "." + want.suffix + "/dev")
		require.NoError(t, err)
		require.Equal(t, region, api.Region)
		require.Equal(t, want.partition, api.Partition)
		require.Equal(t, want.suffix, api.DNSSuffix)
	}
}

// The reference's policy script can't look up an ID that starts with a digit.
func TestD38_APIIDsMayStartWithADigit(t *testing.T) {
	api, err := mapping.ParsePrivateAPI("https://0a1b2c3d4e.execute-api.us-east-1.amazonaws.com/dev")
	require.NoError(t, err)
	require.Equal(t, mapping.APIID("0a1b2c3d4e"), api.ID)
}

// The reference's URL check never matches, so that anything passes it.
func TestD46_GarbageURLsAreRefused(t *testing.T) {
	for _, garbage := range []string{"ftp://garbage", "garbage", "https://", "https:///", "://", "https://garbage/dev", "javascript:alert(1)"} {
		_, err := mapping.ParsePrivateAPI(garbage)
		require.Error(t, err, garbage)
		_, _, err = mapping.ParseCustomDomain(garbage)
		require.Error(t, err, garbage)
	}
}

func TestTheReferencesSampleLoadsUnchanged(t *testing.T) {
	const path = "../../shared/samples/reference-proxy-config.yaml"
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is absent", path)
	}
	m, err := mapping.Load(path)
	require.NoError(t, err)
	require.Len(t, m.Rows, 2)
	require.Equal(t, []mapping.Method{"GET", "POST"}, m.Rows[0].Methods)
	require.Nil(t, m.Rows[1].Methods)
	require.Equal(t, mapping.Zone("internal.private.example.com"), m.Rows[0].Host.Parent())
}
