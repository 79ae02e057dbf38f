package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/mapping"
)

func checkRolePatterns(m *mistakes, patterns []string) {
	for i, text := range patterns {
		key := fmt.Sprintf("allowedRoleArns[%d]", i)
		_, err := aws.ParseRolePattern(text)
		m.check(err == nil, key, strconv.Quote(text)+" is not the ARN of roles of one account",
			"write arn:aws:iam::ACCOUNT:role/NAME, where NAME may have *")
		m.check(!slices.Contains(patterns[:i], text), key, text+" is named twice", "take one out")
	}
}

// AccountIn is the account that aws.accountId names, by number or by a name of
// the mapping's ACCOUNTS, and whether it is known.
func (c *Provider) AccountIn(rows *mapping.Mapping) (mapping.Account, bool) {
	account := mapping.Account{ID: mapping.AccountID(c.AWS.AccountID)}
	for _, entry := range rows.Accounts {
		if entry.Name == c.AWS.AccountID || entry.ID == account.ID {
			return entry, true
		}
	}
	return account, c.AWS.NamesAccount()
}

// RoleOf is the role that a deployment assumes in the stack's account, whose
// entry in the mapping's ACCOUNTS is given: the settings' own, or else the
// entry's ROLE_ARN if the settings allow it. The error is of type
// mapping.Errors; stack names the stack for its message. Empty: the caller's own
// credentials.
func (c *Provider) RoleOf(account mapping.Account, stack string) (string, error) {
	if c.AWS.RoleARN != "" || account.RoleARN == "" || c.allowsRole(account.RoleARN) {
		return cmp.Or(c.AWS.RoleARN, account.RoleARN), nil
	}
	allowed := "none"
	if len(c.AllowedRoleARNs) > 0 {
		allowed = strings.Join(c.AllowedRoleARNs, ", ")
	}
	at := account.RoleARNPos
	return "", mapping.Errors{{
		File: at.File, Line: at.Line, Column: at.Column, Path: account.Path() + ".ROLE_ARN",
		Message: fmt.Sprintf("the settings of stack %s don't allow role %s (portico:allowedRoleArns: %s)", stack, account.RoleARN, allowed),
		Fix:     "let an owner of the settings add the role to portico:allowedRoleArns of the stack, or set portico:aws.roleArn there and take ROLE_ARN out",
	}}
}

func (c *Provider) allowsRole(arn string) bool {
	role, err := aws.ParseRoleARN(arn)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.AllowedRoleARNs, func(text string) bool {
		pattern, err := aws.ParseRolePattern(text)
		return err == nil && pattern.Matches(role)
	})
}
