package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/portico-iac/portico/internal/settings"
)

// tree is the project's files at one revision; paths are relative to the shared
// account's project directory. An absent file is fs.ErrNotExist.
type tree struct {
	// name is the revision as it is told to readers.
	name string
	read func(path string) ([]byte, error)
	// list are the names of the files in a directory; none where it is absent.
	list func(dir string) ([]string, error)
	// leadsTo is the file that a path means by symbolic links, empty without any;
	// nil where files don't follow links.
	leadsTo func(path string) string
}

// ReadFile and ReadDir are read and list, for the reader of settings.
func (t tree) ReadFile(name string) ([]byte, error)  { return t.read(name) }
func (t tree) ReadDir(name string) ([]string, error) { return t.list(name) }

var _ settings.Files = tree{}

// workingTree is the files as they lie in a directory.
func workingTree(dir string) tree {
	return tree{
		name: "the working tree",
		read: func(path string) ([]byte, error) {
			if filepath.IsAbs(path) {
				return os.ReadFile(path)
			}
			return os.ReadFile(filepath.Join(dir, path))
		},
		list: func(sub string) ([]string, error) {
			if !filepath.IsAbs(sub) {
				sub = filepath.Join(dir, sub)
			}
			entries, err := os.ReadDir(sub)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, nil
			}
			names := make([]string, len(entries))
			for i, e := range entries {
				names[i] = e.Name()
			}
			return names, err
		},
		leadsTo: func(path string) string {
			if !filepath.IsLocal(path) {
				return ""
			}
			top, err := filepath.EvalSymlinks(dir)
			if err != nil {
				return ""
			}
			file, err := filepath.EvalSymlinks(filepath.Join(top, path))
			if err != nil || file == filepath.Join(top, path) {
				return ""
			}
			if inside, err := filepath.Rel(top, file); err == nil {
				return filepath.ToSlash(inside)
			}
			return file
		},
	}
}

// git runs git in a directory of a repository.
type git struct {
	ctx context.Context
	dir string
}

func (g git) run(args ...string) ([]byte, error) {
	cmd := exec.CommandContext(g.ctx, "git", append([]string{"-C", g.dir}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// commit is the files at a revision that git knows.
func (g git) commit(revision string) (tree, error) {
	out, err := g.run("rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return tree{}, fmt.Errorf("find the base revision %q: fetch it, or name another with --base: %w", revision, err)
	}
	hash := strings.TrimSpace(string(out))
	object := func(path string) string { return hash + ":./" + filepath.ToSlash(path) }
	return tree{
		name: revision,
		read: func(path string) ([]byte, error) {
			if filepath.IsAbs(path) {
				return nil, fmt.Errorf("read %s at %s: only files of the repository have revisions", path, revision)
			}
			if _, err := g.run("cat-file", "-e", object(path)); err != nil {
				return nil, fmt.Errorf("read %s at %s: %w", path, revision, fs.ErrNotExist)
			}
			return g.run("cat-file", "blob", object(path))
		},
		list: func(sub string) ([]string, error) {
			if _, err := g.run("cat-file", "-e", object(sub)); err != nil {
				return nil, nil //nolint:nilerr // an absent directory has no files
			}
			// Without --full-tree git keeps to the names below its own directory.
			out, err := g.run("ls-tree", "--full-tree", "--name-only", "-z", object(sub))
			if err != nil {
				return nil, err
			}
			return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 }), nil
		},
	}, nil
}

// pathInRepository is a file's path from the repository's top, for links.
func (g git) pathInRepository(file string) string {
	prefix, err := g.run("rev-parse", "--show-prefix")
	if err != nil || filepath.IsAbs(file) {
		return file
	}
	return path.Join(strings.TrimSpace(string(prefix)), filepath.ToSlash(file))
}
