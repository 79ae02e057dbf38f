// Command portico gives private API Gateway endpoints custom domain names,
// across AWS accounts, from one mapping file. `portico help` lists what it does.
//
// Data goes to standard output, diagnostics go to standard error. The exit code
// is 0 where what was asked for is done, 1 where the thing asked about is wrong,
// and 2 where the command line is.
package main

import (
	"context"
	"os"

	"github.com/portico-iac/portico/internal/terminalquery"
)

// Before a test of this package, too, TERM is what it was.
var _ = terminalquery.Restore()

func main() {
	os.Exit(run(context.Background(), os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
