package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// existingErrors are what the account has that an update would meet, each with the
// setting to write, sorted.
type existingErrors []error

// Error has one line for each.
func (e existingErrors) Error() string { return errors.Join(e...).Error() }

// Unwrap lets errors.As find each of them.
func (e existingErrors) Unwrap() []error { return e }

// askAccount asks the account about what is in the way of the update, before
// anything is registered. Questions that it does not answer are notices: the role
// of a preview may lack an action, and the update finds out.
func (s *sharedStack) askAccount(awsProvider pulumi.ProviderResource) (existingErrors, error) {
	var all existingErrors
	for _, err := range []error{s.checkPublicZones(), s.checkDomainARNs(), s.chooseBase()} {
		if err != nil {
			all = append(all, eachWithSetting(err)...)
		}
	}
	associations, err := s.associations()
	if err != nil {
		return nil, err
	}
	zones, err := s.existingZones()
	if err != nil {
		return nil, err
	}
	found := components.CheckAssociations(s.ctx, &components.AssociationsCheckArgs{
		AccountID: s.config.AWS.AccountID, Zones: s.newZones(), Associations: associations, Tags: tagsOf(s.config.App), Provider: awsProvider,
	})
	found.Add(components.CheckExistingZones(s.ctx, &components.ExistingZonesArgs{Zones: zones, VPCID: s.config.Network.VPCID, Provider: awsProvider}))
	found.Add(components.CheckQuotas(s.ctx, s.counted(awsProvider)))
	image, err := s.askForImage(awsProvider)
	if err != nil {
		return nil, err
	}
	found.Add(image)
	s.prebuilt = image.Image
	found.Add(components.CheckKeys(s.ctx, s.keys(), awsProvider))
	found.Add(s.askForInbound(awsProvider))
	if !s.config.Network.Creates() {
		inVPC := components.CheckExistingVPC(s.ctx, s.existingVPC(awsProvider))
		found.Add(inVPC)
		found.Errors = append(found.Errors, checkDistinct(inVPC.EndpointIDs)...)
	}
	var notices []string
	for _, hiding := range found.Hiding {
		notices = append(notices, withSetting(hiding).Error())
	}
	for _, question := range found.NotAsked {
		notices = append(notices, question.String())
	}
	if err := s.warn(notices...); err != nil {
		return nil, err
	}
	for _, err := range found.Errors {
		all = append(all, eachWithSetting(err)...)
	}
	return all, s.warnOfRecords(awsProvider)
}

// counted is what the stack is to have of which AWS allows so many in a region. What
// the last run has made is not counted again.
func (s *sharedStack) counted(awsProvider pulumi.ProviderResource) *components.QuotasCheckArgs {
	args := &components.QuotasCheckArgs{AccountID: s.config.AWS.AccountID, Region: s.config.AWS.Region, Tags: tagsOf(s.config.App), Provider: awsProvider}
	if s.config.Network.Creates() && s.reports.own.Network == nil {
		args.VPCs = 1
	}
	had, described := len(s.reports.own.LoadBalancers), s.reports.own.LoadBalancing
	if had == 0 && (described.Type != "" || described.ALB != "") {
		had = 1
	}
	if len(s.topology.LoadBalancers) <= had {
		return args
	}
	for _, balancer := range s.topology.LoadBalancers {
		if s.proxied(balancer) && s.config.LoadBalancer.Type == components.NetworkLoadBalancer {
			args.NetworkLoadBalancers++
		} else {
			args.ApplicationLoadBalancers++
		}
	}
	return args
}

// askForImage asks whether the image that was built before is there, in its region.
func (s *sharedStack) askForImage(awsProvider pulumi.ProviderResource) (*components.Findings, error) {
	image, err := aws.ParseImage(s.config.Image.URI)
	if err != nil || !s.deploys(mapping.FrontDoorNGINX) {
		return new(components.Findings), nil
	}
	args := &components.ExistingImageArgs{Image: image, Provider: awsProvider}
	if repository, private := image.ECR(); private && repository.Region != s.config.AWS.Region {
		there := s.config.AWS
		there.Region = repository.Region
		if args.Provider, err = newAWSProvider(s.ctx, there, there.AccountID); err != nil {
			return nil, err
		}
	}
	return components.CheckExistingImage(s.ctx, args), nil
}

// checkExistingCertificates reads the certificates that exist, so that those that do
// not serve are reported beside other errors of a preview. A program without other
// errors reads them where it uses them.
func (s *sharedStack) checkExistingCertificates(awsProvider pulumi.ProviderResource) existingErrors {
	var all existingErrors
	for _, existing := range s.config.Certificates.Existing {
		certificate := components.ExistingCertificate{ARN: existing.ARN, Names: existing.Names}
		if err := components.CheckExistingCertificate(s.ctx, "asked-"+s.prefix, certificate, pulumi.Provider(awsProvider)); err != nil {
			all = append(all, eachWithSetting(err)...)
		}
	}
	return all
}

// warn logs warnings.
func (s *sharedStack) warn(texts ...string) error {
	for _, text := range texts {
		if err := s.ctx.Log.Warn(text, nil); err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
	return nil
}

// warnOfRecords logs which records existing zones have that the update is to create. It
// is no error: a record that was handed to the stack by pulumi import is in its state.
func (s *sharedStack) warnOfRecords(awsProvider pulumi.ProviderResource) error {
	for _, zone := range s.topology.Zones {
		at := s.existingZone(zone.Name)
		isOld := func(host mapping.Host) bool { return slices.Contains(s.reports.own.Hosts, host) }
		if at < 0 || !slices.ContainsFunc(zone.Hosts, func(host mapping.Host) bool { return !isOld(host) }) {
			continue
		}
		existing := s.config.DNS.Existing[at]
		owner, err := s.account(existing.RoleARN, s.config.AWS.Region)
		if err != nil {
			return err
		}
		args := &components.ExistingRecordsArgs{Zone: components.HostedZone{ID: existing.ID, Owner: owner}, NamePrefix: s.prefix, Provider: awsProvider}
		for _, record := range zone.Records {
			if !isOld(record.Name) && (!record.Name.IsWildcard() || !slices.ContainsFunc(zone.Hosts, isOld)) {
				args.Zone.Records = append(args.Zone.Records, components.AliasRecord{Name: string(record.Name)})
			}
		}
		names, err := components.ExistingRecords(s.ctx, args)
		text := ""
		switch {
		case err != nil:
			text = components.NotAsked{Action: "route53:ListResourceRecordSets", Question: fmt.Sprintf("whether zone %s (%s) has records of custom domains", existing.ID, existing.Name), Err: err}.String()
		case len(names) > 0:
			text = fmt.Sprintf("zone %s (portico:dns.existing[%d]) has records already of %s: no update overwrites them: delete them, or hand them to the stack with pulumi import before the update, as accounts/README.md shows",
				existing.ID, at, strings.Join(names, ", "))
		default:
			continue
		}
		if err := s.warn(text); err != nil {
			return err
		}
	}
	return nil
}

// existingZone is the index of a private zone in portico:dns.existing; negative: it is
// created.
func (s *sharedStack) existingZone(name mapping.Zone) int {
	return slices.IndexFunc(s.config.DNS.Existing, func(e settings.ExistingZone) bool { return e.Name == string(name) })
}

// eachWithSetting takes a joined error apart.
func eachWithSetting(err error) []error {
	if each, ok := err.(existingErrors); ok {
		return each
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{withSetting(err)}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, eachWithSetting(one)...)
	}
	return all
}
