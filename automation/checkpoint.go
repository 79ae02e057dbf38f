package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
)

// A backend of files (file://) may be unreadable when the engine, or its
// machine, has died while it wrote there.
//
//   - Beside each file lies another with attributes, dev.json.attrs, which the
//     backend writes in place before it renames the file's new contents into
//     place. Cut off, it keeps the backend from a checkpoint that is whole. The
//     backend needs none of the attributes and does without the file.
//   - A checkpoint itself is cut off if the machine went down before the
//     contents of the renamed file reached the disk. Beside it lies the one
//     before, dev.json.bak.

// unreadable reports whether a run failed because the backend's files can't be
// read, so that it has done nothing.
func unreadable(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "failed to load checkpoint: ") ||
		strings.Contains(err.Error(), `read ".pulumi/meta.yaml": `))
}

// readably tries once more what failed because of unreadable files, if they
// could be mended.
func (r *run) readably(ctx context.Context, s Stack, note func(string), try func() error) error {
	err := try()
	if !unreadable(err) {
		return err
	}
	mended, wrong := r.mend(ctx, s)
	for _, m := range mended {
		note(m)
	}
	switch {
	case wrong != nil:
		return fmt.Errorf("%w: mend it: %w", err, wrong)
	case len(mended) == 0:
		return err
	}
	return try()
}

// mend makes a stack's files readable again, where the backend is one of files,
// and returns what it did.
func (r *run) mend(ctx context.Context, s Stack) (mended []string, err error) {
	workspace, err := r.workspace(ctx, s)
	if err != nil {
		return nil, err
	}
	who, err := workspace.WhoAmIDetails(ctx)
	if err != nil {
		return nil, err
	}
	root, ok := directoryOf(who.URL, s.Dir)
	if !ok {
		return nil, nil
	}
	project, err := workspace.ProjectSettings(ctx)
	if err != nil {
		return nil, err
	}
	return mendCheckpoint(filepath.Join(root, ".pulumi"), project.Name.String(), s.Name)
}

// directoryOf is where a backend of files lies; relative URLs begin at dir, and
// those with a tilde at the home directory, as the CLI takes them.
func directoryOf(url, dir string) (string, bool) {
	path, ok := strings.CutPrefix(url, "file://")
	if !ok {
		return "", false
	}
	path, _, _ = strings.Cut(path, "?")
	if rest, ok := strings.CutPrefix(path, "~"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", false
		}
		return filepath.Join(home, rest), true
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return path, true
}

// mendCheckpoint mends the files of one stack below a backend's directory.
func mendCheckpoint(root, project, stack string) (mended []string, err error) {
	var wrong []error
	note := func(message string, err error) {
		if message != "" {
			mended = append(mended, message)
		}
		wrong = append(wrong, err)
	}
	note(mendAttributes(filepath.Join(root, "meta.yaml")))
	checkpoint := filepath.Join(root, "stacks", project, stack+".json")
	for _, compression := range []encoding.Compression{encoding.CompressionNone, encoding.CompressionGzip, encoding.CompressionZstd} {
		note(mendAttributes(checkpoint + compression.Ext()))
		note(restore(checkpoint + compression.Ext()))
	}
	return mended, errors.Join(wrong...)
}

// mendAttributes takes away a file's attributes if they are cut off.
func mendAttributes(file string) (message string, err error) {
	data, err := os.ReadFile(file + ".attrs")
	if errors.Is(err, fs.ErrNotExist) || err == nil && json.Valid(data) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if err := os.Remove(file + ".attrs"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return fmt.Sprintf("an engine died while it wrote %[1]s.attrs: removed it; %[1]s is whole without it", file), nil
}

// restore puts a checkpoint's backup in its place if the checkpoint is cut off
// and the backup is not.
func restore(checkpoint string) (message string, err error) {
	data, err := os.ReadFile(checkpoint)
	if errors.Is(err, fs.ErrNotExist) || err == nil && whole(data) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	backup, err := os.ReadFile(checkpoint + ".bak")
	if err == nil && !whole(backup) {
		err = errors.New("it is cut off too")
	}
	if err != nil {
		return "", fmt.Errorf("restore %s from its backup: %w: take an older one from the directory backups beside stacks", checkpoint, err)
	}
	info, err := os.Stat(checkpoint)
	if err != nil {
		return "", err
	}
	restored := checkpoint + ".restored"
	if err := os.WriteFile(restored, backup, info.Mode().Perm()); err != nil {
		return "", err
	}
	if err := os.Rename(restored, checkpoint); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s was cut off when a machine died: restored it from %[1]s.bak, the state before its last change", checkpoint), nil
}

// whole reports whether a checkpoint can be read to its end.
func whole(checkpoint []byte) bool {
	var file struct {
		Version    int
		Checkpoint json.RawMessage
	}
	format := encoding.Compress(encoding.JSON, encoding.DetectCompression(checkpoint))
	return format.Unmarshal(checkpoint, &file) == nil && file.Version > 0 && len(file.Checkpoint) > 0
}
