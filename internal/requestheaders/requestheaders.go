// Package requestheaders is the one list of request headers that the proxy does
// not pass as callers send them: the proxy is rendered from it, settings are
// checked by it, and docs/data-path.md prints it.
package requestheaders

import (
	"strings"
)

// Header is a request header that doesn't pass as the caller sent it.
type Header struct {
	Name string
	// Exact says that the header's readers know it by its very name. Of the
	// others every spelling with an underscore for a hyphen is removed: servers
	// that hand headers on as environment variables (CGI, RFC 3875, section
	// 4.1.18; WSGI, PEP 3333) read them as the same.
	Exact bool
	// Value is what the proxy sends instead, an expression of NGINX's; empty:
	// the header is removed.
	Value string
	// Meaning is what frameworks and servers take from the header.
	Meaning string
	// ReadBy names software that reads the header, or the document that
	// defines it.
	ReadBy string
	// Passable says that PORTICO_PASS_HEADERS may name the header: then it
	// passes as it arrives, and the proxy's own value stands in where none does.
	Passable bool
}

// List is the request headers that don't pass as callers sent them,
// apart from Host, which is the environment's, and those of the connection.
// Every other header passes unmodified. docs/data-path.md prints them.
func List() []Header {
	const host, scheme, port, prefix, path = "host", "scheme", "port", "prefix", "path"
	const client, certificate, identity = "client's address", "client certificate", "identity claims"
	const nginx, albMTLS, albOIDC = "NGINX, Express, Rails", "Application Load Balancers with mutual TLS", "Application Load Balancers that authenticate users"
	return []Header{
		{Name: "x-apigw-api-id", Value: "$portico_api", Exact: true, Meaning: "API", ReadBy: "API Gateway"},
		{Name: "Referer", Value: "$portico_row_host", Exact: true, Meaning: "row's host", ReadBy: "resource policies, `aws:Referer`"},
		{Name: "X-Original-Referer", Value: "$http_referer", Exact: true, Meaning: "caller's Referer", ReadBy: "Portico"},
		{Name: "X-HTTP-Method-Override", Meaning: "verb", ReadBy: "API Gateway, Flask, Rails, Express"},
		{Name: "X-Forwarded-For", Value: "$proxy_add_x_forwarded_for", Meaning: client, ReadBy: "Django, Rails, Spring, Express"},

		{Name: "X-Forwarded-Host", Value: "$host", Meaning: host, ReadBy: "Django, Rails, Spring, Express, Next.js", Passable: true},
		{Name: "X-Forwarded-Proto", Value: "https", Meaning: scheme, ReadBy: "Django, Rails, Spring, Express, Uvicorn", Passable: true},
		{Name: "X-Forwarded-Port", Value: "443", Meaning: port, ReadBy: "Rails, Spring, Werkzeug", Passable: true},
		{Name: "X-Forwarded-Prefix", Value: "$portico_base", Meaning: prefix, ReadBy: "Spring, Werkzeug, ASP.NET Core", Passable: true},
		{Name: "Forwarded", Meaning: "host, scheme, client's address", ReadBy: "RFC 7239; Spring, Rails", Passable: true},
		{Name: "X-Forwarded-Protocol", Meaning: scheme, ReadBy: "Gunicorn", Passable: true},
		{Name: "X-Forwarded-Scheme", Meaning: scheme, ReadBy: "Rails, NGINX Ingress", Passable: true},
		{Name: "X-Forwarded-Ssl", Meaning: scheme, ReadBy: "Rails, Gunicorn, Spring", Passable: true},
		{Name: "X-Forwarded-Path", Meaning: path, ReadBy: "Kong", Passable: true},
		{Name: "X-Forwarded-Uri", Meaning: path, ReadBy: "Traefik, Caddy", Passable: true},
		{Name: "X-Forwarded-Server", Meaning: host, ReadBy: "Apache, Traefik", Passable: true},
		{Name: "X-Forwarded-Client-Cert", Meaning: certificate, ReadBy: "Envoy", Passable: true},
		{Name: "X-Original-Host", Meaning: host, ReadBy: "Azure Application Gateway", Passable: true},
		{Name: "X-Original-URL", Meaning: path, ReadBy: "IIS, Symfony, Zend", Passable: true},
		{Name: "X-Original-URI", Meaning: path, ReadBy: "NGINX Ingress", Passable: true},
		{Name: "X-Rewrite-URL", Meaning: path, ReadBy: "IIS, Symfony, Zend", Passable: true},
		{Name: "X-Real-IP", Meaning: client, ReadBy: nginx, Passable: true},
		{Name: "X-Script-Name", Meaning: prefix, ReadBy: "Flask and Django recipes", Passable: true},
		{Name: "Front-End-Https", Meaning: scheme, ReadBy: "Microsoft's servers, Rails", Passable: true},
		{Name: "X-Amzn-Mtls-Clientcert", Meaning: certificate, ReadBy: albMTLS, Passable: true},
		{Name: "X-Amzn-Mtls-Clientcert-Serial-Number", Meaning: certificate, ReadBy: albMTLS, Passable: true},
		{Name: "X-Amzn-Mtls-Clientcert-Issuer", Meaning: certificate, ReadBy: albMTLS, Passable: true},
		{Name: "X-Amzn-Mtls-Clientcert-Subject", Meaning: certificate, ReadBy: albMTLS, Passable: true},
		{Name: "X-Amzn-Mtls-Clientcert-Validity", Meaning: certificate, ReadBy: albMTLS, Passable: true},
		{Name: "X-Amzn-Mtls-Clientcert-Leaf", Meaning: certificate, ReadBy: albMTLS, Passable: true},
		{Name: "x-amzn-oidc-data", Meaning: identity, ReadBy: albOIDC, Passable: true},
		{Name: "x-amzn-oidc-identity", Meaning: identity, ReadBy: albOIDC, Passable: true},
		{Name: "x-amzn-oidc-accesstoken", Meaning: identity, ReadBy: albOIDC, Passable: true},
	}
}

// VerifiedClient is the headers in which an Application Load Balancer that verifies
// its clients' certificates describes them.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
func VerifiedClient() []string {
	const of = "X-Amzn-Mtls-Clientcert-"
	return []string{of + "Serial-Number", of + "Issuer", of + "Subject", of + "Validity", of + "Leaf"}
}

// Spellings are the name itself, first, and every spelling of it with
// underscores for some or all of its hyphens.
func Spellings(name string) []string {
	first, rest, found := strings.Cut(name, "-")
	if !found {
		return []string{name}
	}
	var all []string
	for _, separator := range []string{"-", "_"} {
		for _, tail := range Spellings(rest) {
			all = append(all, first+separator+tail)
		}
	}
	return all
}
