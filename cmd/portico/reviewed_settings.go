package main

import (
	"cmp"
	"crypto/sha256"
	"path"
	"slices"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/settings"
)

// recorded is a tree that reads each file once, and keeps its digest: at a commit
// each reading starts git twice.
func recorded(files tree) (tree, map[string][sha256.Size]byte, map[string]string) {
	type answer struct {
		data []byte
		err  error
	}
	digests, links, answers := map[string][sha256.Size]byte{}, map[string]string{}, map[string]answer{}
	read := files.read
	files.read = func(name string) ([]byte, error) {
		name = path.Clean(name)
		known, found := answers[name]
		if !found {
			known.data, known.err = read(name)
			answers[name] = known
			if known.err == nil {
				digests[name] = sha256.Sum256(known.data)
				if files.leadsTo != nil && files.leadsTo(name) != "" {
					links[name] = files.leadsTo(name)
				}
			}
		}
		return known.data, known.err
	}
	return files, digests, links
}

// writtenSettings are the files of an environment's projects and stacks, value by
// value. A file that can't be read has none.
func writtenSettings(project settings.Project, environment string) []review.SettingsFile {
	var files []review.SettingsFile
	add := func(p settings.Project, stack string, written settings.WrittenFile, err error) {
		if written.Name == "" && err == nil {
			return
		}
		file := review.SettingsFile{Project: cmp.Or(p.Dir, "."), Stack: stack, Path: path.Clean(written.Name), Unread: err != nil}
		for _, v := range written.Values {
			file.Values = append(file.Values, review.SettingsValue(v))
		}
		files = append(files, file)
	}
	provider := project
	provider.Dir = automation.ProviderProject
	environments, _ := project.Stacks() // an error is told by described
	names, _ := provider.Stacks()
	for _, p := range []struct {
		settings.Project
		stacks []string
	}{
		{project, []string{environment}},
		{provider, automation.ProviderStacks(environment, environments, names)},
	} {
		written, err := p.WrittenManifest()
		add(p.Project, "", written, err)
		for _, stack := range slices.Sorted(slices.Values(p.stacks)) {
			written, err := settings.Source{Project: p.Project, Stack: stack}.WrittenStack()
			add(p.Project, stack, written, err)
		}
	}
	return files
}
