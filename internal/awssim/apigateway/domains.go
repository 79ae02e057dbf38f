package apigateway

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iampolicy"
	"github.com/portico-iac/portico/internal/awssim/issuance"
	"github.com/portico-iac/portico/internal/awssim/view"
)

// CustomDomain is a custom domain name as a reader of its account sees it.
type CustomDomain struct {
	Account, Region string

	Name string // may be a wildcard if Type is REGIONAL
	ID   string // the domainNameId of a PRIVATE one
	ARN  string // of the resource, with the service apigateway
	Type string // REGIONAL or PRIVATE

	RegionalName string // the DNS name of a REGIONAL one's endpoint

	CertificateARN   string
	CertificateNames []string // names that the certificate is for, wildcards among them

	// Policy is that of a PRIVATE one, "" if it has none.
	Policy string

	Mappings []BasePathMapping // sorted by base path

	// AssociatedEndpoints is the VPC endpoints, of any account, that have an
	// access association with a PRIVATE one, sorted.
	AssociatedEndpoints []string

	ready map[string]time.Time // by endpoint; "": the domain
}

// BasePathMapping leads from a domain's first path segment to a stage.
type BasePathMapping struct {
	BasePath string // "" is the root
	APIID    string
	Stage    string // "": the segment after the base path names it
}

// Domains is the custom domain names of all accounts in a region, sorted by
// account, name and ID.
func Domains(s *engine.Simulator, region string) []CustomDomain {
	var domains []CustomDomain
	for _, r := range s.Resources(engine.Filter{Region: region, Type: view.DomainNameType}) {
		domains = append(domains, describe(s, &r))
	}
	return domains
}

func describe(s *engine.Simulator, r *engine.Resource) CustomDomain {
	p := r.Properties
	d := CustomDomain{
		Account: r.Account, Region: r.Region, Name: p.Text("domainName"), ID: p.Text("domainNameId"), ARN: r.ARN, Type: view.DomainKind(p),
		RegionalName: p.Text("regionalDomainName"), CertificateARN: p.Text("certificateArn") + p.Text("regionalCertificateArn"), Policy: p.Text("policy"),
		ready: map[string]time.Time{"": engine.Stamped(r.Hidden, "availableAt")},
	}
	for _, certificate := range s.Resources(engine.Filter{Account: r.Account, Region: r.Region, Type: view.CertificateType}) {
		if certificate.Properties.Text("arn") == d.CertificateARN {
			d.CertificateNames = issuance.CertificateNames((&engine.Op{}), certificate.Properties)
		}
	}
	for _, mapping := range s.Resources(engine.Filter{Account: r.Account, Region: r.Region, Type: view.BasePathMappingType}) {
		if m := mapping.Properties; m.Text("domainName") == d.Name && m.Text("domainNameId") == d.ID {
			d.Mappings = append(d.Mappings, BasePathMapping{m.Text("basePath"), m.Text("restApi"), m.Text("stageName")})
		}
	}
	slices.SortFunc(d.Mappings, func(a, b BasePathMapping) int { return strings.Compare(a.BasePath, b.BasePath) })
	for _, association := range s.Resources(engine.Filter{Region: r.Region, Type: view.AccessAssociationType}) {
		if endpoint := association.Properties.Text("accessAssociationSource"); association.Properties.Text("domainNameArn") == d.ARN {
			d.AssociatedEndpoints = append(d.AssociatedEndpoints, endpoint)
			d.ready[endpoint] = engine.Stamped(association.Hidden, "readyAt")
		}
	}
	slices.Sort(d.AssociatedEndpoints)
	return d
}

// ReadyAt is when API Gateway has finished what lets an endpoint call the
// domain: providing the domain itself and, if it is PRIVATE, the endpoint's
// association. The provider waits for neither. The zero time is at once.
func (d CustomDomain) ReadyAt(endpoint string) time.Time {
	if association := d.ready[endpoint]; association.After(d.ready[""]) {
		return association
	}
	return d.ready[""]
}

// Serves reports whether the domain is the one that a host name leads to, for a
// request that came through an endpoint: a PRIVATE one where it is associated,
// a REGIONAL one always.
func (d CustomDomain) Serves(host, endpoint string) bool {
	if d.Type == view.PrivateDomain {
		return view.CanonicalName(host) == view.CanonicalName(d.Name) && slices.Contains(d.AssociatedEndpoints, endpoint)
	}
	return view.Covers(d.Name, host)
}

// Route finds the mapping for a path of the domain, and the path below it: that
// of the first segment, or else the root's.
func (d CustomDomain) Route(path string) (mapping BasePathMapping, below string, ok bool) {
	segment, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	for _, m := range d.Mappings {
		switch {
		case m.BasePath == "":
			mapping, below, ok = m, path, true
		case m.BasePath == segment:
			return m, "/" + rest, true
		}
	}
	return mapping, below, ok
}

// Arrival is an anonymous request that a VPC endpoint took for a domain.
type Arrival struct {
	VPCEndpointID string
	Verb          string
	Path          string // of the domain, with a leading slash

	// Context is further condition keys, such as aws:SourceVpc. The endpoint
	// and the domain are put in.
	Context map[string][]string
}

// Delivery is what becomes of an arrival.
type Delivery struct {
	APIID string
	Invocation
	Admitted bool
	Refused  string // why, if not admitted: who refuses it
}

// Deliver follows a request through the domain to its API. A PRIVATE domain
// wants an association of the endpoint, and an Allow of its own policy and of
// the API's as it was deployed; outcome is for [DeployedAPI.Admits]. Whether it
// is too early for AWS is told by ReadyAt, not here.
func (d CustomDomain) Deliver(apis map[string]DeployedAPI, a Arrival, outcome iampolicy.Outcome) (Delivery, error) {
	mapping, below, ok := d.Route(a.Path)
	if !ok {
		return Delivery{Refused: "no base path mapping of domain " + d.Name + " is for " + a.Path}, nil
	}
	if mapping.Stage == "" {
		stage, rest, _ := strings.Cut(strings.TrimPrefix(below, "/"), "/")
		mapping.Stage, below = stage, "/"+rest
	}
	delivery := Delivery{APIID: mapping.APIID, Invocation: Invocation{Stage: mapping.Stage, Verb: a.Verb, Path: below, Context: d.context(a)}}
	if d.Type == view.PrivateDomain {
		refused, err := d.refuses(a, delivery.Context)
		if err != nil || refused != "" {
			delivery.Refused = refused
			return delivery, err
		}
	}
	admitted, err := apis[mapping.APIID].Admits(delivery.Invocation, outcome)
	if err != nil {
		return delivery, err
	}
	if delivery.Admitted = admitted; !admitted {
		delivery.Refused = fmt.Sprintf("REST API %s, stage %s, admits no %s %s", mapping.APIID, mapping.Stage, a.Verb, below)
	}
	return delivery, nil
}

// context is the condition keys of a request. The domain is named in those
// through PRIVATE domains; that it isn't in others is an assumption.
func (d CustomDomain) context(a Arrival) map[string][]string {
	context := map[string][]string{}
	for key, values := range a.Context {
		if !strings.EqualFold(key, "execute-api:viaDomainArn") && !strings.EqualFold(key, "aws:SourceVpce") {
			context[key] = values
		}
	}
	context["aws:SourceVpce"] = []string{a.VPCEndpointID}
	if d.Type == view.PrivateDomain {
		context["execute-api:viaDomainArn"] = []string{d.InvokedARN()}
	}
	return context
}

// InvokedARN is what policies call a PRIVATE domain.
func (d CustomDomain) InvokedARN() string {
	return strings.Replace(d.ARN, ":apigateway:", ":execute-api:", 1)
}

// refuses tells why a PRIVATE domain doesn't take a request, or "". Without a
// policy it takes none: the console's default denies all, and that the API's is
// the same is an assumption.
func (d CustomDomain) refuses(a Arrival, context map[string][]string) (string, error) {
	if !slices.Contains(d.AssociatedEndpoints, a.VPCEndpointID) {
		return fmt.Sprintf("domain %s has no access association with %s", d.Name, a.VPCEndpointID), nil
	}
	if d.Policy == "" {
		return fmt.Sprintf("domain %s has no policy", d.Name), nil
	}
	policy, err := iampolicy.Parse([]byte(d.Policy))
	if err != nil {
		return "", fmt.Errorf("evaluate policy of domain %s: %w", d.Name, err)
	}
	decision := iampolicy.Evaluate(policy, iampolicy.Request{Action: "execute-api:Invoke", Resource: d.InvokedARN(), Context: context})
	if decision.Outcome != iampolicy.Allowed {
		return fmt.Sprintf("the policy of domain %s says %s", d.Name, decision.Outcome), nil
	}
	return "", nil
}
