package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// reviewedSettings are the keys of a stack's settings file that decide what a
// mapping means. The stacks' programs hold all keys to their rules; here a key
// of the wrong kind is an error and everything else is let be.
type reviewedSettings struct {
	Mapping      string `yaml:"portico:mapping"`
	Certificates struct {
		NamesPerCertificate int `yaml:"namesPerCertificate"`
	} `yaml:"portico:certificates"`
	DNS struct {
		Records string `yaml:"records"`
	} `yaml:"portico:dns"`
	AWS struct {
		AccountID string `yaml:"accountId"`
	} `yaml:"portico:aws"`
	APIs                     []mapping.APIID `yaml:"portico:apis"`
	Redeploy                 *bool           `yaml:"portico:redeploy"`
	AdditionalVPCEndpointIDs []string        `yaml:"portico:additionalVpcEndpointIds"`
	Policy                   struct {
		DenyForm string `yaml:"denyForm"`
		MaxSize  int    `yaml:"maxSize"`
	} `yaml:"portico:policy"`
}

func readSettings(files tree, path string) (*reviewedSettings, error) {
	data, err := files.read(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Config reviewedSettings `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read settings %s: %w", path, err)
	}
	return &file.Config, nil
}

func (s *reviewedSettings) limits() topology.Limits {
	return topology.Limits{NamesPerCertificate: s.Certificates.NamesPerCertificate, HostRecords: s.DNS.Records == "host"}
}

func (s *reviewedSettings) stack(name string) review.Stack {
	redeploy := review.RedeployUnset
	switch {
	case s.Redeploy != nil && *s.Redeploy:
		redeploy = review.RedeployAutomatic
	case s.Redeploy != nil:
		redeploy = review.RedeployByHand
	}
	return review.Stack{
		Name: name, Account: s.AWS.AccountID, APIs: s.APIs, Redeploy: redeploy,
		AdditionalVPCEndpointIDs: s.AdditionalVPCEndpointIDs,
		DenyForm:                 resourcepolicy.DenyForm(s.Policy.DenyForm), MaxPolicySize: s.Policy.MaxSize,
	}
}

// settingsFile is a stack's, in its project's directory.
func settingsFile(stack string) string { return "Pulumi." + stack + ".yaml" }

// described is an environment as a revision's files describe it. Where its
// mapping can't be read the error says why, and the state has the rest.
func described(files tree, environment, displayDir string) (state review.State, path string, err error) {
	state.Revision = files.name
	settings, err := readSettings(files, settingsFile(environment))
	if errors.Is(err, fs.ErrNotExist) {
		state.Absent = "has no environment " + environment
		return state, "", fmt.Errorf("find environment %q: no %s in %s: name the project's directory with --dir",
			environment, settingsFile(environment), displayDir)
	}
	if err != nil {
		state.Absent = "has settings of the environment that can't be read"
		return state, "", err
	}
	state.Limits = settings.limits()
	if state.Stacks, err = describedStacks(files, environment); err != nil {
		state.Absent = "has settings of provider stacks that can't be read"
		return state, "", err
	}
	if settings.Mapping == "" {
		state.Absent = "names no mapping file"
		return state, "", fmt.Errorf("find the mapping of environment %q: %s has no portico:mapping", environment, settingsFile(environment))
	}
	data, err := files.read(settings.Mapping)
	if err != nil {
		state.Absent = "has no mapping file of the environment"
		return state, settings.Mapping, fmt.Errorf("read the mapping of environment %q: %w", environment, err)
	}
	source := settings.Mapping
	if !filepath.IsAbs(source) {
		source = filepath.Join(displayDir, source)
	}
	state.Mapping, err = mapping.Parse(source, data)
	if err != nil {
		state.Absent = "has a mapping with mistakes"
	}
	return state, settings.Mapping, err
}

func describedStacks(files tree, environment string) ([]review.Stack, error) {
	environments, err := describedNames(files, ".")
	if err != nil {
		return nil, err
	}
	names, err := describedNames(files, automation.ProviderProject)
	if err != nil {
		return nil, err
	}
	var stacks []review.Stack
	for _, name := range automation.ProviderStacks(environment, environments, names) {
		settings, err := readSettings(files, automation.ProviderProject+"/"+settingsFile(name))
		if err != nil {
			return nil, err
		}
		stacks = append(stacks, settings.stack(name))
	}
	return stacks, nil
}

// describedNames are the names of the stacks that have a settings file in a
// directory, sorted.
func describedNames(files tree, dir string) ([]string, error) {
	all, err := files.list(dir)
	if err != nil {
		return nil, fmt.Errorf("list the stacks of %s at %s: %w", dir, files.name, err)
	}
	var names []string
	for _, file := range all {
		name, isSettings := strings.CutPrefix(file, "Pulumi.")
		name, isYAML := strings.CutSuffix(name, ".yaml")
		if isSettings && isYAML && name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
