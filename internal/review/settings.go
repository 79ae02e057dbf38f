package review

import (
	"cmp"
	"iter"
	"maps"
	"slices"
)

// SettingsFile is a file of a Pulumi project: the project's own, or the settings
// of one of its stacks.
type SettingsFile struct {
	// Project is the project's directory; "." for the shared account's.
	Project string
	// Stack is the stack's name; empty: the file is the project's own.
	Stack string
	// Path leads to the file from the shared account's project directory.
	Path   string
	Values []SettingsValue
	// Unread reports that the file can't be read at this revision.
	Unread bool
}

// SettingsValue is a value of such a file, in a form that can be shown to anyone.
type SettingsValue struct {
	Key string
	// Text is empty for a secret. Kind is what the value is, in words.
	Text, Kind string
	// Digest tells values apart, secrets too.
	Digest [32]byte
}

// SettingsChange is a value of a settings file that comes, goes or differs.
type SettingsChange struct {
	Project, Stack string
	Key            string
	// Before is nil where the value is new, After where it is gone.
	Before, After *SettingsValue
	// NewFile reports that the file is new, so that everything in it is.
	NewFile bool
}

// settingsID tells the files apart: a file that moves is the same one.
type settingsID struct{ project, stack string }

func (c SettingsChange) id() settingsID { return settingsID{c.Project, c.Stack} }

// compareSettings compares the files value by value, in the order of projects,
// stacks and keys.
func compareSettings(base, head []SettingsFile) []SettingsChange {
	before, after := settingsByID(base), settingsByID(head)
	ids := slices.SortedFunc(eitherKey(before, after), func(a, b settingsID) int {
		return cmp.Or(cmp.Compare(a.project, b.project), cmp.Compare(a.stack, b.stack))
	})
	var changes []SettingsChange
	for _, id := range ids {
		changes = append(changes, compareValues(id, before[id], after[id])...)
	}
	return changes
}

// eitherKey are the keys that either revision has, in no order.
func eitherKey[K comparable, V any](before, after map[K]V) iter.Seq[K] {
	both := maps.Clone(before)
	maps.Copy(both, after)
	return maps.Keys(both)
}

func settingsByID(files []SettingsFile) map[settingsID]*SettingsFile {
	byID := map[settingsID]*SettingsFile{}
	for i := range files {
		byID[settingsID{files[i].Project, files[i].Stack}] = &files[i]
	}
	return byID
}

// compareValues compares a file with itself at another revision; nil: it is not
// there.
func compareValues(id settingsID, before, after *SettingsFile) []SettingsChange {
	old, now := valuesByKey(before), valuesByKey(after)
	var changes []SettingsChange
	for _, key := range slices.Sorted(eitherKey(old, now)) {
		c := SettingsChange{Project: id.project, Stack: id.stack, Key: key, Before: old[key], After: now[key],
			NewFile: before == nil || before.Unread}
		if c.Before == nil || c.After == nil || c.Before.Digest != c.After.Digest {
			changes = append(changes, c)
		}
	}
	return changes
}

func valuesByKey(file *SettingsFile) map[string]*SettingsValue {
	byKey := map[string]*SettingsValue{}
	if file == nil {
		return byKey
	}
	for i := range file.Values {
		byKey[file.Values[i].Key] = &file.Values[i]
	}
	return byKey
}

// stacksRemoved are the stacks whose settings file is gone.
func stacksRemoved(base, head []SettingsFile) []settingsID {
	after := settingsByID(head)
	var gone []settingsID
	for _, file := range base {
		id := settingsID{file.Project, file.Stack}
		if _, stays := after[id]; !stays && file.Stack != "" {
			gone = append(gone, id)
		}
	}
	return gone
}

// FileChange is a file that a revision reads and that no other part of the
// review shows: its contents are not settings or rows, or differ in form only.
type FileChange struct {
	Path string
	// Form reports that comments, order or spelling differ, and no value.
	Form bool
	// LeadsTo is the file that a symbolic link in the path means; empty without one.
	LeadsTo string
}

// compareFiles finds the files that differ and that nothing else tells of.
func compareFiles(r *Review, base, head side) []FileChange {
	if base.Mapping == nil {
		return nil // everything is listed as new
	}
	changed := map[string]bool{}
	for path, digest := range base.Files {
		changed[path] = head.Files[path] != digest
	}
	for path, digest := range head.Files {
		changed[path] = base.Files[path] != digest
	}
	// form are files of values, with whether a value differs.
	form := map[string]bool{}
	differs := map[settingsID]bool{}
	for _, c := range r.Settings {
		differs[c.id()] = true
	}
	for _, file := range slices.Concat(base.Settings, head.Settings) {
		form[file.Path] = differs[settingsID{file.Project, file.Stack}]
	}
	for _, s := range []side{base, head} {
		for _, path := range s.MappingFiles {
			form[path] = len(r.Rows)+len(r.Accounts) > 0 || base.Mapping.Source != head.Mapping.Source
		}
	}
	var changes []FileChange
	for _, path := range slices.Sorted(maps.Keys(changed)) {
		if target := head.Links[path]; target != base.Links[path] && target != "" {
			changes = append(changes, FileChange{Path: path, LeadsTo: target})
			continue
		}
		told, ofValues := form[path]
		if changed[path] && !told {
			changes = append(changes, FileChange{Path: path, Form: ofValues})
		}
	}
	return changes
}
