package resourcepolicy

import (
	"fmt"
	"slices"
	"strings"
)

// Call is a request for a method of a REST API, or of a PRIVATE custom domain, as
// the policies on its path see it.
type Call struct {
	// API is the API whose policy is asked: short ARNs in the policy are its own.
	// Zero for policies of endpoints and of domains.
	API API
	// Resource is the ARN of the method or of the domain.
	Resource string
	// VPCEndpointID is the endpoint through which the call comes, and VPCID its VPC;
	// VPCID empty: unknown.
	VPCEndpointID, VPCID string
	// Referer is the Referer header that the proxy sends; empty: unknown.
	Referer string
	// DomainARN is the PRIVATE custom domain by which the call comes; empty: by none
	// if Referer is known, else unknown.
	DomainARN string
	// Signed reports that the caller signs as an IAM identity.
	Signed bool
}

// MethodARN is what policies call a method of an API: the path is below the stage,
// empty or beginning with "/".
func (a API) MethodARN(stage, method, path string) string {
	if path == "" {
		path = "/"
	}
	return a.arnPrefix() + stage + "/" + method + path
}

// Decision is what a policy says of a call.
type Decision struct {
	// Allowed reports that a statement allows the call, or may: where a condition
	// depends on what isn't known of the call.
	Allowed bool
	// Denials name the statements that deny the call for certain, in their order: by
	// Sid, or as Statement[n].
	Denials []string
}

// Admits reports whether the policy lets the call pass.
func (d Decision) Admits() bool { return d.Allowed && len(d.Denials) == 0 }

// Decide evaluates a policy for a call. The error is *DocumentError for a policy
// that can't be read. A policy without statements allows nothing.
func Decide(policy []byte, c Call) (Decision, error) {
	var d Decision
	doc, err := parseDocument(policy, c.API.APIID)
	if err != nil {
		return d, err
	}
	request := rowRequest{grant: Grant{Signed: c.Signed}, arns: []string{c.Resource}, facts: c.facts()}
	for i, statement := range doc.canonical(c.API).statements {
		v := request.denial(statement, doc.members["Version"])
		switch {
		case statement["Effect"] == "Allow":
			d.Allowed = d.Allowed || v.denies != no
		case v.denies == yes:
			d.Denials = append(d.Denials, nameOf(statement, i))
		}
	}
	return d, nil
}

func nameOf(statement map[string]any, index int) string {
	if name, _ := statement["Sid"].(string); name != "" {
		return name
	}
	return fmt.Sprintf("Statement[%d]", index)
}

// facts are what is known of the call's condition keys.
func (c Call) facts() facts {
	r := Request{VPCID: c.VPCID, VPCEndpointID: c.VPCEndpointID}
	d := frontDoor{}
	g := grant{Grant: Grant{Signed: c.Signed}}
	switch {
	case c.DomainARN != "":
		d.key, g.host = viaDomain, invokedDomain(c.DomainARN)
	case c.Referer != "":
		d.key, g.host = referer, c.Referer
	}
	return r.facts(d, g, c.VPCEndpointID)
}

// Canonical is a policy in the one spelling that Merge writes, in whatever form
// API Gateway hands it out; empty for no policy. The error is *DocumentError.
func Canonical(policy []byte, api API) ([]byte, error) {
	doc, err := parseDocument(policy, api.APIID)
	if err != nil || len(doc.statements) == 0 {
		return nil, err
	}
	return doc.canonical(api).encode(nil), nil
}

// IsPorticos reports whether a statement's name is one that Portico writes.
func IsPorticos(sid string) bool { return strings.HasPrefix(sid, sidPrefix) }

// AllowedResources are the resources that a policy's Allow statements name, in full,
// each once; of a statement that names those that it is not about, all of the API's.
func AllowedResources(policy []byte, api API) ([]string, error) {
	doc, err := parseDocument(policy, api.APIID)
	if err != nil {
		return nil, err
	}
	var resources []string
	for _, statement := range doc.canonical(api).statements {
		if statement["Effect"] != "Allow" {
			continue
		}
		named, plain := statement["Resource"]
		if !plain {
			named = api.arnPrefix() + "*"
		}
		for _, resource := range texts(named) {
			if !slices.Contains(resources, resource) {
				resources = append(resources, resource)
			}
		}
	}
	return resources, nil
}
