// Command ofarchive writes the bill of materials of a release's archive, portico in a
// gzipped tar, by what the Go tool has recorded in the program: ofarchive ARCHIVE DOCUMENT.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/portico-iac/portico/internal/sbom"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: ofarchive ARCHIVE DOCUMENT")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(archive, document string) error {
	data, err := os.ReadFile(archive)
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	program, err := programOf(data)
	if err != nil {
		return fmt.Errorf("read archive %s: %w", archive, err)
	}
	build, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("read what the program of %s was built from: %w", archive, err)
	}
	text, err := sbom.WriteArchive(sbom.Archive{Name: filepath.Base(archive), SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), Build: build})
	if err != nil {
		return err
	}
	if err := os.WriteFile(document, text, 0o644); err != nil { //nolint:gosec // it is published
		return fmt.Errorf("write bill of materials: %w", err)
	}
	return nil
}

func programOf(data []byte) ([]byte, error) {
	zipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	for entries := tar.NewReader(zipped); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it has no portico: ofarchive takes archives of Portico's releases")
		}
		if err != nil {
			return nil, err
		}
		if path.Base(header.Name) == "portico" && header.Typeflag == tar.TypeReg {
			return io.ReadAll(entries)
		}
	}
}
