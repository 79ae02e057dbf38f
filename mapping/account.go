package mapping

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/portico-iac/portico/internal/aws"
)

var accountName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`)

func parseAccountName(name string) *mistake {
	if !accountName.MatchString(name) {
		return wrong(fmt.Sprintf("%s is no name for an account", quote(name)),
			"write a letter, then up to 62 letters, digits, \"_\" or \"-\"")
	}
	return nil
}

func parseAccountID(value string) (AccountID, *mistake) {
	if !aws.IsAccountID(value) {
		return "", wrong(fmt.Sprintf("%s is not an account number", quote(value)), "write its 12 digits, in quotes")
	}
	return AccountID(value), nil
}

// parseRoleARN reads the ARN of an IAM role of the account.
func parseRoleARN(value string, account AccountID) *mistake {
	role, err := aws.ParseRoleARN(value)
	var grammar *aws.GrammarError
	switch {
	case errors.As(err, &grammar):
		return wrong(quote(grammar.Text)+" "+grammar.Problem, "write arn:aws:iam::{account}:role/{name}")
	case account != "" && AccountID(role.AccountID) != account:
		return wrong(fmt.Sprintf("the role is of account %s, ID says %s", role.AccountID, account), "write a role of the account, or correct ID")
	}
	return nil
}
