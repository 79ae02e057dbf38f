package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/portico-iac/portico/mapping"
)

// Mapping reads the mapping that a setting names: a file, or a directory with a file
// for each team.
func (p Project) Mapping(name string) (*mapping.Mapping, error) {
	source := filepath.FromSlash(name)
	if !filepath.IsAbs(source) {
		source = p.shown(name)
	}
	in := func(file string) string { return filepath.ToSlash(filepath.Join(name, file)) }
	if _, err := p.read(in(mapping.DirectoryFile)); err == nil {
		names, err := p.Files.ReadDir(p.place(name))
		if err != nil {
			return nil, fmt.Errorf("read mapping: %w", err)
		}
		return mapping.ParseDirectory(source, names, func(file string) ([]byte, error) { return p.read(in(file)) })
	}
	data, err := p.read(name)
	if err != nil {
		return nil, err
	}
	return mapping.Parse(source, data)
}

// place is where a file that a setting names is in Files.
func (p Project) place(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return p.file(name)
}

// exists reports whether there is a mapping of the name: fs.ErrNotExist where there
// is none.
func (p Project) exists(name string) error {
	_, err := p.read(filepath.ToSlash(filepath.Join(name, mapping.DirectoryFile)))
	if err != nil {
		_, err = p.read(name)
	}
	return err
}

// sameMapping reports whether two settings name mappings of one meaning. A file with
// mistakes has the meaning of its copies, and a directory with mistakes its own.
func sameMapping(own Project, name string, other Project, otherName string) bool {
	if own.place(name) == other.place(otherName) {
		return true
	}
	a, err := own.Mapping(name)
	b, otherErr := other.Mapping(otherName)
	if err == nil && otherErr == nil {
		return a.Digest == b.Digest
	}
	var mistakes mapping.Errors
	if !errors.As(err, &mistakes) && !errors.As(otherErr, &mistakes) {
		return true // that they can't be read is reported elsewhere
	}
	text, err := own.read(name)
	otherText, otherErr := other.read(otherName)
	return err == nil && otherErr == nil && bytes.Equal(text, otherText)
}

// isAbsent reports whether an error says that there is no such file.
func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
