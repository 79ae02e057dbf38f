package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/resourcepolicy"
)

// usageErrors are all that is wrong with a command line.
type usageErrors []string

func (e *usageErrors) add(format string, args ...any) { *e = append(*e, fmt.Sprintf(format, args...)) }

// err reports them at once; nil, if there are none.
func (e usageErrors) err() error {
	switch len(e) {
	case 0:
		return nil
	case 1:
		return usagef("%s", e[0])
	}
	return usagef("%d things are wrong with the command line:\n  %s", len(e), strings.Join(e, "\n  "))
}

// check finds flags that are missing, and values that no mapping and no account
// could make right.
func (o policyOptions) check() usageErrors {
	var wrong usageErrors
	var missing []string
	for flag, value := range map[string]string{"mapping": o.mapping, "api": o.api, "account": o.account, "region": o.region} {
		if value == "" {
			missing = append(missing, strconv.Quote(flag))
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		wrong.add("required flag(s) %s not set", strings.Join(missing, ", "))
	}
	if o.endpoint == "" && o.alb == "" && len(o.native) == 0 {
		wrong.add("at least one of the flags in the group [vpc-endpoint alb-endpoint native-endpoint] is required")
	}
	if o.account != "" && !aws.IsAccountID(o.account) {
		wrong.add("--account %q: expected the account's number, 12 digits", o.account)
	}
	for _, given := range []struct {
		flag string
		ids  []string
	}{
		{"vpc-endpoint", []string{o.endpoint}}, {"alb-endpoint", []string{o.alb}},
		{"native-endpoint", o.native}, {"additional-vpc-endpoint", o.additional},
	} {
		for _, id := range given.ids {
			if id != "" && !aws.IsResourceID("vpce", id) {
				wrong.add("--%s: VPC endpoint %q: expected vpce- and 8 or 17 hexadecimal digits, such as vpce-0123456789abcdef0", given.flag, id)
			}
		}
	}
	if forms := []string{string(resourcepolicy.DenyNotResource), string(resourcepolicy.DenyVerbs)}; !slices.Contains(forms, o.form) {
		wrong.add("--deny-form %q: expected %q or %q", o.form, forms[0], forms[1])
	}
	if o.mapping == "-" && o.existing == "-" {
		wrong.add(`--mapping and --existing are both "-": standard input can be read once only`)
	}
	return wrong
}
