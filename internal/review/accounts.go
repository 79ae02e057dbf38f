package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/mapping"
)

// AccountChange is an entry of ACCOUNTS that comes, goes or differs.
type AccountChange struct {
	Name string
	// Before is nil where the entry is new, After where it is gone.
	Before, After *mapping.Account
}

func compareAccounts(base, head side) []AccountChange {
	before, after := accountsByName(base), accountsByName(head)
	var changes []AccountChange
	for _, name := range slices.Sorted(eitherKey(before, after)) {
		old, now := before[name], after[name]
		if old == nil || now == nil || old.ID != now.ID || old.RoleARN != now.RoleARN {
			changes = append(changes, AccountChange{name, old, now})
		}
	}
	return changes
}

func accountsByName(s side) map[string]*mapping.Account {
	byName := map[string]*mapping.Account{}
	if s.Mapping == nil {
		return byName
	}
	for i := range s.Mapping.Accounts {
		byName[s.Mapping.Accounts[i].Name] = &s.Mapping.Accounts[i]
	}
	return byName
}

// accountWarnings are about numbers and roles that the mapping's authors change.
func accountWarnings(r *Review, head side) []Warning {
	var list []Warning
	for _, c := range r.Accounts {
		subject := "ACCOUNTS." + c.Name
		if c.Before != nil && c.After != nil && c.Before.ID != c.After.ID {
			list = append(list, Warning{subject, fmt.Sprintf("the name means account %s instead of %s: rows and stacks that have it work on another account",
				c.After.ID, c.Before.ID)})
		}
		if before, after := roleOf(c.Before), roleOf(c.After); before != after {
			list = append(list, Warning{subject + ".ROLE_ARN", roleChange(c, before, after) + ": " + head.whoAssumes(c)})
		}
	}
	return list
}

func roleOf(account *mapping.Account) string {
	if account == nil {
		return ""
	}
	return account.RoleARN
}

func roleChange(c AccountChange, before, after string) string {
	switch {
	case c.After == nil:
		return "the entry goes, and with it the role " + before
	case after == "":
		return "the role " + before + " is taken out"
	case before == "":
		return "the role " + after + " is named"
	}
	return "the role " + after + " takes the place of " + before
}

// whoAssumes says what the role in ACCOUNTS means to the account's stacks.
func (s side) whoAssumes(c AccountChange) string {
	account := c.After
	if account == nil {
		account = c.Before
	}
	var assuming, own []string
	for _, stack := range s.Stacks {
		if stack.Account != string(account.ID) && stack.Account != account.Name {
			continue
		}
		if stack.RoleARN != "" {
			own = append(own, stack.Name)
			continue
		}
		assuming = append(assuming, stack.Name)
	}
	switch {
	case len(assuming) > 0 && roleOf(c.After) == "":
		return "the deployment of stack " + strings.Join(assuming, ", ") + " then uses the caller's own credentials"
	case len(assuming) > 0:
		return "the deployment of stack " + strings.Join(assuming, ", ") + " assumes it, since portico:allowedRoleArns has it, and has all that the role may do"
	case len(own) > 0:
		return "stack " + strings.Join(own, ", ") + " doesn't use it, since its settings have a role of their own"
	}
	return "no stack of the environment is of this account"
}
