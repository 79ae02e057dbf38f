package rehearsal

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// The projects' names; the stack reference of the provider stacks holds the
// first.
const (
	sharedProject   = "portico"
	providerProject = "portico-provider"
)

// mappingName is the mapping file's name beside a project's settings.
const mappingName = "mapping.yaml"

// stackFile is a stack's settings file, as a rehearsal writes it.
type stackFile struct {
	// EncryptionSalt is the engine's; it has to outlive the file's rewriting.
	EncryptionSalt string         `yaml:"encryptionsalt,omitempty"`
	Config         map[string]any `yaml:"config"`
}

// project is a directory with an environment's projects and settings, as a
// repository holds them.
type project struct {
	dir         string
	environment string
}

func (p project) providerDir() string {
	return filepath.Join(p.dir, filepath.FromSlash(automation.ProviderProject))
}

// writeWithMapping is write with the mapping file, or the mapping directory, of a
// path.
func (p project) writeWithMapping(initial initialState, path string, shared map[string]any, providers map[mapping.AccountID]map[string]any) error {
	if !mapping.IsDirectory(path) {
		document, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read the mapping: %w", err)
		}
		return p.write(initial, document, shared, providers)
	}
	if err := p.write(initial, nil, shared, providers); err != nil {
		return err
	}
	names := []string{mapping.DirectoryFile}
	for _, team := range initial.mapping.Teams {
		names = append(names, team.File)
	}
	for _, dir := range []string{p.dir, p.providerDir()} {
		if err := copyInto(filepath.Join(dir, mappingName), path, names); err != nil {
			return fmt.Errorf("copy the mapping directory: %w", err)
		}
	}
	return nil
}

// copyInto replaces what is at a path by a directory with some files of another.
func copyInto(to, from string, names []string) error {
	if err := errors.Join(os.RemoveAll(to), os.Mkdir(to, 0o755)); err != nil {
		return err
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// write lays the projects out for a mapping: one shared stack, and one stack
// for each account that owns an API. Settings of accounts that own none any
// longer stay, so that their stacks still run and take out what they put in.
//
// shared replaces settings of the shared stack by key, providers those of an
// account's stack.
func (p project) write(initial initialState, document []byte, shared map[string]any, providers map[mapping.AccountID]map[string]any) error {
	if err := os.MkdirAll(p.providerDir(), 0o755); err != nil {
		return fmt.Errorf("make the projects' directories: %w", err)
	}
	files := map[string][]byte{
		filepath.Join(p.dir, mappingName):             document,
		filepath.Join(p.dir, "Pulumi.yaml"):           projectFile(sharedProject),
		filepath.Join(p.providerDir(), "Pulumi.yaml"): projectFile(providerProject),
		filepath.Join(p.providerDir(), mappingName):   document,
	}
	for _, dir := range []string{p.dir, p.providerDir()} {
		// An earlier rehearsal's mapping may have been a directory.
		if err := os.RemoveAll(filepath.Join(dir, mappingName)); err != nil {
			return fmt.Errorf("write the projects: %w", err)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(path, files[path], 0o644); err != nil {
			return fmt.Errorf("write the projects: %w", err)
		}
	}
	for account, apis := range initial.owned() {
		config := initial.config()
		maps.Copy(config, initial.providerConfig(account, apis, p.environment))
		stack := initial.stackName(p.environment, account)
		before, err := readStackFile(p.settingsFile(p.providerDir(), stack))
		if err != nil {
			return err
		}
		certificates, had := before.Config[certificatesKey]
		if _, set := config[certificatesKey]; had && !set {
			// A custom domain keeps its certificate until its host has left.
			config[certificatesKey] = certificates
		}
		maps.Copy(config, providers[account])
		if err := p.writeSettings(p.providerDir(), stack, config); err != nil {
			return err
		}
	}
	config := initial.config()
	maps.Copy(config, initial.sharedConfig(p.environment))
	before, err := readStackFile(p.settingsFile(p.dir, p.environment))
	if err != nil {
		return err
	}
	if _, listed := before.Config[providersKey]; listed || initial.leavesProxy() {
		// Once listed, always: hosts that come back to the proxy come from
		// somewhere.
		if config[providersKey], err = p.providerStacks(); err != nil {
			return err
		}
	}
	maps.Copy(config, shared)
	return p.writeSettings(p.dir, p.environment, config)
}

// The shared stack's setting that names the provider stacks, and any stack's for
// certificates.
const (
	providersKey    = "portico:providers"
	certificatesKey = "portico:certificates"
)

// providerStacks are the full names of all provider stacks that have settings.
func (p project) providerStacks() ([]string, error) {
	names, err := settings.Project{Files: settings.Dir(p.providerDir())}.Stacks()
	if err != nil {
		return nil, fmt.Errorf("find the provider stacks: %w", err)
	}
	var stacks []string
	for _, name := range names {
		if strings.HasPrefix(name, p.environment+"-") {
			stacks = append(stacks, "organization/"+providerProject+"/"+name)
		}
	}
	return stacks, nil
}

func projectFile(name string) []byte {
	return []byte("name: " + name + "\nruntime: go\ndescription: Written by a rehearsal.\n")
}

func (p project) settingsFile(dir, stack string) string {
	return filepath.Join(dir, "Pulumi."+stack+".yaml")
}

// readStackFile reads the settings that an earlier rehearsal wrote, if there was
// one.
func readStackFile(path string) (stackFile, error) {
	var before stackFile
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return before, nil
	}
	if err != nil {
		return before, fmt.Errorf("read the settings of an earlier rehearsal: %w", err)
	}
	if err := yaml.Unmarshal(data, &before); err != nil {
		return before, fmt.Errorf("read the settings of an earlier rehearsal: %s: %w", path, err)
	}
	return before, nil
}

// writeSettings writes a stack's settings and keeps what the engine wrote into
// them.
func (p project) writeSettings(dir, stack string, config map[string]any) error {
	path := p.settingsFile(dir, stack)
	before, err := readStackFile(path)
	if err != nil {
		return err
	}
	data, err := yaml.Marshal(stackFile{EncryptionSalt: before.EncryptionSalt, Config: config})
	if err != nil {
		return fmt.Errorf("write the settings of stack %s: %w", stack, err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("write the settings of stack %s: %w", stack, err)
	}
	return nil
}

// config is what every stack's settings hold.
func (s initialState) config() map[string]any {
	return map[string]any{
		"pulumi:disable-default-providers": []string{"*"},
		"portico:mapping":                  mappingName,
	}
}

func (s initialState) sharedConfig(environment string) map[string]any {
	return map[string]any{
		"portico:app": map[string]any{"name": "portico", "environment": environment},
		"portico:aws": map[string]any{"region": s.region, "accountId": string(s.shared)},
	}
}

func (s initialState) providerConfig(account mapping.AccountID, apis []string, environment string) map[string]any {
	aws := map[string]any{"region": s.region, "accountId": string(account)}
	if role := s.roleARN(account); role != "" {
		aws["roleArn"] = role
	}
	config := map[string]any{
		"portico:aws":    aws,
		"portico:shared": map[string]any{"stack": "organization/" + sharedProject + "/" + environment},
		// A rehearsal publishes what its simulated owners saved.
		"portico:redeploy": true,
		// Some of them have never deployed an API.
		"portico:createStages": true,
	}
	if len(apis) > 0 {
		config["portico:apis"] = apis
	}
	if zones := s.validatedBy(account); s.leavesProxy() && account != s.shared {
		var owned []map[string]any
		for _, zone := range zones {
			owned = append(owned, map[string]any{"name": string(zone), "roleArn": s.validationRoleARN()})
		}
		config[certificatesKey] = map[string]any{"zones": owned}
	}
	return config
}

// owned are the accounts that own an API of the mapping, and for each the IDs
// of the APIs that have a row without an account.
func (s initialState) owned() map[mapping.AccountID][]string {
	owned := make(map[mapping.AccountID][]string)
	for _, row := range s.mapping.Rows {
		account := s.accountOf(row)
		listed := owned[account]
		if row.Account == "" && !slices.Contains(listed, string(row.API.ID)) {
			listed = append(listed, string(row.API.ID))
			slices.Sort(listed)
		}
		owned[account] = listed
	}
	return owned
}

// stackName is an account's stack: by the account's name in the mapping, or by
// its number.
func (s initialState) stackName(environment string, account mapping.AccountID) string {
	for _, known := range s.mapping.Accounts {
		if known.ID == account {
			return environment + "-" + known.Name
		}
	}
	return environment + "-" + string(account)
}
