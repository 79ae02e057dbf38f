package awssim

// existing is the zone as a program would state it.
func (z HostedZone) existing() Existing {
	return Existing{Account: z.Account, Type: zoneType, ID: z.ID, Properties: Object{"name": z.Name}}
}

const zoneType = "aws:route53/zone:Zone"
