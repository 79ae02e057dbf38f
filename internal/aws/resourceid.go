package aws

import "regexp"

// ec2ResourceID has 8 hexadecimal digits, or 17 since 2018
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html).
var ec2ResourceID = regexp.MustCompile(`^([a-z]+)-([0-9a-f]{8}|[0-9a-f]{17})$`)

// IsResourceID reports whether the text is the ID of an EC2 resource of the kind:
// "vpc", "subnet", "sg", "vpce".
func IsResourceID(kind, text string) bool {
	parts := ec2ResourceID.FindStringSubmatch(text)
	return parts != nil && parts[1] == kind
}
