package main

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/mapping"
)

// warningsOf are the warnings about a mapping. Where it has rows of several
// regions they say which shared stack takes which.
func warningsOf(m *mapping.Mapping, path, dir string) []mistake {
	warnings := mappingMistakes(m.Warnings())
	regions := m.Regions()
	if len(regions) < 2 {
		return warnings
	}
	taken := takenBy(sharedStacksOf(path, dir), regions)
	for i := range warnings {
		if strings.HasSuffix(warnings[i].Path, ".PRIVATE_API_URL") {
			warnings[i].Message += taken
		}
	}
	return warnings
}

// takenBy says which of the stacks takes the rows of which region; nothing where
// there are none.
func takenBy(stacks []stackRegion, regions []string) string {
	if len(stacks) == 0 {
		return ""
	}
	var parts []string
	for _, region := range regions {
		var names []string
		for _, s := range stacks {
			if s.region == region {
				names = append(names, s.stack)
			}
		}
		by := "stack " + strings.Join(names, ", ")
		if len(names) == 0 {
			by = "no stack here"
		}
		parts = append(parts, by+" takes "+region)
	}
	return ": " + strings.Join(parts, ", ")
}

// stackRegion is a shared stack and its region.
type stackRegion struct{ stack, region string }

// sharedStacksOf are the stacks of the project in dir whose settings name the
// mapping. Their mistakes are for the commands that run them.
func sharedStacksOf(path, dir string) []stackRegion {
	wanted, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	project := settings.Project{Files: settings.Dir(dir)}
	names, err := project.Stacks()
	if err != nil {
		return nil
	}
	var stacks []stackRegion
	for _, name := range names {
		c, _ := settings.Source{Project: project, Stack: name}.Shared()
		if c == nil || c.AWS.Region == "" || c.AWS.Region == settings.Unknown {
			continue
		}
		own := c.Mapping
		if !filepath.IsAbs(own) {
			own = filepath.Join(dir, filepath.FromSlash(own))
		}
		if own, err := filepath.Abs(own); err == nil && own == wanted {
			stacks = append(stacks, stackRegion{name, c.AWS.Region})
		}
	}
	slices.SortFunc(stacks, func(a, b stackRegion) int { return cmp.Compare(a.stack, b.stack) })
	return stacks
}
