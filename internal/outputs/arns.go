package outputs

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
)

// domainNameID is what API Gateway chooses to tell PRIVATE custom domains of one
// name apart.
var domainNameID = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// CheckARNs reports each ARN that isn't one of the stack's own account in the
// region, or a PRIVATE custom domain's that isn't of its host: each a *ValueError,
// sorted, all of them joined. Another stack acts on these ARNs with its own rights.
func (p *Provider) CheckARNs(region string) error {
	var wrong []error
	for _, host := range slices.Sorted(maps.Keys(p.DomainNameARNs)) {
		resource, err := p.resource(p.DomainNameARNs[host], "apigateway", region)
		if err == nil {
			id, ofHost := strings.CutPrefix(resource, "/domainnames/"+string(host)+"+")
			if !ofHost || !domainNameID.MatchString(id) {
				err = fmt.Errorf("it has to be the ARN of a PRIVATE custom domain of that name, and is %s", p.DomainNameARNs[host])
			}
		}
		if err != nil {
			wrong = append(wrong, &ValueError{"domainNameArns[" + string(host) + "]", err})
		}
	}
	if p.ResourceShareARN != "" {
		resource, err := p.resource(p.ResourceShareARN, "ram", region)
		if err == nil && !strings.HasPrefix(resource, "resource-share/") {
			err = fmt.Errorf("it has to be the ARN of a resource share, and is %s", p.ResourceShareARN)
		}
		if err != nil {
			wrong = append(wrong, &ValueError{"resourceShareArn", err})
		}
	}
	return errors.Join(wrong...)
}

// resource is what an ARN of a service names in the stack's account and the
// region.
func (p *Provider) resource(text, service, region string) (string, error) {
	arn, err := aws.ParseARN(text)
	switch {
	case err != nil:
		return "", err
	case arn.Service != service || arn.Region != region || arn.AccountID != string(p.AccountID):
		return "", fmt.Errorf("it has to be of %s in account %s, region %s, and is %s", service, p.AccountID, region, text)
	}
	return arn.Resource, nil
}
