package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Files are where a project's files are read: a directory, a revision of a
// repository.
type Files interface {
	// ReadFile reads a file. An absent file is fs.ErrNotExist.
	ReadFile(name string) ([]byte, error)
	// ReadDir has the names of a directory's entries. An absent directory is
	// fs.ErrNotExist, or has no entries.
	ReadDir(name string) ([]string, error)
}

// Dir is the files of a directory; relative names begin there.
type Dir string

func (d Dir) join(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(string(d), filepath.FromSlash(name))
}

// ReadFile reads a file of the directory, or one with an absolute name.
func (d Dir) ReadFile(name string) ([]byte, error) { return os.ReadFile(d.join(name)) }

// ReadDir has the names of the entries of a directory in this one.
func (d Dir) ReadDir(name string) ([]string, error) {
	entries, err := os.ReadDir(d.join(name))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}

// Project is a directory with a Pulumi project: Pulumi.yaml, and the settings
// files of its stacks.
type Project struct {
	Files Files
	// Dir is the project's directory in Files, with slashes. Default: their
	// root.
	Dir string
	// Shown is put in front of the names of files in messages, such as the
	// path that leads from the user's directory to the root of Files. Default:
	// nothing.
	Shown string
}

// extensions are the ones that Pulumi knows, in the order in which it looks for a
// project's file (Exts of its package encoding).
var extensions = []string{".json", ".yaml", ".yml"}

// file is the name of a file of the project, in Files.
func (p Project) file(name string) string { return path.Join(p.Dir, name) }

// shown is the name of a file of the project, for messages.
func (p Project) shown(name string) string {
	return filepath.Join(p.Shown, filepath.FromSlash(p.file(name)))
}

// readFile reads a file that a setting names, relative to the project's
// directory.
type readFile func(name string) ([]byte, error)

func (p Project) read(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = p.file(name)
	}
	return p.Files.ReadFile(name)
}

// Stacks are the names of the stacks that have a settings file, sorted. There
// are none where there is no such directory.
func (p Project) Stacks() ([]string, error) {
	m, err := p.manifest()
	if err != nil {
		return nil, err
	}
	entries, err := p.entries(m.stackDir)
	if err != nil {
		return nil, err
	}
	var stacks []string
	for _, entry := range entries {
		stack, isSettings := strings.CutPrefix(entry, "Pulumi.")
		stack, read := strings.CutSuffix(stack, m.extension)
		// Pulumi.<stack>.deploy.yaml has the settings of Pulumi Deployments.
		if isSettings && read && stack != "" && !strings.HasSuffix(stack, ".deploy") {
			stacks = append(stacks, stack)
		}
	}
	slices.Sort(stacks)
	return stacks, nil
}

// Name is the project's name; empty: it has no file.
func (p Project) Name() (string, error) {
	m, err := p.manifest()
	return m.name, err
}

func (p Project) entries(dir string) ([]string, error) {
	entries, err := p.Files.ReadDir(p.file(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the stacks of %s: %w", p.shown(dir), err)
	}
	return entries, nil
}

// Engine tells a running program the text that the engine has for a key:
// "portico:mapping". It is GetConfig of a pulumi.Context.
type Engine func(key string) (string, bool)

// Source is where a stack's settings are read.
type Source struct {
	Project
	// Stack is the stack's name.
	Stack string
	// Engine has the values in a running program; the files then say where
	// they are written, and need not exist. Default: the values are those of
	// the files, of which secrets are not known.
	Engine Engine
	// Now is the time at which certificates have to be valid. Default: the
	// present.
	Now time.Time
}

// Shared reads the settings of a shared-services account's stack. The error is
// of type Errors, or fs.ErrNotExist if the stack has no settings file. Beside
// mistakes in single settings the others are read; the settings are nil if a
// file can't be read.
func (s Source) Shared() (*Shared, error) {
	c, m, err := s.readShared()
	if err != nil {
		return nil, err
	}
	return c, m.err()
}

// readShared is Shared with the mistakes as they were collected; the error is
// about a file that can't be read.
func (s Source) readShared() (*Shared, *mistakes, error) {
	c := DefaultShared()
	m, err := s.bind(c)
	if err != nil {
		return nil, nil, err
	}
	c.complete(s.Stack, m.given)
	c.check(m, s.Project.read, s.now())
	return c, m, nil
}

// Provider reads the settings of a provider account's stack. Its errors are as those
// of Shared.
func (s Source) Provider() (*Provider, error) {
	c, m, err := s.readProvider()
	if err != nil {
		return nil, err
	}
	return c, m.err()
}

// readProvider is readShared for a provider account's stack.
func (s Source) readProvider() (*Provider, *mistakes, error) {
	c := DefaultProvider()
	m, err := s.bind(c)
	if err != nil {
		return nil, nil, err
	}
	c.complete(m.given)
	c.check(m, s.Project.read, s.now())
	return c, m, nil
}

func (s Source) now() time.Time {
	if s.Now.IsZero() {
		return time.Now()
	}
	return s.Now
}

// bind fills the fields of target, a pointer to a struct, and collects what is
// wrong with the values' kinds and names.
func (s Source) bind(target any) (*mistakes, error) {
	files, err := s.effective()
	var wrong Errors
	switch {
	case s.Engine != nil && errors.Is(err, fs.ErrNotExist):
	case err != nil && (files.of == nil || !errors.As(err, &wrong)):
		return nil, err
	}
	m := newMistakes(files.file)
	m.incomplete = files.incomplete && s.Engine == nil
	for _, e := range wrong {
		m.all = append(m.all, e)
		if name, ours := strings.CutPrefix(e.Key, Namespace+":"); ours {
			m.unread = append(m.unread, name)
		}
	}
	found := files.of
	if s.Engine != nil {
		m.all = append(m.all, refuseAWSOf(s.Engine, files.file, m.all)...)
		found = s.fromEngine(target, found)
	}
	m.bindMembers(reflect.ValueOf(target).Elem(), "", found)
	return m, nil
}

// fromEngine are the engine's values of the keys that target knows, at their
// places in the files; and what the files have of keys that it doesn't.
func (s Source) fromEngine(target any, files map[string]*value) map[string]*value {
	known := fieldsByKey(reflect.ValueOf(target).Elem())
	all := map[string]*value{}
	for name, v := range files {
		if _, ok := known[name]; !ok {
			all[name] = v
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if given, ok := s.Engine(Namespace + ":" + name); ok {
			all[name] = overlay(files[name], &value{kind: text, text: given})
		}
	}
	return all
}
