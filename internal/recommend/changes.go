package recommend

import (
	"fmt"

	"github.com/portico-iac/portico/mapping"
)

// ChangeForAPI is what the API of a row sees differently once the row moves to
// another front door; empty where it sees the same.
//
// The proxy gives an API the VPC endpoint's name for Host and the path below the
// base path (docs/data-path.md). A custom domain, of alb and native alike, gives it
// the caller's Host, and in the events of Lambda functions the caller's path, with
// the base path before it.
func ChangeForAPI(row mapping.Row, to mapping.FrontDoor) string {
	fromProxy, toProxy := row.FrontDoor == mapping.FrontDoorNGINX, to == mapping.FrontDoorNGINX
	switch {
	case fromProxy == toProxy:
		return ""
	case fromProxy && row.BasePath == "":
		return fmt.Sprintf("Host becomes %s, and the proxy's header fields (Referer, X-Forwarded-Host) are gone", row.Host)
	case fromProxy:
		return fmt.Sprintf("Host becomes %s, paths in events begin with %s, and the proxy's header fields (Referer, X-Forwarded-Host) are gone", row.Host, row.BasePath)
	case row.BasePath == "":
		return fmt.Sprintf("Host becomes the VPC endpoint's name; %s is in X-Forwarded-Host", row.Host)
	}
	return fmt.Sprintf("Host becomes the VPC endpoint's name, and paths in events come without %s; %s is in X-Forwarded-Host", row.BasePath, row.Host)
}
