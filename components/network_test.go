package components

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSubnetsLieInTheVPCAndApartWithTheEndpointsAddressesInThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], rapid.Uint32().Draw(t, "address"))
		bits := rapid.IntRange(MinVPCPrefix, MaxVPCPrefix).Draw(t, "bits")
		vpc := netip.PrefixFrom(netip.AddrFrom4(address), bits).Masked()
		var subnets []netip.Prefix
		for i := range 8 {
			subnet := subnetOf(vpc, i)
			require.True(t, vpc.Contains(subnet.Addr()), "%s in %s", subnet, vpc)
			require.Equal(t, subnet.Masked(), subnet)
			for _, other := range subnets {
				require.False(t, subnet.Overlaps(other), "%s and %s", subnet, other)
			}
			subnets = append(subnets, subnet)

			// AWS keeps the first four addresses of a subnet and its last.
			keeps := []netip.Addr{addressAt(subnet, 3), addressAt(subnet, 1<<(32-subnet.Bits())-1)}
			for _, offset := range []uint32{endpointOffset, albEndpointOffset} {
				address := addressAt(subnet, offset)
				require.True(t, subnet.Contains(address))
				require.Negative(t, keeps[0].Compare(address))
				require.Positive(t, keeps[1].Compare(address))
			}
		}
	})
}

func TestECRRepositoryARN(t *testing.T) {
	digest := "@sha256:0000000000000000000000000000000000000000000000000000000000000000"
	for reference, want := range map[string]string{
		"111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1":             "arn:aws:ecr:us-east-1:111111111111:repository/proxy",
		"111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/proxy" + digest: "arn:aws:ecr:eu-west-1:111111111111:repository/team/proxy",
		"111111111111.dkr.ecr.us-east-1.amazonaws.com/proxy:1" + digest:    "arn:aws:ecr:us-east-1:111111111111:repository/proxy",
		"111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/proxy:1":         "arn:aws-cn:ecr:cn-north-1:111111111111:repository/proxy",
		"111111111111.dkr.ecr.eusc-de-east-1.amazonaws.eu/proxy:1":         "arn:aws-eusc:ecr:eusc-de-east-1:111111111111:repository/proxy",
		"registry.example.com:5000/proxy:1":                                "",
		"public.ecr.aws/nginx/nginx-unprivileged:1.30":                     "",
		"111111111111.dkr.ecr.us-east-1.amazonaws.com.example.com/evil:1":  "",
	} {
		require.Equal(t, want, ECRRepositoryARN(reference), reference)
	}
}
