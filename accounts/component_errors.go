package accounts

import (
	"errors"
	"fmt"

	"github.com/portico-iac/portico/components"
)

// existingResourceKeys are the settings that name existing resources, by the
// components' kind of resource.
var existingResourceKeys = map[string]string{
	"VPC":                  "network.vpcId",
	"subnet":               "network.subnetIds",
	"endpoint":             "endpoints",
	"execute-api endpoint": "endpoints",
	"hosted zone":          "dns.existing",
	"private hosted zone":  "dns.existing",
}

// withSetting adds to an error of a component the setting that named the resource
// which the error is about.
func withSetting(err error) error {
	var existing *components.ExistingResourceError
	var zone *components.PublicZoneError
	key := ""
	switch {
	case errors.As(err, &existing):
		key = existingResourceKeys[existing.Kind]
	case errors.As(err, &zone) && zone.Elsewhere:
		key = "certificates.zones"
	}
	if key == "" {
		return err
	}
	return fmt.Errorf("%w (portico:%s)", err, key)
}
