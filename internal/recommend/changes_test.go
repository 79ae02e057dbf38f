package recommend

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

func TestEachMoveSaysWhatTheAPISees(t *testing.T) {
	const (
		fieldsGone = "and the proxy's header fields (Referer, X-Forwarded-Host) are gone"
		unwritten  = "; redirects and cookies that name the stage (/prod) or an execute-api host are no longer rewritten"
		rewritten  = "; redirects and cookies that name the stage (/prod) or an execute-api host are rewritten to the row's URL"
	)
	root := mapping.Row{Host: "a.example.com", API: mapping.PrivateAPI{Stage: "prod"}}
	base, written, strict := root, root, root
	base.BasePath = "/v1"
	written.NoRewrite = true
	strict.AccessMode = mapping.AccessModeStrict
	tests := map[string]struct {
		row      mapping.Row
		from, to mapping.FrontDoor
		want     string
	}{
		"nginx to nginx":                 {root, mapping.FrontDoorNGINX, mapping.FrontDoorNGINX, ""},
		"alb to alb":                     {base, mapping.FrontDoorALB, mapping.FrontDoorALB, ""},
		"nginx to alb":                   {root, mapping.FrontDoorNGINX, mapping.FrontDoorALB, "Host becomes a.example.com, " + fieldsGone + unwritten},
		"nginx to native at a base path": {base, mapping.FrontDoorNGINX, mapping.FrontDoorNative, "Host becomes a.example.com, paths in events begin with /v1, " + fieldsGone + unwritten},
		"nginx to alb as written":        {written, mapping.FrontDoorNGINX, mapping.FrontDoorALB, "Host becomes a.example.com, " + fieldsGone},
		"alb to nginx":                   {root, mapping.FrontDoorALB, mapping.FrontDoorNGINX, "Host becomes the VPC endpoint's name; a.example.com is in X-Forwarded-Host" + rewritten},
		"native to nginx at a base path": {base, mapping.FrontDoorNative, mapping.FrontDoorNGINX, "Host becomes the VPC endpoint's name, and paths in events come without /v1; a.example.com is in X-Forwarded-Host" + rewritten},
		"native to nginx, STRICT":        {strict, mapping.FrontDoorNative, mapping.FrontDoorNGINX, "Host becomes the API's own execute-api name; a.example.com is in X-Forwarded-Host" + rewritten},
		"native to nginx as written":     {written, mapping.FrontDoorNative, mapping.FrontDoorNGINX, "Host becomes the VPC endpoint's name; a.example.com is in X-Forwarded-Host"},
		"alb to native":                  {base, mapping.FrontDoorALB, mapping.FrontDoorNative, "Host and paths stay; X-Forwarded-For and X-Forwarded-Proto are API Gateway's, no longer the load balancer's; the caller's address is in requestContext.identity"},
		"native to alb":                  {base, mapping.FrontDoorNative, mapping.FrontDoorALB, "Host and paths stay; X-Forwarded-For and X-Forwarded-Proto are the load balancer's, no longer API Gateway's; requestContext.identity names the load balancer"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.row.FrontDoor = test.from
			require.Equal(t, test.want, ChangeForAPI(test.row, test.to))
		})
	}
}
