package automation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

const (
	domainType = "aws:apigateway/domainName:DomainName"
	// othersTimeout bounds the question about other accounts' associations.
	othersTimeout = 30 * time.Second
)

// domains are the names of a state's custom domains in the program, by their ARNs.
func (d *deployment) domains() map[string]string {
	domains := map[string]string{}
	for _, v := range d.resources() {
		r, _ := v.(map[string]any)
		outputs, _ := r["outputs"].(map[string]any)
		urn, _ := r["urn"].(string)
		if arn, _ := outputs["arn"].(string); r["type"] == domainType && arn != "" {
			domains[arn] = resourceName(urn)
		}
	}
	return domains
}

// deletedDomain is the ARN and the name of a custom domain that a step of a preview
// would delete; false for other steps.
func deletedDomain(step apitype.StepEventMetadata) (arn, name string, deleted bool) {
	if step.Type != domainType || step.Op != apitype.OpDelete && step.Op != apitype.OpDeleteReplaced || step.Old == nil {
		return "", "", false
	}
	arn, _ = step.Old.Outputs["arn"].(string)
	return arn, resourceName(step.URN), arn != ""
}

// checkAssociations is an error that names every access association of an account
// beside the environment's own that would keep one of the custom domains, given by
// their ARNs, from being deleted. The shared stack lets go of its own. A question that
// can't be answered is a notice.
func (r *run) checkAssociations(ctx context.Context, s Stack, domains map[string]string, note func(string)) error {
	private := slices.ContainsFunc(slices.Collect(maps.Keys(domains)), func(arn string) bool { return strings.Contains(arn, "+") })
	if s.OthersAssociations == nil || !private || r.Shared.Account == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, othersTimeout)
	defer cancel()
	associations, err := s.OthersAssociations(ctx)
	if err != nil {
		note("not asked: which accounts have access associations with the custom domains, which would keep them from being deleted (apigateway:GET on /domainnameaccessassociations): " + err.Error())
		return nil
	}
	var lines []string
	for _, arn := range slices.Sorted(maps.Keys(associations)) {
		domain := associations[arn]
		parts := strings.Split(arn, ":")
		if name := domains[domain]; name != "" && len(parts) > 5 && parts[4] != r.Shared.Account {
			lines = append(lines, fmt.Sprintf("%s: account %s has access association %s with the custom domain, which can't be deleted before: have that account run aws apigateway delete-domain-name-access-association --domain-name-access-association-arn %s, or reject it by aws apigateway reject-domain-name-access-association --domain-name-access-association-arn %s --domain-name-arn %s",
				name, parts[4], arn, arn, arn, domain))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "\n  "))
}
