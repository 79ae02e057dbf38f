package main

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"path/filepath"
	"strings"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// described is an environment as a revision's files describe it. The error
// joins all mistakes in its settings and its mapping; the state has what can be
// read in spite of them. shown leads to the project's directory, for messages;
// heeded chooses the mistakes in settings that count.
func described(files tree, environment, shown string, heeded func(*settings.Error) bool) (state review.State, mappingPath string, err error) {
	state.Revision = files.name
	files, state.Files, state.Links = recorded(files)
	state.Settings = writtenSettings(settings.Project{Files: files, Shown: shown}, environment)
	project := settings.Project{Files: files, Shown: shown}
	shared, err := settings.Source{Project: project, Stack: environment}.Shared()
	if errors.Is(err, fs.ErrNotExist) {
		state.Absent = "has no environment " + environment
		return state, "", fmt.Errorf("find environment %q: no Pulumi.%s.yaml in %s: name the project's directory with --dir",
			environment, environment, shown)
	}
	if shared == nil {
		state.Absent = "has settings of the environment that can't be read"
		return state, "", err
	}
	wrong := mistakesIn(err, heeded)
	stacks, err := providerSettings(project, environment)
	if err != nil && !errors.As(err, new(settings.Errors)) {
		state.Absent = "has settings of provider stacks that can't be read"
		return state, "", err
	}
	wrong = append(wrong, mistakesIn(err, heeded)...)
	state.Options, state.Size = shared.TopologyOptions(), costSettings(shared)
	state.SuppliedOnly = shared.Certificates.IssuesNone()
	state.ReadsProviders = len(shared.Providers) > 0
	// The accounts have quotas of their own for custom domains; the review
	// knows one, and must not refuse what an account's stack would take.
	state.Options.Quotas.PrivateDomains, state.Options.Quotas.RegionalDomains = 0, 0
	var secret []string
	for name, stack := range stacks.inOrder() {
		quotas := stack.DomainQuotas()
		state.Options.Quotas.PrivateDomains = max(state.Options.Quotas.PrivateDomains, quotas.PrivateDomains)
		state.Options.Quotas.RegionalDomains = max(state.Options.Quotas.RegionalDomains, quotas.RegionalDomains)
		state.Stacks = append(state.Stacks, reviewedStack(name, stack))
		if stack.AWS.AccountID == settings.Unknown {
			secret = append(secret, name)
		}
	}
	if len(secret) > 0 {
		state.Absent = "has account numbers as secrets"
		return state, "", errors.Join(wrong.err(), fmt.Errorf("find which stack sets which API's policy: portico:aws.accountId of %s is a secret, which only a deployment reads: write it as plain text",
			strings.Join(secret, ", ")))
	}
	if len(wrong) > 0 {
		state.Absent = "has settings with mistakes"
	}
	if shared.Mapping == settings.Unknown {
		state.Absent = "has the mapping's path as a secret"
		return state, "", errors.Join(wrong.err(), fmt.Errorf("find the mapping of environment %q: portico:mapping of %s is a secret, which only a deployment reads: write the path as plain text",
			environment, filepath.Join(shown, "Pulumi."+environment+".yaml")))
	}
	if shared.Mapping == "" {
		state.Absent = "names no mapping file"
		return state, "", errors.Join(wrong.err(), fmt.Errorf("find the mapping of environment %q: %s has no portico:mapping",
			environment, filepath.Join(shown, "Pulumi."+environment+".yaml")))
	}
	state.MappingFiles = []string{shared.Mapping}
	state.Mapping, err = project.Mapping(shared.Mapping)
	if err == nil && len(state.Mapping.Teams) > 0 {
		state.MappingFiles = teamFiles(shared.Mapping, state.Mapping)
	}
	if err == nil {
		err = settings.CheckMapping(state.Mapping, shared, stacks.inOrder())
	}
	switch {
	case len(wrong) > 0:
		state.Mapping = nil
	case errors.As(err, new(mapping.Errors)):
		state.Absent = "has a mapping with mistakes"
	case err != nil:
		state.Absent = "has no mapping file of the environment"
		err = fmt.Errorf("read the mapping of environment %q: %w", environment, err)
	}
	return state, shared.Mapping, errors.Join(wrong.err(), err)
}

// teamFiles are the files of a mapping directory that have rows. What portico.yaml
// grants is no value of a row: the review tells of that file by itself.
func teamFiles(dir string, m *mapping.Mapping) []string {
	files := make([]string, len(m.Teams))
	for i := range m.Teams {
		files[i] = path.Join(filepath.ToSlash(dir), m.Teams[i].File)
	}
	return files
}

// settingsMistakes are mistakes in the settings of several stacks.
type settingsMistakes settings.Errors

func (m settingsMistakes) err() error {
	if len(m) == 0 {
		return nil
	}
	return settings.Errors(m)
}

// everyMistake heeds all, and written but those of settings that are missing:
// what a mapping means can be told without most of them, and the stacks' own
// previews ask for them.
func everyMistake(*settings.Error) bool { return true }
func written(e *settings.Error) bool    { return !e.Missing }

// mistakesIn are the mistakes in settings that an error holds and that count.
func mistakesIn(err error, heeded func(*settings.Error) bool) settingsMistakes {
	var all settings.Errors
	if err == nil || !errors.As(err, &all) {
		return nil
	}
	var wrong settingsMistakes
	for _, mistake := range all {
		if heeded(mistake) {
			wrong = append(wrong, mistake)
		}
	}
	return wrong
}

// stackSettings are the settings of provider accounts' stacks, by name.
type stackSettings struct {
	names    []string
	settings []*settings.Provider
}

func (s stackSettings) inOrder() iter.Seq2[string, *settings.Provider] {
	return func(yield func(string, *settings.Provider) bool) {
		for i, name := range s.names {
			if !yield(name, s.settings[i]) {
				return
			}
		}
	}
}

// providerSettings reads the settings of an environment's provider accounts'
// stacks. The error is of type settings.Errors where they have mistakes.
func providerSettings(project settings.Project, environment string) (stackSettings, error) {
	var found stackSettings
	environments, err := project.Stacks()
	if err != nil {
		return found, err
	}
	project.Dir = automation.ProviderProject
	names, err := project.Stacks()
	if err != nil {
		return found, err
	}
	var wrong settings.Errors
	for _, name := range automation.ProviderStacks(environment, environments, names) {
		stack, err := settings.Source{Project: project, Stack: name}.Provider()
		var mistakes settings.Errors
		if err != nil && !errors.As(err, &mistakes) {
			return found, err
		}
		wrong = append(wrong, mistakes...)
		if stack != nil {
			found.names, found.settings = append(found.names, name), append(found.settings, stack)
		}
	}
	if len(wrong) > 0 {
		return found, wrong
	}
	return found, nil
}

func reviewedStack(name string, c *settings.Provider) review.Stack {
	redeploy := review.RedeployUnset
	switch {
	case c.Redeploy != nil && *c.Redeploy:
		redeploy = review.RedeployAutomatic
	case c.Redeploy != nil:
		redeploy = review.RedeployByHand
	}
	stack := review.Stack{
		Name: name, App: c.App.Name, Environment: c.App.Environment, Account: c.AWS.AccountID, RoleARN: c.AWS.RoleARN, Redeploy: redeploy,
		AdditionalVPCEndpointIDs: c.AdditionalVPCEndpointIDs,
		NativeEndpointIDs:        c.Native.VPCEndpointIDs,
		DenyForm:                 resourcepolicy.DenyForm(c.Policy.DenyForm),
		MaxPolicySize:            c.Quotas.ResourcePolicySize,
		Supplied:                 c.Certificates.Supplied(),
		SuppliedOnly:             c.Certificates.IssuesNone(),
	}
	for _, id := range c.APIs {
		stack.APIs = append(stack.APIs, mapping.APIID(id))
	}
	return stack
}
