// Package starter writes the files with which a team starts: a first mapping, the
// settings of both projects, their programs, and a workflow.
package starter

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"slices"
	"text/template"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/newfiles"
	"github.com/portico-iac/portico/mapping"
)

//go:embed templates
var templates embed.FS

var parsed = template.Must(template.ParseFS(templates, "templates/*"))

// FirstRow is a mapping file of one row: the host, the URL of its API, and the
// account that owns the API. None of them is checked.
func FirstRow(environment, host, api string, owner mapping.Account) ([]byte, error) {
	return execute("mapping.yaml", struct {
		Environment, Host, API string
		Owner                  mapping.Account
	}{environment, host, api, owner})
}

// Start is what the files of an environment follow from.
type Start struct {
	// Environment is the shared stack's name.
	Environment string
	// SharedAccount is the shared-services account.
	SharedAccount mapping.AccountID
	// Mapping is the mapping file's text, and Rows what it says.
	Mapping []byte
	Rows    *mapping.Mapping
	// Version is the release of Portico that the workflow installs and the programs
	// are built with, such as v0.1.0. Empty: the latest one.
	Version string
}

// pulumi is the release of the Pulumi CLI that the workflow installs, the one that
// Portico is tested with; tools/go.mod of the project has it.
const pulumi = "3.250.0"

// environment is what the templates are executed with.
type environment struct {
	Start
	Region, Partition, MappingFile, Pulumi string
	// Owners are the accounts that own APIs, sorted by their names.
	Owners []mapping.Account
}

// Stack is the name of a provider account's stack.
func (e environment) Stack(owner mapping.Account) string { return e.Environment + "-" + owner.Name }

// Version is what follows the @ of go install.
func (e environment) Version() string { return cmp.Or(e.Start.Version, "latest") }

// Files are the environment's files, sorted by their names. The error is
// mapping.Errors for rows that no stack could serve: rows of several regions, and
// rows that name no account.
func Files(s Start) ([]newfiles.File, error) {
	if wrong := unserved(s.Rows); len(wrong) > 0 {
		return nil, wrong
	}
	region := s.Rows.Rows[0].API.Region
	partition, _ := aws.PartitionOf(region)
	e := environment{
		Start: s, Region: region, Partition: partition.ID, MappingFile: "mapping." + s.Environment + ".yaml", Pulumi: pulumi,
		Owners: owners(s.Rows),
	}
	files := []newfiles.File{{Name: e.MappingFile, Data: s.Mapping}}
	add := func(name, from string, keep bool, data any) error {
		text, err := execute(from, data)
		files = append(files, newfiles.File{Name: name, Data: text, Keep: keep})
		return err
	}
	type program struct{ Project, Whose, Program string }
	shared := program{"portico", "the shared-services account", "Shared"}
	provider := program{"portico-provider", "an account that owns private APIs", "Provider"}
	// Those that are kept serve every environment of the directory.
	err := cmp.Or(
		add("Pulumi.yaml", "project.yaml", true, shared),
		add("main.go", "main.go.txt", true, shared),
		add("go.mod", "go.mod.txt", true, e),
		add("Pulumi."+s.Environment+".yaml", "shared.yaml", false, e),
		add("accounts/provider/Pulumi.yaml", "project.yaml", true, provider),
		add("accounts/provider/main.go", "main.go.txt", true, provider),
		add(".github/workflows/portico-"+s.Environment+".yml", "workflow.yml", false, e),
	)
	for _, owner := range e.Owners {
		err = cmp.Or(err, add("accounts/provider/Pulumi."+e.Stack(owner)+".yaml", "provider.yaml", false, struct {
			environment
			Owner mapping.Account
		}{e, owner}))
	}
	slices.SortFunc(files, func(a, b newfiles.File) int { return cmp.Compare(a.Name, b.Name) })
	return files, err
}

// unserved are the rows that are in another region than the first, and those that
// name no account.
func unserved(m *mapping.Mapping) mapping.Errors {
	var wrong mapping.Errors
	add := func(row mapping.Row, key, message, fix string) {
		wrong = append(wrong, &mapping.Error{
			File: m.Source, Line: row.Pos.Line, Column: row.Pos.Column, Path: row.Path() + "." + key, Message: message, Fix: fix,
		})
	}
	for _, row := range m.Rows {
		if region := m.Rows[0].API.Region; row.API.Region != region {
			add(row, "PRIVATE_API_URL", fmt.Sprintf("is in %s, and %s is in %s: the APIs of an environment are in one region", row.API.Region, m.Rows[0].Path(), region),
				"move the rows of other regions to a mapping of their own, for another environment")
		}
		if row.Account == "" {
			add(row, "ACCOUNT", "is missing: no stack would serve the row", "write the number of the account that owns the API")
		}
	}
	return wrong
}

// owners are the accounts of the rows, by their names in ACCOUNTS, or by their
// numbers.
func owners(m *mapping.Mapping) []mapping.Account {
	var all []mapping.Account
	for _, row := range m.Rows {
		i := slices.IndexFunc(m.Accounts, func(a mapping.Account) bool { return a.ID == row.Account })
		if i >= 0 {
			all = append(all, mapping.Account{Name: m.Accounts[i].Name, ID: row.Account})
		} else {
			all = append(all, mapping.Account{Name: string(row.Account), ID: row.Account})
		}
	}
	slices.SortFunc(all, func(a, b mapping.Account) int { return cmp.Compare(a.Name, b.Name) })
	return slices.Compact(all)
}

func execute(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := parsed.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}
