package settings

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/portico-iac/portico/internal/aws"
)

func (i IAM) check(m *mistakes, in AWS) {
	const key, fix = "iam.permissionsBoundary", "write the ARN of a managed policy of the account, arn:aws:iam::ACCOUNT:policy/NAME"
	if i.PermissionsBoundary == "" || i.PermissionsBoundary == Unknown {
		return
	}
	partition, owner, err := aws.ParsePolicyARN(i.PermissionsBoundary)
	if err != nil {
		m.add(key, strconv.Quote(i.PermissionsBoundary)+" is not a managed policy's ARN", fix)
		return
	}
	m.check(owner == "aws" || !aws.IsAccountID(in.AccountID) || owner == in.AccountID, key,
		"the policy is of account "+owner+", and a role's boundary is of the role's own account, "+in.AccountID+", or of AWS", fix)
	in.checkPartition(m, key, partition)
}

// rolePath is a path of IAM with the characters that roles' ARNs are written with in
// mappings and policies.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
var rolePath = regexp.MustCompile(`^/([A-Za-z0-9+=,.@_-]+/)*$`)

const maxRolePath = 512

// RolePath is the path of the roles that the stack creates.
func (c *Shared) RolePath() string {
	return c.IAM.Path + c.App.Name + "/" + c.App.Environment + "/"
}

func (i IAM) checkPath(m *mistakes, app App) {
	if i.Path == Unknown {
		return
	}
	m.check(rolePath.MatchString(i.Path), "iam.path", strconv.Quote(i.Path)+" is not a path of roles", "write letters, digits and +=,.@_- between slashes, such as /platform/")
	whole := len(i.Path) + len(app.Name) + len(app.Environment) + len("//")
	m.check(whole <= maxRolePath, "iam.path", fmt.Sprintf("with app.name and app.environment it has %d characters, and IAM takes %d", whole, maxRolePath), "write a shorter one")
}
