package accounts

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// accountStack is a provider stack from which the shared stack can learn what the
// account admits.
type accountStack struct {
	// name is the stack's full name: "organization/portico-provider/dev-orders".
	name string
	// account is empty where it isn't known before the stack was brought up.
	account mapping.AccountID
}

// namedStacks are the stacks of portico:providers. A stack that is named for an entry
// of ACCOUNTS is of that account.
func namedStacks(names []string, environment string, known []mapping.Account) []*accountStack {
	var stacks []*accountStack
	for _, name := range names {
		stack := &accountStack{name: name}
		for _, account := range known {
			if name[strings.LastIndexByte(name, '/')+1:] == environment+"-"+account.Name {
				stack.account = account.ID
			}
		}
		stacks = append(stacks, stack)
	}
	return stacks
}

// findAccountStacks finds the environment's provider stacks by their settings files,
// which lie below the shared stack's project. They stand in for portico:providers
// where the settings have none.
func findAccountStacks(ctx *pulumi.Context, dir string, rows *mapping.Mapping) ([]*accountStack, error) {
	shared := settings.Project{Files: settings.Dir(dir)}
	provider := shared
	provider.Dir = settings.ProviderProject
	project, err := provider.Name()
	if errors.Is(err, fs.ErrNotExist) || err == nil && project == "" {
		return nil, nil
	}
	environments, sharedErr := shared.Stacks()
	names, providerErr := provider.Stacks()
	if err := errors.Join(err, sharedErr, providerErr); err != nil {
		return nil, fmt.Errorf("find the provider accounts' stacks: %w", err)
	}
	var stacks []*accountStack
	for _, name := range settings.ProviderStacks(ctx.Stack(), environments, names) {
		stack := &accountStack{name: strings.Join([]string{ctx.Organization(), project, name}, "/")}
		// What is wrong with the settings is for that stack to report.
		if config, _ := (settings.Source{Project: provider, Stack: name}).Provider(); config != nil {
			account, _ := config.AccountIn(rows)
			stack.account = account.ID
		}
		stacks = append(stacks, stack)
	}
	return stacks, nil
}

// awaitedStacks are the stacks that may say that their accounts admit rows that wait for
// it: those of the rows' accounts, of which rows that give way to others have another, and
// those whose account isn't known. A row that names no account may be any account's.
func awaitedStacks(served *outputs.Served, stacks []*accountStack) []*accountStack {
	awaited := map[mapping.AccountID]bool{}
	if served != nil {
		for _, row := range slices.Concat(served.Rows, served.Awaited) {
			if row.Number > 0 || row.Former {
				awaited[row.Account] = true
			}
		}
	}
	var asked []*accountStack
	for _, stack := range stacks {
		if len(awaited) > 0 && (awaited[""] || stack.account == "" || awaited[stack.account]) {
			asked = append(asked, stack)
		}
	}
	return asked
}

// checkAwaited reports rows that would be awaited for ever: no stack is known that
// could say that their account admits them.
func (r *reports) checkAwaited(ctx *pulumi.Context, rows *mapping.Mapping) error {
	if r.served == nil || len(r.served.Awaited) == 0 {
		return nil
	}
	served, awaited := map[string]string{}, map[string]bool{}
	for _, row := range r.served.Rows {
		served[row.Address()] = row.URL
	}
	for _, row := range r.served.Awaited {
		awaited[row.Address()] = true
	}
	var wrong []error
	for i := range rows.Rows {
		row := &rows.Rows[i]
		if row.Retired || r.reports(row.Account) || !awaited[outputs.Address(row)] {
			continue
		}
		whose := "the account that owns the API"
		if row.Account != "" {
			whose = "account " + string(row.Account)
		}
		from := "from the row that answers its requests now"
		if url := served[outputs.Address(row)]; url != "" {
			from = "from " + url
		}
		wrong = append(wrong, fmt.Errorf("%s.PRIVATE_API_URL: the requests of %s go %s to %s when the policy there admits them, and no stack of %s is known that would say so: name it in portico:providers, such as organization/portico-provider/%s-NAME; then run `portico up --env %s`, or `pulumi up` on this stack, on the account's, and on both once more",
			row.Position(), row.URL(), from, row.API.URL(), whose, ctx.Stack(), ctx.Stack()))
	}
	return errors.Join(wrong...)
}

// reports reports whether a known stack may be the account's. A stack whose account
// isn't known may be any account's.
func (r *reports) reports(account mapping.AccountID) bool {
	return slices.ContainsFunc(r.accounts, func(stack *accountStack) bool {
		return account == "" || stack.account == "" || stack.account == account
	})
}
