package configuration

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/nginxconf/nginxtest"
	"github.com/portico-iac/portico/test/e2e/proxytest"
)

// everything is a mapping that brings every kind of line into the
// configuration.
const everything = `
APIS:
  - {CUSTOM_DOMAIN_URL: api.example.com, PRIVATE_API_URL: "https://root.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: base.example.com/v1/orders, PRIVATE_API_URL: "https://orders.execute-api.us-east-1.amazonaws.com/dev", VERBS: [GET], CORS: true}
  - {CUSTOM_DOMAIN_URL: base.example.com/V1/orders, PRIVATE_API_URL: "https://upper.execute-api.us-east-1.amazonaws.com/dev", TIMEOUT: 7}
  - {CUSTOM_DOMAIN_URL: "*.wild.example.com", PRIVATE_API_URL: "https://wild.execute-api.us-east-1.amazonaws.com/dev"}
  - {CUSTOM_DOMAIN_URL: written.example.com, PRIVATE_API_URL: "https://written.execute-api.us-east-1.amazonaws.com/dev", REWRITE: false}
  - {CUSTOM_DOMAIN_URL: strict.example.com, PRIVATE_API_URL: "https://strict.execute-api.us-east-1.amazonaws.com/dev", ENDPOINT_ACCESS_MODE: STRICT}
  - {CUSTOM_DOMAIN_URL: both.example.com, PRIVATE_API_URL: "https://strict.execute-api.us-east-1.amazonaws.com/dev", ENDPOINT_ACCESS_MODE: STRICT, REWRITE: false, STREAM: true}
`

// read gives the configuration as a running proxy of two upstreams read it, its
// includes in their places.
func read(t *testing.T, options crossplane.ParseOptions) crossplane.Directives {
	t.Helper()
	authority := nginxtest.NewAuthority(t)
	a := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Authority: authority})
	b := nginxtest.NewUpstream(t, nginxtest.UpstreamOptions{Authority: authority})
	p := proxytest.Newest(t).Start(t, proxytest.Render(t, "everything.yaml", []byte(everything)), append(nginxtest.Environment(a, b), "PORTICO_CLIENT_ADDRESS=proxy-protocol", "PORTICO_LOG_SAMPLE=30")...)
	options.CombineConfigs, options.StopParsingOnError = true, true
	payload, err := crossplane.Parse(filepath.Join(p.RunDir, "nginx.conf"), &options)
	require.NoError(t, err)
	require.Equal(t, "ok", payload.Status)
	require.Len(t, payload.Config, 1)
	return payload.Config[0].Parsed
}

func TestEveryDirectiveStandsWhereNGINXKnowsIt(t *testing.T) {
	read(t, crossplane.ParseOptions{ErrorOnUnknownDirectives: true})
}

// visit calls f with every directive and the blocks that it is in, the
// innermost last.
func visit(directives crossplane.Directives, f func(d *crossplane.Directive, in []*crossplane.Directive), in ...*crossplane.Directive) {
	for _, d := range directives {
		f(d, in)
		visit(d.Block, f, append(slices.Clone(in), d)...)
	}
}

// strictName is an API's own name, which is an upstream's too.
const strictName = "$portico_api.execute-api.$portico_region"

func has(block *crossplane.Directive, directive string) bool {
	return slices.ContainsFunc(block.Block, func(d *crossplane.Directive) bool { return d.Directive == directive })
}

// headersSet are the names that a block sets headers of, sorted.
func headersSet(block *crossplane.Directive) []string {
	var names []string
	for _, d := range block.Block {
		if d.Directive == "proxy_set_header" {
			names = append(names, d.Args[0])
		}
	}
	slices.Sort(names)
	return names
}

// The rules come from gixy, the static analyser for NGINX, which no registry
// has that this project takes its tools from. Each is named as there.
func TestStaticAnalysersFindNothing(t *testing.T) {
	rules := map[string]func(d *crossplane.Directive, in []*crossplane.Directive) bool{
		"if_is_evil: if holds nothing but rewrite, return, and set where it is in no location": func(d *crossplane.Directive, in []*crossplane.Directive) bool {
			if len(in) == 0 || in[len(in)-1].Directive != "if" {
				return false
			}
			inLocation := slices.ContainsFunc(in, func(d *crossplane.Directive) bool { return d.Directive == "location" })
			return d.Directive != "rewrite" && d.Directive != "return" && (inLocation || d.Directive != "set")
		},
		"ssrf: the address that proxy_pass goes to is constant": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return d.Directive == "proxy_pass" && !strings.HasPrefix(d.Args[0], "https://portico$portico_stage") &&
				!strings.HasPrefix(d.Args[0], "https://"+strictName+"$portico_stage")
		},
		"proxy_pass_normalized, http_splitting: nothing forwards the decoded URI": func(d *crossplane.Directive, in []*crossplane.Directive) bool {
			if len(in) > 0 && in[len(in)-1].Directive == "map" {
				return false
			}
			if d.Directive == "map" && strings.HasPrefix(d.Args[1], "$portico_decoded_") {
				return false // compared with base paths only
			}
			return slices.ContainsFunc(d.Args, func(arg string) bool {
				return strings.Contains(arg, "$uri") || strings.Contains(arg, "$document_uri")
			})
		},
		"host_spoofing: Host is never what the client says": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			if d.Directive == "map" && d.Args[1] == "$portico_two_hosts" {
				return false // compared with the target's only
			}
			return slices.ContainsFunc(d.Args, func(arg string) bool { return strings.Contains(arg, "$http_host") }) ||
				d.Directive == "proxy_set_header" && strings.EqualFold(d.Args[0], "Host") && strings.Contains(d.Args[1], "$") && d.Args[1] != strictName
		},
		"add_header_redefinition: what http adds is dropped by the proxy's own errors and where answers pass as written": func(d *crossplane.Directive, in []*crossplane.Directive) bool {
			if d.Directive != "add_header" {
				return false
			}
			switch block := in[len(in)-1]; block.Directive {
			case "http":
				return d.Args[0] != "Content-Location" && d.Args[0] != "Link"
			case "location":
				return has(block, "proxy_pass") && !strings.Contains(block.Args[1], "/as-written")
			}
			return true
		},
		"proxy_set_header_redefinition: a block that sets a header sets all that http sets": func(d *crossplane.Directive, in []*crossplane.Directive) bool {
			if d.Directive != "proxy_set_header" || in[len(in)-1].Directive == "http" {
				return false
			}
			return !slices.Equal(headersSet(in[0]), headersSet(in[len(in)-1]))
		},
		"add_header_multiline: no header has a line end": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return d.Directive == "add_header" && strings.ContainsAny(strings.Join(d.Args, ""), "\r\n")
		},
		"alias_traversal, try_files_is_evil_too, missing_root: nothing serves files": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return slices.Contains([]string{"alias", "root", "try_files", "autoindex", "index"}, d.Directive)
		},
		"allow_without_deny, valid_referers: access isn't decided here": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return slices.Contains([]string{"allow", "valid_referers", "satisfy", "auth_basic"}, d.Directive)
		},
		"external_resolver: nothing is looked up": func(d *crossplane.Directive, _ []*crossplane.Directive) bool { return d.Directive == "resolver" },
		"version_disclosure: clients don't need the version": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return d.Directive == "server_tokens" && d.Args[0] != "off"
		},
		"weak_ssl_tls: TLS 1.2 and 1.3 only": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return strings.HasSuffix(d.Directive, "ssl_protocols") && !slices.Equal(d.Args, []string{"TLSv1.2", "TLSv1.3"})
		},
		"error_log_off: errors are logged": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return d.Directive == "error_log" && slices.Contains([]string{"off", "/dev/null"}, d.Args[0])
		},
		"hash_without_default: every map has a default": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return d.Directive == "map" && !slices.ContainsFunc(d.Block, func(e *crossplane.Directive) bool { return e.Directive == "default" })
		},
		"unanchored_regex: expressions of maps say where they begin": func(d *crossplane.Directive, in []*crossplane.Directive) bool {
			if len(in) == 0 || in[len(in)-1].Directive != "map" || !strings.HasPrefix(d.Directive, "~") {
				return false
			}
			expression := strings.TrimPrefix(strings.TrimPrefix(d.Directive, "~"), "*")
			return !strings.HasPrefix(strings.TrimPrefix(expression, "(?m)"), "^")
		},
		"low_keepalive_requests: connections are not closed for having been used": func(d *crossplane.Directive, _ []*crossplane.Directive) bool {
			return d.Directive == "keepalive_requests" && d.Args[0] != "1000000"
		},
	}
	directives := read(t, crossplane.ParseOptions{})
	for rule, broken := range rules {
		t.Run(rule, func(t *testing.T) {
			visit(directives, func(d *crossplane.Directive, in []*crossplane.Directive) {
				require.False(t, broken(d, in), "%s:%d: %s %q", d.File, d.Line, d.Directive, d.Args)
			})
		})
	}
}
