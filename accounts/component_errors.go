package accounts

import (
	"errors"
	"fmt"

	"github.com/portico-iac/portico/components"
)

// existingResourceKeys are the settings that name existing resources, by the
// components' kind of resource.
var existingResourceKeys = map[string]string{
	"VPC":                  "portico:network.vpcId",
	"subnet":               "portico:network.subnetIds",
	"endpoint":             "portico:endpoints",
	"execute-api endpoint": "portico:endpoints",
	"security group":       "portico:endpoints.trustCallers",
	"hosted zone":          "portico:dns.existing",
	"private hosted zone":  "portico:dns.existing",
	"associated zone":      "portico:dns.associations",
	"image":                "portico:image.uri",
	"address":              "portico:dns.resolverInbound.addresses",
	"KMS key":              "portico:kms",
}

// withSetting adds to an error of a component the setting that named the resource
// which the error is about.
func withSetting(err error) error {
	var existing *components.ExistingResourceError
	var zone *components.PublicZoneError
	var quota *components.QuotaError
	setting := ""
	if errors.As(err, new(existingErrors)) {
		return err // each has its setting
	}
	switch {
	case errors.As(err, &quota) && quota.What == "VPC":
		setting = "portico:network: {vpcId: vpc-..., subnetIds: [...]} uses one that exists"
	case errors.As(err, &existing):
		setting = existingResourceKeys[existing.Kind]
	case errors.As(err, &zone) && zone.Several:
		setting = fmt.Sprintf("portico:certificates.zones: [{name: %s, id: Z...}]", zone.Name)
	case errors.As(err, &zone) && zone.Parent != "":
		setting = fmt.Sprintf("ROUTE53_PUBLIC_DOMAIN of the row names another zone, portico:certificates.zones: [{name: %s, id: Z...}] another of the name", zone.Name)
	case errors.As(err, &zone) && zone.Elsewhere:
		setting = "portico:certificates.zones"
	case errors.As(err, &zone):
		setting = "ROUTE53_PUBLIC_DOMAIN names the zone, portico:certificates.zones its account"
	}
	if setting == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, setting)
}
