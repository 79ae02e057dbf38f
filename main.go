// Command portico-shared is the Pulumi program of the shared-services account:
// `pulumi up` in this directory runs it.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/accounts"
)

func main() { pulumi.Run(accounts.Shared) }
