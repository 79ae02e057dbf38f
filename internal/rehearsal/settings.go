package rehearsal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/automation"
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
	// account may be a name of the mapping's ACCOUNTS.
	account, region, roleARN string
	// zones are public zones of other accounts into which the stack writes
	// validation records.
	zones []validationZone
}

// validationZone is a public hosted zone, and the ARN of the role by which records
// are written into it.
type validationZone struct {
	Name    mapping.Zone `yaml:"name"`
	RoleARN string       `yaml:"roleArn"`
}

// findSettings reads the settings of the shared stack's project and of the
// provider accounts', and keeps those that name the mapping file.
func findSettings(dir, mappingFile string) (*projectSettings, error) {
	want, err := os.Stat(mappingFile)
	if err != nil {
		return nil, fmt.Errorf("find the mapping: %w", err)
	}
	found := new(projectSettings)
	for _, project := range []struct{ name, dir string }{
		{sharedProject, dir},
		{providerProject, filepath.Join(dir, filepath.FromSlash(automation.ProviderProject))},
	} {
		entries, err := os.ReadDir(project.dir)
		if err != nil {
			// No such project: nothing there names the mapping.
			continue
		}
		for _, entry := range entries {
			stack, ok := stackOf(entry.Name())
			if !ok {
				continue
			}
			s, named, err := readSettings(filepath.Join(project.dir, entry.Name()), want)
			if err != nil {
				return nil, err
			}
			if named {
				s.name, s.project = stack, project.name
				found.stacks = append(found.stacks, s)
			}
		}
	}
	return found, nil
}

// stackOf is the stack whose settings a file holds: dev of Pulumi.dev.yaml.
func stackOf(file string) (string, bool) {
	stack, isPulumi := strings.CutPrefix(file, "Pulumi.")
	stack, isYAML := strings.CutSuffix(stack, ".yaml")
	return stack, isPulumi && isYAML && stack != ""
}

// readSettings reads what a settings file says of its account, and whether it
// names the mapping.
func readSettings(path string, wanted os.FileInfo) (stackSettings, bool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return stackSettings{}, false, fmt.Errorf("read the stack's settings: %w", err)
	}
	var file struct {
		Config struct {
			Mapping string `yaml:"portico:mapping"`
			AWS     struct {
				Region    string `yaml:"region"`
				AccountID string `yaml:"accountId"`
				RoleARN   string `yaml:"roleArn"`
			} `yaml:"portico:aws"`
			Certificates struct {
				Zones []validationZone `yaml:"zones"`
			} `yaml:"portico:certificates"`
		} `yaml:"config"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return stackSettings{}, false, fmt.Errorf("read the stack's settings: %s: %w", path, err)
	}
	named := file.Config.Mapping
	if named == "" {
		return stackSettings{}, false, nil
	}
	if !filepath.IsAbs(named) {
		named = filepath.Join(filepath.Dir(path), named)
	}
	aws := file.Config.AWS
	info, err := os.Stat(named)
	// Where nothing is, there isn't the wanted mapping either.
	isWanted := err == nil && os.SameFile(info, wanted)
	return stackSettings{
		account: aws.AccountID, region: aws.Region, roleARN: aws.RoleARN, zones: file.Config.Certificates.Zones,
	}, isWanted, nil
}

// beginning is what stands before Portico in the accounts that the settings
// name.
func (s *projectSettings) beginning(m *mapping.Mapping) beginning {
	b := beginning{mapping: m, shared: sharedAccount, region: regionOf(m)}
	for _, stack := range s.stacks {
		if stack.project == sharedProject {
			if stack.account != "" {
				b.shared = mapping.AccountID(stack.account)
			}
			if stack.region != "" {
				b.region = stack.region
			}
		}
		if stack.roleARN != "" {
			b.roles = append(b.roles, stack.roleARN)
		}
		b.zones = append(b.zones, stack.zones...)
	}
	return b
}
