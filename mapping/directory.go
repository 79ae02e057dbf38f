package mapping

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DirectoryFile is the file of a mapping directory that names the accounts and
// the teams.
const DirectoryFile = "portico.yaml"

// IsDirectory reports whether the path is a directory, and so a mapping of
// several teams.
func IsDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func loadDirectory(dir string) (*Mapping, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return ParseDirectory(dir, names, func(name string) ([]byte, error) {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, maxFile+1))
	})
}

// ParseDirectory reads a mapping directory: portico.yaml with ACCOUNTS and TEAMS,
// and a file of APIS for each team. source names the directory in messages and in
// the mapping, names are its files', in any order, and read gives the content of
// one. The error is Errors, with every mistake of all files, or says which file
// could not be read.
func ParseDirectory(source string, names []string, read func(name string) ([]byte, error)) (*Mapping, error) {
	d := &directory{source: source, names: names, read: read, reader: &reader{}}
	m := &Mapping{Source: source}
	if err := d.parse(m); err != nil {
		return nil, err
	}
	if len(d.reader.errs) > 0 {
		return nil, d.reader.errs.sort()
	}
	m.Digest = m.digest()
	return m, nil
}

// directory is a mapping directory while it is read. Its reader goes from file to
// file.
type directory struct {
	source string
	names  []string
	read   func(name string) ([]byte, error)
	reader *reader
	size   int
}

func (d *directory) parse(m *Mapping) error {
	r := d.reader
	data, err := d.open(DirectoryFile)
	if errors.Is(err, fs.ErrNotExist) {
		r.reportAt(1, 1, "", wrong("the directory has no "+DirectoryFile, "write one with ACCOUNTS and TEAMS, or name a mapping file"))
		return nil
	}
	if err != nil {
		return err
	}
	root := r.document(data)
	if root == nil {
		return nil
	}
	readTop(r, root, directoryFields, m)
	if err := d.parseTeams(m); err != nil {
		return err
	}
	d.refuseOthers(m.Teams)
	r.team = nil
	r.relate(m)
	if len(m.Rows) == 0 && len(r.errs) == 0 {
		r.source = d.path(DirectoryFile)
		r.reportAt(1, 1, "TEAMS", wrong("no team has a row, which leaves nothing to serve", "write a row in a team's file; `portico destroy` takes an environment down"))
	}
	return nil
}

// parseTeams reads the teams' files in the order of TEAMS.
func (d *directory) parseTeams(m *Mapping) error {
	for i := range m.Teams {
		team := &m.Teams[i]
		if team.File == "" {
			continue // its mistake is reported
		}
		d.reader.team = nil
		data, err := d.open(team.File)
		if errors.Is(err, fs.ErrNotExist) {
			d.reader.source = team.Pos.File
			d.reader.reportAt(team.Pos.Line, team.Pos.Column, team.Path(),
				wrong("the directory has no "+team.File, "write the file with APIS: [] or the team's rows, or delete the team"))
			continue
		}
		if err != nil {
			return err
		}
		d.reader.team = team
		if root := d.reader.document(data); root != nil {
			readTop(d.reader, root, teamFileFields, m)
		}
	}
	return nil
}

// open reads a file, whose mistakes the reader reports from now on.
func (d *directory) open(name string) ([]byte, error) {
	d.reader.source = d.path(name)
	if !slices.Contains(d.names, name) {
		return nil, fs.ErrNotExist
	}
	data, err := d.read(name)
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	if d.size += len(data); d.size > maxFile {
		return nil, fmt.Errorf("read mapping: the files of %s are larger than 64 MiB together: divide the rows among several environments with a mapping each", d.source)
	}
	return data, nil
}

func (d *directory) path(name string) string { return filepath.Join(d.source, name) }

// refuseOthers refuses YAML files that are no team's: they look like rows that are
// deployed, such as those of a team that was deleted from TEAMS.
func (d *directory) refuseOthers(teams []Team) {
	known := map[string]bool{DirectoryFile: true}
	for i := range teams {
		known[teams[i].File] = true
	}
	d.reader.team = nil
	for _, name := range d.names {
		if extension := strings.ToLower(filepath.Ext(name)); known[name] || extension != ".yaml" && extension != ".yml" {
			continue
		}
		d.reader.source = d.path(name)
		d.reader.reportAt(1, 1, "", wrong("no team of "+DirectoryFile+" has this file", "add a team with FILE: "+name+", or delete the file: its rows are not deployed"))
	}
}
