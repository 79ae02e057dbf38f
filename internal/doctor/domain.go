package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/mapping"
)

// domain looks at the custom domain name of a row of alb or native, and returns
// its ARN; empty: unknown.
func (w *walk) domain(row mapping.Row, account string, endpoint *Endpoint) string {
	kind, id := "REGIONAL", ""
	if w.frontDoor == mapping.FrontDoorNative {
		kind = "PRIVATE"
		var known bool
		if id, known = w.domainID(row, account); !known {
			return ""
		}
	}
	name := string(row.Host)
	domain, ok := ask(w, StepDomain, account, "domain "+name+" "+id, func(ctx context.Context, r Reader) (*Domain, error) { return r.Domain(ctx, name, id) })
	if !ok {
		return ""
	}
	if domain == nil || domain.Type != kind {
		w.cause(StepDomain, account, name, "the account has no "+kind+" custom domain name of the host", w.deployed())
		return ""
	}
	if domain.Status != "" && domain.Status != "AVAILABLE" {
		w.cause(StepDomain, account, name, "the custom domain's status is "+domain.Status, "wait: API Gateway takes up to 15 minutes; then "+w.deployed())
	}
	w.domainCertificate(account, *domain)
	if w.frontDoor == mapping.FrontDoorNative && endpoint != nil {
		w.association(*domain, endpoint.ID)
		w.domainPolicy(row, account, *domain, endpoint.ID)
	}
	w.basePath(row, account, *domain)
	return domain.ARN
}

// domainID is the identifier of the PRIVATE custom domain that the account's stack
// reports.
func (w *walk) domainID(row mapping.Row, account string) (string, bool) {
	provider := w.environment.Providers[mapping.AccountID(account)]
	if provider == nil {
		w.unread(StepDomain, "the outputs of the stack of account "+account+" are not known, which have the domain's ID")
		return "", false
	}
	_, id, found := strings.Cut(provider.DomainNameARNs[row.Host], "+")
	if !found {
		w.cause(StepDomain, account, string(row.Host), "the account's stack reports no PRIVATE custom domain of the host", w.runUp())
	}
	return id, found
}

func (w *walk) domainCertificate(account string, domain Domain) {
	if domain.CertificateARN == "" {
		return
	}
	certificate, ok := w.readCertificate(account, domain.CertificateARN)
	switch {
	case !ok:
	case certificate == nil:
		w.cause(StepCertificate, account, domain.CertificateARN, "the certificate of custom domain "+domain.Name+" doesn't exist", w.deployed())
	case !covers(certificate.Names, w.host):
		w.cause(StepCertificate, account, domain.CertificateARN, "the certificate of custom domain "+domain.Name+" doesn't cover the host", w.deployed())
	case w.inForce(*certificate) != "":
		w.badCertificate(account, *certificate)
	}
}

// association looks for the access association of the endpoint with the domain.
func (w *walk) association(domain Domain, endpoint string) {
	associations, ok := ask(w, StepAssociation, w.shared(), "access associations", func(ctx context.Context, r Reader) ([]AccessAssociation, error) {
		return r.AccessAssociations(ctx)
	})
	if ok && !slices.ContainsFunc(associations, func(a AccessAssociation) bool { return a.DomainARN == domain.ARN && a.EndpointID == endpoint }) {
		w.cause(StepAssociation, w.shared(), endpoint, "the endpoint has no access association with custom domain "+domain.Name, w.deployed())
	}
}

// domainPolicy asks the policy of a PRIVATE domain about calls through the endpoint.
func (w *walk) domainPolicy(row mapping.Row, account string, domain Domain, endpoint string) {
	call := w.call(row, endpoint, domain.ARN)
	call.Resource = strings.Replace(domain.ARN, ":apigateway:", ":execute-api:", 1)
	decision, err := resourcepolicy.Decide([]byte(domain.Policy), call)
	switch {
	case err != nil:
		w.unread(StepDomainPolicy, err.Error())
	case len(decision.Denials) > 0:
		w.cause(StepDomainPolicy, account, domain.Name, "the custom domain's policy denies calls through endpoint "+endpoint+" by "+strings.Join(decision.Denials, ", "), w.deployed())
	case !decision.Allowed:
		w.cause(StepDomainPolicy, account, domain.Name, "the custom domain's policy doesn't allow calls through endpoint "+endpoint, w.deployed())
	}
}

// basePath looks for the mapping of the row's base path.
func (w *walk) basePath(row mapping.Row, account string, domain Domain) {
	wanted := strings.TrimPrefix(string(row.BasePath), "/")
	i := slices.IndexFunc(domain.Mappings, func(m BasePathMapping) bool { return m.BasePath == wanted })
	if i < 0 {
		w.cause(StepBasePath, account, domain.Name, "no base path mapping of the custom domain is for "+row.URL(), w.deployed())
		return
	}
	if m := domain.Mappings[i]; m.APIID != string(row.API.ID) || m.Stage != string(row.API.Stage) {
		w.cause(StepBasePath, account, domain.Name, "the base path mapping for "+row.URL()+" leads to API "+m.APIID+", stage "+m.Stage+", and the row to API "+string(row.API.ID)+", stage "+string(row.API.Stage), w.deployed())
	}
}
