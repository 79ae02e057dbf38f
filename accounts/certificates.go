package accounts

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
)

// certificatesArgs are those of a stack's certificates, without the certificates.
func certificatesArgs(c settings.Certificates, zones *components.PublicZones, tags components.Tags) *components.CertificatesArgs {
	issuance := components.CertificateOrigin(c.Source)
	if issuance == components.Imported || issuance == components.Existing {
		issuance = "" // nothing is issued
	}
	return &components.CertificatesArgs{
		Issuance:                issuance,
		ValidationDomain:        c.ValidationDomain,
		CertificateAuthorityARN: c.CertificateAuthorityARN,
		PublicZones:             zones,
		Tags:                    tags,
	}
}

// certificateSources are the sources of the certificates that a stack's settings
// supply: imported and existing ones.
type certificateSources struct {
	// all are in the order of settings.Certificates.Supplied.
	all []components.CertificateSource
	// byID are the same by topology.Certificate.ID.
	byID map[string]components.CertificateSource
}

func suppliedSources(c settings.Certificates) certificateSources {
	s := certificateSources{byID: map[string]components.CertificateSource{}}
	add := func(id string, source components.CertificateSource) {
		s.all, s.byID[id] = append(s.all, source), source
	}
	for _, imported := range c.Imported {
		add(imported.ID(), components.ImportedCertificate{
			Certificate: imported.Certificate, PrivateKey: imported.PrivateKey, Chain: imported.Chain,
			Names: imported.Names, KeyAlgorithm: imported.KeyAlgorithm,
		})
	}
	for _, existing := range c.Existing {
		add(existing.ARN, components.ExistingCertificate{ARN: existing.ARN, Names: existing.Names})
	}
	return s
}

// source is the source of a certificate of the topology, for the load balancer of
// that name; for a custom domain if the name is empty.
func (s certificateSources) source(balancer string, certificate topology.Certificate) components.CertificateSource {
	if certificate.Origin == topology.Issued {
		return certificateRequest(balancer, certificate)
	}
	return s.byID[certificate.ID]
}

// certificateRequest asks for a certificate of the load balancer of that name; of
// a custom domain where the name is empty.
func certificateRequest(balancer string, certificate topology.Certificate) components.CertificateRequest {
	request := components.CertificateRequest{LoadBalancer: balancer, PublicZones: map[string]string{}}
	for _, name := range certificate.Names {
		request.Names = append(request.Names, string(name))
	}
	for name, zone := range certificate.PublicZones {
		request.PublicZones[string(name)] = string(zone)
	}
	return request
}

// expiryNotice is how long before an imported certificate expires the stack
// begins to warn: ACM doesn't renew it.
const expiryNotice = 45 * 24 * time.Hour

// reportExpiry exports and logs until when the imported certificates are valid.
func reportExpiry(ctx *pulumi.Context, imported []settings.Imported) error {
	if len(imported) == 0 {
		return nil
	}
	ctx.Export("importedCertificatesExpire", importedExpiry(imported))
	if err := warnOfExpiry(ctx.Log, imported, time.Now()); err != nil {
		return fmt.Errorf("log the certificates' expiry: %w", err)
	}
	return nil
}

// importedExpiry is until when each imported certificate is valid, by its first
// name and kind of key.
func importedExpiry(imported []settings.Imported) pulumi.StringMap {
	expiry := pulumi.StringMap{}
	for _, certificate := range imported {
		expiry[certificate.ID()] = pulumi.String(certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	return expiry
}

// warnOfExpiry logs until when the imported certificates are valid; as a warning when
// that is soon.
func warnOfExpiry(log pulumi.Log, imported []settings.Imported, now time.Time) error {
	var failures []error
	for _, certificate := range imported {
		text := fmt.Sprintf("imported certificate of %s (%s) expires on %s, in %d days",
			strings.Join(certificate.Names, ", "), certificate.KeyAlgorithm, certificate.NotAfter.Format(time.DateOnly), int(certificate.NotAfter.Sub(now).Hours()/24))
		if certificate.NotAfter.Sub(now) < expiryNotice {
			failures = append(failures, log.Warn(text+": put its successor into portico:certificates.import", nil))
		} else {
			failures = append(failures, log.Info(text, nil))
		}
	}
	return errors.Join(failures...)
}

// publicZonesOf prepares to find the public zones of a stack. Providers of roles are
// taken from known, and added to it.
func publicZonesOf(ctx *pulumi.Context, c settings.Certificates, aws settings.AWS, awsProvider pulumi.ProviderResource, known map[string]pulumi.ProviderResource) (*components.PublicZones, error) {
	args := &components.PublicZonesArgs{Provider: awsProvider, ZoneProviders: map[string]pulumi.ProviderResource{}, ZoneIDs: map[string]string{}}
	for _, zone := range c.Zones {
		if zone.ID != "" {
			args.ZoneIDs[zone.Name] = zone.ID
		}
		if zone.RoleARN == "" {
			continue
		}
		owner, err := awsProviderOfRole(ctx, known, zone.RoleARN, aws)
		if err != nil {
			return nil, err
		}
		args.ZoneProviders[zone.Name] = owner
	}
	return components.NewPublicZones(ctx, args), nil
}
