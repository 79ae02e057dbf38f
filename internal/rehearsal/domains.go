package rehearsal

import (
	"errors"
	"fmt"
	"time"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// domainsOf are the custom domain names of every account in the region, as far
// as API Gateway has provided them by now.
func domainsOf(simulator *awssim.Simulator, region string) ([]live.Domain, error) {
	var domains []live.Domain
	var errs []error
	now := simulator.Now()
	for _, described := range simulator.Domains(region) {
		domain := live.Domain{
			Name: canonical(described.Name), ARN: described.InvokedARN(), AccountID: described.Account,
			Private: described.Type == "PRIVATE", Admit: admitByDomain(described.InvokedARN(), described.Policy),
		}
		var err error
		if domain.Certificate, err = openAccount(simulator, described.Account, region).certificate(described.CertificateARN); err != nil {
			errs = append(errs, fmt.Errorf("read custom domain %s: %w", described.Name, err))
		}
		for _, m := range described.Mappings {
			domain.Mappings = append(domain.Mappings, live.Mapping{BasePath: m.BasePath, APIID: m.APIID, Stage: m.Stage})
		}
		for _, endpoint := range described.AssociatedEndpoints {
			if !described.ReadyAt(endpoint).After(now) {
				domain.VPCEndpointIDs = append(domain.VPCEndpointIDs, endpoint)
			}
		}
		domains = append(domains, domain)
	}
	return domains, errors.Join(errs...)
}

// provisioning is how long it takes until API Gateway has provided every custom
// domain name and access association.
func provisioning(simulator *awssim.Simulator, region string) time.Duration {
	var longest time.Duration
	now := simulator.Now()
	for _, domain := range simulator.Domains(region) {
		for _, endpoint := range domain.AssociatedEndpoints {
			longest = max(longest, domain.ReadyAt(endpoint).Sub(now))
		}
	}
	return longest
}

// admitByDomain is what a PRIVATE domain's policy says to anonymous callers;
// one without a policy admits no caller.
func admitByDomain(arn, document string) func(live.Invocation) (bool, error) {
	return func(call live.Invocation) (bool, error) {
		if document == "" {
			return false, nil
		}
		policy, err := iampolicy.Parse([]byte(document))
		if err != nil {
			return false, err
		}
		return invokes(policy, arn, call), nil
	}
}

// admitBy gives an endpoint what its policy says to anonymous callers.
func admitBy(endpoint *live.Endpoint, environment *live.Environment, document string) error {
	if document == "" {
		return nil
	}
	policy, err := iampolicy.Parse([]byte(document))
	if err != nil {
		return err
	}
	endpoint.Admit = func(api live.API, call live.Invocation) (bool, error) {
		arn := aws.ARN{
			Partition: environment.Partition, Service: "execute-api", Region: environment.Region, AccountID: api.AccountID,
			Resource: api.ID + "/" + call.Stage + "/" + call.Method + call.Path,
		}
		return invokes(policy, arn.String(), call), nil
	}
	endpoint.AdmitDomain = func(domain live.Domain, call live.Invocation) (bool, error) {
		return invokes(policy, domain.ARN, call), nil
	}
	return nil
}

// invokes reports whether a policy allows an anonymous call of a resource.
func invokes(policy iampolicy.Policy, arn string, call live.Invocation) bool {
	decision := iampolicy.Evaluate(policy, iampolicy.Request{Action: "execute-api:Invoke", Resource: arn, Context: values(call.Context)})
	return decision.Outcome == iampolicy.Allowed
}
