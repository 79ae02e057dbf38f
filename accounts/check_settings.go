package accounts

import (
	"errors"
	"iter"
	"os"
	"path/filepath"

	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// CheckSettings reports every mistake in the settings of an environment's stacks
// and in its mapping, before any stack runs: that of one stack, such as a key that
// is missing, and that between two, such as a provider stack that reads another
// environment's shared stack. The directories are those of the two projects. The
// error has a SettingsErrors or a mapping.Errors.
func CheckSettings(sharedDir, shared, providerDir string, providers []string) error {
	source := func(dir, stack string) settings.Source {
		return settings.Source{Project: settings.Project{Files: settings.Dir(dir), Shown: fromHere(dir)}, Stack: stack}
	}
	environment := settings.Environment{Shared: source(sharedDir, shared)}
	for _, stack := range providers {
		environment.Providers = append(environment.Providers, source(providerDir, stack))
	}
	config, stacks, wrong := environment.Read()
	if config == nil || config.Mapping == "" || config.Mapping == settings.Unknown {
		return wrong
	}
	rows, err := environment.Shared.Project.Mapping(config.Mapping)
	switch {
	case err == nil:
		err = settings.CheckMapping(rows, config, inOrder(stacks))
	case !errors.As(err, new(mapping.Errors)):
		err = nil // the shared stack says it of a file that can't be read
	}
	return errors.Join(wrong, err)
}

// inOrder are the stacks' settings, by name.
func inOrder(stacks []settings.NamedProvider) iter.Seq2[string, *settings.Provider] {
	return func(yield func(string, *settings.Provider) bool) {
		for _, stack := range stacks {
			if !yield(stack.Stack, stack.Settings) {
				return
			}
		}
	}
}

// fromHere is a directory as one would type it, if it is in the working directory.
func fromHere(dir string) string {
	here, err := os.Getwd()
	if err != nil {
		return dir
	}
	if inside, err := filepath.Rel(here, dir); err == nil && filepath.IsLocal(inside) {
		return inside
	}
	return dir
}
