package components

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxHostQuestions bounds the questions about zones of hosts: Route 53 takes 5 calls a
// second (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html).
const maxHostQuestions = 50

var errTooMany = fmt.Errorf("a run asks for %d of them", maxHostQuestions)

// checkHosts finds custom domains for which a private zone of the VPC answers that is
// nearer to the name than the one that gets the record: Route 53 asks the zone with the
// most specific match alone
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html).
// That is no error: a migration lets the earlier zone answer until its owner removes it.
func (c *vpcCheck) checkHosts() {
	answers := map[string]string{} // the zone that gets the record, by the nearer name
	own := map[string]bool{}       // the custom domains
	for zone, hosts := range c.args.Hosts {
		for _, host := range hosts {
			own[host] = true
			name := strings.TrimPrefix(host, "*.")
			for ; strings.HasSuffix(name, "."+zone); _, name, _ = strings.Cut(name, ".") {
				answers[name] = zone
			}
		}
	}
	nearer := slices.Sorted(maps.Keys(answers))
	if more := len(nearer) - maxHostQuestions; more > 0 {
		nearer = nearer[:maxHostQuestions]
		c.notAsked("route53:ListHostedZones", fmt.Sprintf("whether VPC %s has private zones of %d further custom domains", c.args.VPCID, more),
			errTooMany)
	}
	for _, name := range nearer {
		found, err := c.privateZone(name)
		switch {
		case err == nil && !c.isOwn(found.Tags):
			use := c.args.UseZone
			if own[name] {
				use = c.args.UseHostZone
			}
			c.Hiding = append(c.Hiding, &ExistingResourceError{
				Kind: "private hosted zone", ID: found.ZoneId, AccountID: c.args.AccountID, Purpose: name,
				Problem: fmt.Sprintf("VPC %s has it, so that its clients do not find the record in the zone %s until the VPC is taken out of it", c.args.VPCID, answers[name]),
				Fix:     use(name, found.ZoneId) + ", or take the VPC out of the zone",
			})
		case err != nil && !isNone(err):
			c.notAsked("route53:ListHostedZones", fmt.Sprintf("whether VPC %s has private zones of custom domains", c.args.VPCID), err)
			return // the answer is the same for each
		}
	}
}
