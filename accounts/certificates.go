package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// expiryNotice is how long before an imported certificate expires the stack
// begins to warn: ACM doesn't renew it.
const expiryNotice = 45 * 24 * time.Hour

// checkCoverage reports the rows that none of the supplied certificates covers,
// where none is to be issued.
func checkCoverage(c settings.Certificates, derived *topology.Topology, rows *mapping.Mapping) error {
	if !c.IssuesNone() {
		return nil
	}
	uncovered := map[mapping.Host]bool{}
	for _, certificate := range derived.Certificates {
		for _, name := range certificate.Names {
			uncovered[name] = true
		}
	}
	covered := map[mapping.Host]bool{}
	for _, certificate := range c.Supplied() {
		for _, name := range certificate.Names {
			covered[name] = true
		}
	}
	var wrong []error
	for _, row := range rows.Rows {
		// A host may have a certificate of its own beside others that have none.
		at := derived.Placements[row.Host]
		balanced := row.FrontDoor != mapping.FrontDoorNative || at.Serves(mapping.FrontDoorNGINX) || at.Serves(mapping.FrontDoorALB)
		if row.Retired || !balanced || !uncovered["*."+mapping.Host(row.Host.Parent())] || covered[row.Host] {
			continue
		}
		wrong = append(wrong, fmt.Errorf("%s:%d:%d: APIS[%d].CUSTOM_DOMAIN_URL: none of the certificates in portico:certificates covers %s: add one for *.%s, or take source: %s out to have it issued",
			rows.Source, row.Pos.Line, row.Pos.Column, row.Index, row.Host, row.Host.Parent(), c.Source))
	}
	return errors.Join(wrong...)
}

// importedExpiry is until when each imported certificate is valid, by its first
// name and kind of key.
func importedExpiry(imported []settings.Imported) pulumi.StringMap {
	expiry := pulumi.StringMap{}
	for _, certificate := range imported {
		expiry[certificate.Names[0]+" "+certificate.KeyAlgorithm] = pulumi.String(certificate.NotAfter.UTC().Format(time.RFC3339))
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

// certificates makes the load balancer's certificates.
func (s *sharedStack) certificates() (*components.Certificates, error) {
	args := certificatesArgs(s.config.Certificates, s.publicZones, s.tags)
	args.RecordsOfOthers = s.config.Certificates.SharedRecords || s.hasDomainsBeside()
	for _, balancer := range s.topology.LoadBalancers {
		for _, certificate := range balancer.Certificates {
			args.Requests = append(args.Requests, certificateRequest(balancer.Name, certificate))
		}
	}
	if err := reportExpiry(s.ctx, s.config.Certificates.Imported); err != nil {
		return nil, err
	}
	return components.NewCertificates(s.ctx, s.prefix, args, s.providers)
}

// hasDomainsBeside tells whether rows want custom domains in the stack's own
// account: the certificates of those are validated by the same records, and need
// them for their renewal when this stack has no use for them any more.
func (s *sharedStack) hasDomainsBeside() bool {
	return slices.ContainsFunc(s.topology.APIs, func(api topology.API) bool {
		return string(api.Account) == s.config.AWS.AccountID && slices.ContainsFunc(api.Rows, func(row mapping.Row) bool {
			return !row.Retired && row.FrontDoor != mapping.FrontDoorNGINX
		})
	})
}

// certificatesArgs are those of a stack's certificates, without the requests.
func certificatesArgs(c settings.Certificates, zones *components.PublicZones, tags components.Tags) *components.CertificatesArgs {
	args := &components.CertificatesArgs{
		Issuance:                components.Issuance(c.Source),
		ValidationDomain:        c.ValidationDomain,
		CertificateAuthorityARN: c.CertificateAuthorityARN,
		PublicZones:             zones,
		Tags:                    tags,
	}
	for _, imported := range c.Imported {
		args.Imported = append(args.Imported, components.ImportedCertificate{
			Certificate: imported.Certificate, PrivateKey: imported.PrivateKey, Chain: imported.Chain,
			Names: imported.Names, KeyAlgorithm: imported.KeyAlgorithm,
		})
	}
	for _, existing := range c.Existing {
		args.Existing = append(args.Existing, components.ExistingCertificate{ARN: existing.ARN, Names: existing.Names})
	}
	return args
}

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

// certificateRequest asks for a certificate of a load balancer.
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

// zoneOwners are the AWS providers of the accounts that own public hosted zones
// elsewhere, by zone.
func (s *sharedStack) zoneOwners() (map[string]pulumi.ProviderResource, error) {
	owners := map[string]pulumi.ProviderResource{}
	for _, zone := range s.config.Certificates.Zones {
		owner, err := s.providerOf(zone.RoleARN, s.config.AWS.Region)
		if err != nil {
			return nil, err
		}
		owners[zone.Name] = owner
	}
	return owners, nil
}
