package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/portico-iac/portico/internal/nginxconf"
	"github.com/portico-iac/portico/internal/sbom"
)

// emptied takes an earlier render's files out of a directory, so that none of
// them is mistaken for a part of the new one. It is an error if the directory
// holds anything that no render wrote.
func emptied(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look into the output directory: %w", err)
	}
	if !isRender(dir) {
		return fmt.Errorf("write the build context: %s holds files, but no earlier render: "+
			"name an empty directory or a new one", dir)
	}
	var foreign []string
	for _, entry := range entries {
		if name := entry.Name(); !entry.Type().IsRegular() || !isRendered(name) {
			foreign = append(foreign, name)
		}
	}
	if len(foreign) > 0 {
		return fmt.Errorf("write the build context: %s holds what no render wrote: %s: "+
			"move it away, or name another directory", dir, strings.Join(foreign, ", "))
	}
	for _, entry := range entries {
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("take the earlier render away: %w", err)
		}
	}
	return nil
}

// isRender reports whether a directory holds a rendered context. Every version
// of the entrypoint reads the variables of its contract, and no other
// script does.
func isRender(dir string) bool {
	script, err := os.ReadFile(filepath.Join(dir, "entrypoint.sh"))
	return err == nil && bytes.Contains(script, []byte("PORTICO_UPSTREAMS"))
}

func isRendered(name string) bool {
	return name == nginxconf.DockerfileName || name == "entrypoint.sh" || name == sbom.FileName || filepath.Ext(name) == ".conf"
}
