package components

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CertificateWait is a certificate for which an update waits: ACM has not validated
// its names yet.
type CertificateWait struct {
	// Name is the certificate's domain name.
	Name string
	// Since is when the wait began.
	Since time.Time
	// Elapsed is how long it has lasted.
	Elapsed time.Duration
	// Zones are the public hosted zones that hold the validation records, by name.
	// Nil where e-mail validates.
	Zones []ValidatingZone
}

// ValidatingZone is a public hosted zone that holds validation records.
type ValidatingZone struct {
	// Name is the zone's domain.
	Name string
	// ID is the zone's ID.
	ID string
	// NameServers are those that Route 53 has assigned to the zone.
	NameServers []string
	// Names are the names on the certificate that it validates.
	Names []string
}

// String says what is awaited, since when, and what to check.
func (w CertificateWait) String() string {
	begin := fmt.Sprintf("waiting since %s (%s) for ACM to issue the certificate of %s", w.Since.UTC().Format("15:04 UTC"), w.Elapsed.Round(time.Second), w.Name)
	if w.Zones == nil {
		return begin + ": a reader of admin@ or another of its domain's mailboxes has to follow the link that ACM sent"
	}
	var checks []string
	for _, zone := range w.Zones {
		checks = append(checks, fmt.Sprintf("`dig NS %s` has to answer %s, the name servers of public zone %s (%s), which validates %s",
			zone.Name, strings.Join(zone.NameServers, ", "), zone.Name, zone.ID, strings.Join(zone.Names, ", ")))
	}
	return begin + ", which takes a few minutes: " + strings.Join(checks, "; ") +
		": else correct the delegation, or name the zone that answers by ROUTE53_PUBLIC_DOMAIN of the rows"
}

// waitReported is how often an update reports the certificates that it waits for.
const waitReported = time.Minute

// reportWait reports, while an update waits for a certificate, what it waits for. It
// ends with the wait.
func (b *certificateBuilder) reportWait(request CertificateRequest, validated *acm.CertificateValidation) error {
	if b.ctx.DryRun() {
		return nil
	}
	wait := CertificateWait{Name: request.Names[0]}
	if b.args.Issuance != IssuedByEmail {
		var err error
		if wait.Zones, err = b.records.zonesOf(request); err != nil {
			return err
		}
	}
	report := b.args.OnWait
	if report == nil {
		report = func(w CertificateWait) error { return b.ctx.Log.Info(w.String(), &pulumi.LogArgs{Resource: b.parent}) }
	}
	issued := make(chan struct{})
	go func() {
		defer close(issued)
		_ = await(b.ctx, validated.CertificateArn) // the engine reports its error
	}()
	go func() {
		wait.Since = time.Now()
		tick := time.NewTicker(cmp.Or(b.args.WaitReported, waitReported))
		defer tick.Stop()
		for {
			select {
			case <-issued:
				return
			case now := <-tick.C:
				if wait.Elapsed = now.Sub(wait.Since); report(wait) != nil {
					return // a report that can't be written is no reason to fail
				}
			}
		}
	}()
	return nil
}

// zonesOf are the zones that validate a certificate's names, by name.
func (v *validationRecords) zonesOf(request CertificateRequest) ([]ValidatingZone, error) {
	zones := []ValidatingZone{}
	for _, name := range validatedNames(request.Names) {
		zone, err := v.zoneFor(name, request.PublicZones)
		if err != nil {
			return nil, fmt.Errorf("validate %s: %w", name, err)
		}
		i := slices.IndexFunc(zones, func(z ValidatingZone) bool { return z.ID == zone.id })
		if i < 0 {
			i, zones = len(zones), append(zones, ValidatingZone{Name: zone.name, ID: zone.id, NameServers: v.zones.found[zone.name].NameServers})
		}
		zones[i].Names = append(zones[i].Names, name)
	}
	slices.SortFunc(zones, func(a, b ValidatingZone) int { return cmp.Compare(a.Name, b.Name) })
	return zones, nil
}
