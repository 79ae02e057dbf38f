package engine

// partition is an AWS partition and its regions.
type partition struct {
	dnsSuffix    string
	globalRegion string
	// regions are the availability zones' letters, by region.
	regions map[string]string
}

// partitions are AWS's, with every region that botocore 1.43.11 lists
// (botocore/data/partitions.json: id, outputs.dnsSuffix,
// outputs.implicitGlobalRegion, regions).
//
// The letters are what an account of its own sees in describe-availability-zones
// for the oldest regions. Regions opened since have three zones, a to c: "Each
// Region has at least three Availability Zones" (AWS Regions and Availability
// Zones, AWS Availability Zones). For the isolated and sovereign partitions three
// is assumed.
var partitions = map[string]partition{
	"aws": {"amazonaws.com", "us-east-1", map[string]string{
		"us-east-1": "abcdef", "us-east-2": "abc", "us-west-1": "ac", "us-west-2": "abcd",
		"ca-central-1": "abd", "ca-west-1": "abc", "mx-central-1": "abc", "sa-east-1": "abc",
		"eu-central-1": "abc", "eu-central-2": "abc", "eu-north-1": "abc", "eu-south-1": "abc", "eu-south-2": "abc",
		"eu-west-1": "abc", "eu-west-2": "abc", "eu-west-3": "abc",
		"af-south-1": "abc", "il-central-1": "abc", "me-central-1": "abc", "me-south-1": "abc",
		"ap-east-1": "abc", "ap-east-2": "abc", "ap-northeast-1": "acd", "ap-northeast-2": "abcd", "ap-northeast-3": "abc",
		"ap-south-1": "abc", "ap-south-2": "abc", "ap-southeast-1": "abc", "ap-southeast-2": "abc", "ap-southeast-3": "abc",
		"ap-southeast-4": "abc", "ap-southeast-5": "abc", "ap-southeast-6": "abc", "ap-southeast-7": "abc",
	}},
	"aws-cn":     {"amazonaws.com.cn", "cn-northwest-1", map[string]string{"cn-north-1": "abd", "cn-northwest-1": "abc"}},
	"aws-us-gov": {"amazonaws.com", "us-gov-west-1", map[string]string{"us-gov-east-1": "abc", "us-gov-west-1": "abc"}},
	"aws-iso":    {"c2s.ic.gov", "us-iso-east-1", map[string]string{"us-iso-east-1": "abc", "us-iso-west-1": "abc"}},
	"aws-iso-b":  {"sc2s.sgov.gov", "us-isob-east-1", map[string]string{"us-isob-east-1": "abc", "us-isob-west-1": "abc"}},
	"aws-iso-e":  {"cloud.adc-e.uk", "eu-isoe-west-1", map[string]string{"eu-isoe-west-1": "abc"}},
	"aws-iso-f":  {"csp.hci.ic.gov", "us-isof-south-1", map[string]string{"us-isof-east-1": "abc", "us-isof-south-1": "abc"}},
	"aws-eusc":   {"amazonaws.eu", "eusc-de-east-1", map[string]string{"eusc-de-east-1": "abc"}},
}

// Zones are the letters of a region's availability zones; empty where no such
// region is simulated.
func Zones(region string) string { return partitions[PartitionOf(region)].regions[region] }

// OfferZones has an account's list of a region's availability zones show these
// letters from now on, in this order: AWS promises no order, adds zones, and leaves
// out one that is not available. Zones that are not listed exist all the same.
func (s *Simulator) OfferZones(region, letters string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered[region] = letters
}

// ZonesOffered are the letters of the zones that a list of a region's shows.
func (op *Op) ZonesOffered(region string) string {
	if letters, changed := op.Simulator.offered[region]; changed {
		return letters
	}
	return Zones(region)
}
