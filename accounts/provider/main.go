// Command provider is the Pulumi program of an account that owns private APIs.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/accounts"
)

func main() { pulumi.Run(accounts.Provider) }
