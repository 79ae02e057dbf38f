package aws

import (
	"regexp"
	"slices"
	"strings"
)

// Partition is one of AWS's partitions, which share no accounts, no regions and
// no names.
type Partition struct {
	// ID is the partition as ARNs have it: "aws", "aws-cn", ….
	ID string
	// DNSSuffix is the domain of the services' endpoints: "amazonaws.com", ….
	DNSSuffix string
	// GlobalRegion is the region in which AWS keeps what belongs to no region,
	// such as hosted zones.
	GlobalRegion string

	region *regexp.Regexp
}

// partitions follow the partitions.json of AWS's SDKs (botocore 1.43.11,
// botocore/data/partitions.json: id, outputs.dnsSuffix and
// outputs.implicitGlobalRegion). The shapes of regions are wider than its
// regionRegex, so that regions to come are known. The first partition whose
// shape matches is the region's.
var partitions = []Partition{
	{"aws-cn", "amazonaws.com.cn", "cn-northwest-1", regexp.MustCompile(`^cn-[a-z]{1,16}-[0-9]{1,2}$`)},
	{"aws-us-gov", "amazonaws.com", "us-gov-west-1", regexp.MustCompile(`^us-gov-[a-z]{1,16}-[0-9]{1,2}$`)},
	{"aws-iso", "c2s.ic.gov", "us-iso-east-1", regexp.MustCompile(`^us-iso-[a-z]{1,16}-[0-9]{1,2}$`)},
	{"aws-iso-b", "sc2s.sgov.gov", "us-isob-east-1", regexp.MustCompile(`^us-isob-[a-z]{1,16}-[0-9]{1,2}$`)},
	{"aws-iso-e", "cloud.adc-e.uk", "eu-isoe-west-1", regexp.MustCompile(`^eu-isoe-[a-z]{1,16}-[0-9]{1,2}$`)},
	{"aws-iso-f", "csp.hci.ic.gov", "us-isof-south-1", regexp.MustCompile(`^us-isof-[a-z]{1,16}-[0-9]{1,2}$`)},
	{"aws-eusc", "amazonaws.eu", "eusc-de-east-1", regexp.MustCompile(`^eusc-[a-z]{2}-[a-z]{1,16}-[0-9]{1,2}$`)},
	{"aws", "amazonaws.com", "us-east-1", regexp.MustCompile(`^[a-z]{2}-[a-z]{1,16}-[0-9]{1,2}$`)},
}

// Partitions are all partitions. No region has the shape of two, but for "aws",
// the last, which takes what no other does.
func Partitions() []Partition { return slices.Clone(partitions) }

// RegionPattern is the shape of the partition's regions, a regular expression
// without anchors that RE2 and ECMA 262 read alike.
func (p Partition) RegionPattern() string { return strings.Trim(p.region.String(), "^$") }

// PartitionOf is the partition of a region; false where the text has the shape of
// no region's name. A region that AWS hasn't opened yet is one all the same.
func PartitionOf(region string) (Partition, bool) {
	for _, p := range partitions {
		if p.region.MatchString(region) {
			return p, true
		}
	}
	return Partition{}, false
}

// IsRegion reports whether a text has the shape of a region's name.
func IsRegion(text string) bool {
	_, ok := PartitionOf(text)
	return ok
}

// IsPartition reports whether a text is a partition's ID.
func IsPartition(text string) bool {
	return slices.ContainsFunc(partitions, func(p Partition) bool { return p.ID == text })
}

// AccountIDPattern is the grammar of an account number, a regular expression
// that RE2 and ECMA 262 read alike.
const AccountIDPattern = `^[0-9]{12}$`

var accountID = regexp.MustCompile(AccountIDPattern)

// IsAccountID reports whether a text is an account number: exactly 12 digits.
func IsAccountID(text string) bool { return accountID.MatchString(text) }
