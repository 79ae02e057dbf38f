package main

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/reference"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/starter"
	"github.com/portico-iac/portico/mapping"
)

type initOptions struct {
	environment, dir, sharedAccount string
	host, api, account              string
	rows                            string
}

func (c *cli) initCommand() *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init --shared-account NUMBER {--host HOST --api URL --account [NAME=]NUMBER | --from-discover FILE}",
		Short: "Write the files with which a team starts: a mapping, settings, and a workflow",
		Long: `Write the files with which a team starts: a first mapping, the settings and the
programs of both projects, and a workflow for GitHub. The first row comes from
--host, --api and --account, or all rows from a mapping file, such as the output
of portico discover. The region is that of the APIs.

No file is overwritten. Run it again with another --env for another environment
in the same directory.`,
		Example: `  portico init --shared-account 111111111111 --account orders=222222222222 \
    --host orders.private.example.com \
    --api https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod`,
		Args: noArguments,
		RunE: c.immediate(func() error { return c.init(o) }),
	}
	f := cmd.Flags()
	f.StringVarP(&o.environment, "env", "e", "dev", "the environment: the `NAME` of the shared account's stack")
	f.StringVarP(&o.dir, "dir", "C", ".", "the `DIR` to write, made if it doesn't exist")
	f.StringVar(&o.sharedAccount, "shared-account", "", "the `NUMBER` of the shared-services account, 12 digits")
	f.StringVar(&o.host, "host", "", "the first custom domain, `HOST[/PATH]`, with a base path or without, such as orders.private.example.com")
	f.StringVar(&o.api, "api", "", "the `URL` of the private API that it leads to, https://{api}.execute-api.{region}.{suffix}/{stage}")
	f.StringVar(&o.account, "account", "", "the account that owns the API, `[NAME=]NUMBER` with 12 digits, such as orders=222222222222")
	f.StringVar(&o.rows, "from-discover", "", "a mapping `FILE` with the rows, instead of --host, --api and --account; \"-\" reads it from standard input")
	return cmd
}

// accountName is the grammar of a name of ACCOUNTS that can also be part of a
// stack's name.
var accountName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`)

// check finds what is missing and what no file could have, all at once.
func (o initOptions) check() (owner mapping.Account, err error) {
	var wrong usageErrors
	row := map[string]string{"host": o.host, "api": o.api, "account": o.account}
	needed := map[string]string{"shared-account": o.sharedAccount}
	if o.rows == "" {
		for flag, value := range row {
			needed[flag] = value
		}
	} else if o.host+o.api+o.account != "" {
		wrong.add("--from-discover has the rows: leave out --host, --api and --account")
	}
	var missing []string
	for flag, value := range needed {
		if value == "" {
			missing = append(missing, strconv.Quote(flag))
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		wrong.add("required flag(s) %s not set", strings.Join(missing, ", "))
	}
	if longest := settings.MaxPrefix - len("portico-"); !settings.IsName(o.environment) || len(o.environment) > longest {
		wrong.add("--env %q: expected at most %d lower-case letters, digits and single hyphens, beginning with a letter", o.environment, longest)
	}
	if o.sharedAccount != "" && !aws.IsAccountID(o.sharedAccount) {
		wrong.add("--shared-account %q: expected the account's number, 12 digits", o.sharedAccount)
	}
	name, number, named := strings.Cut(o.account, "=")
	if !named {
		name, number = "apis", o.account
	}
	if o.account != "" && !(aws.IsAccountID(number) && accountName.MatchString(name)) {
		wrong.add("--account %q: expected the account's number, 12 digits, with a name and = in front or without: orders=222222222222", o.account)
	}
	if _, _, err := mapping.ParseCustomDomain(o.host); o.host != "" && err != nil {
		wrong.add("--host %q: %v", o.host, err)
	}
	if _, err := mapping.ParsePrivateAPI(o.api); o.api != "" && err != nil {
		wrong.add("--api %q: %v", o.api, err)
	}
	return mapping.Account{Name: name, ID: mapping.AccountID(number)}, wrong.err()
}

func (c *cli) init(o initOptions) error {
	owner, err := o.check()
	if err != nil {
		return err
	}
	var given reference.Document
	if o.rows != "" {
		given, err = c.document(o.rows)
	} else {
		given.Name = "the first row"
		given.Data, err = starter.FirstRow(o.environment, o.host, o.api, owner)
	}
	if err != nil {
		return err
	}
	rows, err := mapping.Parse(given.Name, given.Data)
	if err != nil {
		return err
	}
	files, err := starter.Files(starter.Start{
		Environment: o.environment, SharedAccount: mapping.AccountID(o.sharedAccount),
		Mapping: given.Data, Rows: rows, Version: release(debug.ReadBuildInfo()),
	})
	if err != nil {
		return err
	}
	if err := c.writeNew(o.dir, files); err != nil {
		return err
	}
	fmt.Fprintf(c.err, `portico: next, in the directory %[2]s: read the comments of the settings, then run
  portico validate --env %[1]s
  portico rehearse --mapping mapping.%[1]s.yaml
  portico preview --env %[1]s
`, o.environment, o.dir)
	return nil
}

// release is the version by which `go install` finds this program again; empty
// for a build of a checkout.
func release(info *debug.BuildInfo, ok bool) string {
	if !ok || info.Main.Version == "(devel)" || strings.Contains(info.Main.Version, "+dirty") {
		return ""
	}
	return info.Main.Version
}
