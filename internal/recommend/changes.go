package recommend

import (
	"fmt"

	"github.com/portico-iac/portico/mapping"
)

// ChangeForAPI is what the API of a row, and its callers, see differently once the
// row moves to another front door; empty where the row stays.
//
// The proxy gives an API the VPC endpoint's name for Host and the path below the
// base path, and leads redirects and cookies back (docs/data-path.md). A custom
// domain, of alb and native alike, gives it the caller's Host, and in the events of
// Lambda functions the caller's path, with the base path before it; answers pass.
func ChangeForAPI(row mapping.Row, to mapping.FrontDoor) string {
	switch {
	case row.FrontDoor == to:
		return ""
	case row.FrontDoor == mapping.FrontDoorNGINX:
		return fromProxy(row)
	case to == mapping.FrontDoorNGINX:
		return toProxy(row)
	case to == mapping.FrontDoorNative:
		return "Host and paths stay; X-Forwarded-For and X-Forwarded-Proto are API Gateway's, no longer the load balancer's; the caller's address is in requestContext.identity"
	}
	return "Host and paths stay; X-Forwarded-For and X-Forwarded-Proto are the load balancer's, no longer API Gateway's; requestContext.identity names the load balancer"
}

func fromProxy(row mapping.Row) string {
	change := fmt.Sprintf("Host becomes %s", row.Host)
	if row.BasePath != "" {
		change += fmt.Sprintf(", paths in events begin with %s", row.BasePath)
	}
	change += ", and the proxy's header fields (Referer, X-Forwarded-Host) are gone"
	if row.NoRewrite {
		return change
	}
	return change + fmt.Sprintf("; redirects and cookies that name the stage (/%s) or an execute-api host are no longer rewritten", row.API.Stage)
}

func toProxy(row mapping.Row) string {
	host, base := "the VPC endpoint's name", ""
	if row.AccessMode == mapping.AccessModeStrict {
		host = "the API's own execute-api name"
	}
	if row.BasePath != "" {
		base = fmt.Sprintf(", and paths in events come without %s", row.BasePath)
	}
	change := fmt.Sprintf("Host becomes %s%s; %s is in X-Forwarded-Host", host, base, row.Host)
	if row.NoRewrite {
		return change
	}
	return change + fmt.Sprintf("; redirects and cookies that name the stage (/%s) or an execute-api host are rewritten to the row's URL", row.API.Stage)
}
