package rehearsal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// projectSettings are what the settings files of a project directory say of the
// stacks that work on a mapping.
type projectSettings struct {
	stacks []stackSettings
}

// stackSettings is one of them.
type stackSettings struct {
	name string
	// project is the Pulumi project's name.
	project string
	// shared reports that the stack is a shared-services account's.
	shared bool
	// account may be a name of the mapping's ACCOUNTS.
	account, region, roleARN string
	// zones are public zones of other accounts into which the stack writes
	// validation records.
	zones []validationZone
	// keys are the ARNs of keys of AWS KMS.
	keys []string
}

// validationZone is a public hosted zone, and the ARN of the role by which records
// are written into it.
type validationZone struct {
	Name    mapping.Zone
	RoleARN string
}

// findSettings reads the settings of the shared stack's project and of the
// provider accounts', and keeps those that name the mapping file. Mistakes in
// them are for the stacks' programs to report; a file that can't be read is an
// error.
func findSettings(dir, mappingFile string) (*projectSettings, error) {
	wanted, err := os.Stat(mappingFile)
	if err != nil {
		return nil, fmt.Errorf("find the mapping: %w", err)
	}
	found := new(projectSettings)
	for _, role := range []struct {
		dir, project string
		read         func(settings.Source) (stackSettings, string, error)
	}{
		{"", sharedProject, sharedStackSettings},
		{automation.ProviderProject, providerProject, providerStackSettings},
	} {
		project := settings.Project{Files: settings.Dir(dir), Dir: role.dir, Shown: dir}
		name, err := project.Name()
		if err != nil {
			return nil, err
		}
		stacks, err := project.Stacks()
		if err != nil {
			return nil, err
		}
		for _, stack := range stacks {
			s, named, err := role.read(settings.Source{Project: project, Stack: stack})
			if err != nil {
				return nil, err
			}
			if !isFile(wanted, filepath.Join(dir, filepath.FromSlash(role.dir)), named) {
				continue
			}
			s.name, s.project = stack, role.project
			if name != "" {
				s.project = name
			}
			found.stacks = append(found.stacks, s)
		}
	}
	return found, nil
}

// isFile reports whether a path, relative to dir, leads to a file.
func isFile(wanted os.FileInfo, dir, path string) bool {
	if path == "" {
		return false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	info, err := os.Stat(path)
	return err == nil && os.SameFile(info, wanted)
}

func sharedStackSettings(source settings.Source) (s stackSettings, mappingFile string, err error) {
	c, err := source.Shared()
	if c == nil {
		return s, "", unlessAbsent(err)
	}
	s = settingsOf(c.AWS, c.Certificates)
	s.shared = true
	for _, key := range []string{c.KMS.Logs, c.KMS.ECR} {
		if key != "" && key != settings.Unknown && !slices.Contains(s.keys, key) {
			s.keys = append(s.keys, key)
		}
	}
	return s, c.Mapping, nil
}

func providerStackSettings(source settings.Source) (s stackSettings, mappingFile string, err error) {
	c, err := source.Provider()
	if c == nil {
		return s, "", unlessAbsent(err)
	}
	return settingsOf(c.AWS, c.Certificates), c.Mapping, nil
}

// unlessAbsent is the error unless a file has vanished in the meantime.
func unlessAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// settingsOf are those of a stack that matter here. What is a secret is not
// known.
func settingsOf(aws settings.AWS, certificates settings.Certificates) stackSettings {
	known := func(text string) string {
		if text == settings.Unknown {
			return ""
		}
		return text
	}
	s := stackSettings{account: known(aws.AccountID), region: known(aws.Region), roleARN: known(aws.RoleARN)}
	for _, zone := range certificates.Zones {
		if known(zone.Name) != "" && known(zone.RoleARN) != "" {
			s.zones = append(s.zones, validationZone{mapping.Zone(zone.Name), zone.RoleARN})
		}
	}
	return s
}

// initialState is what exists before the first deployment in the accounts that
// the settings name.
func (s *projectSettings) initialState(m *mapping.Mapping) initialState {
	initial := initialState{mapping: m, shared: sharedAccount, region: regionOf(m)}
	for _, stack := range s.stacks {
		if stack.shared {
			if stack.account != "" {
				initial.shared = mapping.AccountID(stack.account)
			}
			if stack.region != "" {
				initial.region = stack.region
			}
		}
		if stack.roleARN != "" {
			initial.roles = append(initial.roles, stack.roleARN)
		}
		initial.zones = append(initial.zones, stack.zones...)
		initial.keys = append(initial.keys, stack.keys...)
	}
	return initial
}
