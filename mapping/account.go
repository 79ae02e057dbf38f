package mapping

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	accountName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`)
	accountID   = regexp.MustCompile(`^[0-9]{12}$`)
	// roleARN has IAM's characters for a role's path and name
	// (IAM API reference, CreateRole), but for those that mean something
	// elsewhere: no wildcard and no quote can stand in it.
	roleARN = regexp.MustCompile(`^arn:(aws(?:-[a-z]+)*):iam::([0-9]{12}):role/(?:[A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$`)
)

// maxRolePath is IAM's limit of a role's path.
const maxRolePath = 512

func parseAccountName(name string) *mistake {
	if !accountName.MatchString(name) {
		return wrong(fmt.Sprintf("%s is no name for an account", quote(name)),
			"write a letter, then up to 62 letters, digits, \"_\" or \"-\"")
	}
	return nil
}

func parseAccountID(value string) (AccountID, *mistake) {
	if !accountID.MatchString(value) {
		return "", wrong(fmt.Sprintf("%s is not an account number", quote(value)), "write its 12 digits, in quotes")
	}
	return AccountID(value), nil
}

// parseRoleARN reads the ARN of an IAM role of the account.
func parseRoleARN(value string, account AccountID) *mistake {
	parts := roleARN.FindStringSubmatch(value)
	_, role, _ := strings.Cut(value, ":role")
	fix := "write arn:aws:iam::{account}:role/{name}"
	switch {
	case parts == nil:
		return wrong(fmt.Sprintf("%s is not the ARN of an IAM role", quote(value)), fix)
	case !knownPartition(parts[1]):
		return wrong(fmt.Sprintf("%s is no AWS partition", quote(parts[1])), fix)
	case strings.LastIndex(role, "/")+1 > maxRolePath:
		return wrong(fmt.Sprintf("the role's path is longer than %d characters", maxRolePath), fix)
	case account != "" && AccountID(parts[2]) != account:
		return wrong(fmt.Sprintf("the role is of account %s, ID says %s", parts[2], account), "write a role of the account, or correct ID")
	}
	return nil
}

func knownPartition(name string) bool {
	for _, p := range partitions {
		if p.name == name {
			return true
		}
	}
	return false
}
