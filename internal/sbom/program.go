package sbom

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Archive is an archive of a release, with one program in it.
type Archive struct {
	// Name is the archive's file name. Required.
	Name string
	// SHA256 is the archive's digest in hexadecimal. Required.
	SHA256 string
	// Build is what the Go tool has recorded in the program. Required.
	Build *debug.BuildInfo
}

const archiveID = "SPDXRef-Archive"

// WriteArchive is a document as JSON, which ends in a newline: the archive, and the Go
// modules and the standard library that are linked into its program. It states the time
// of the program's commit, or 1970-01-01 where that is not recorded, so that the same
// archive gives the same bytes.
func WriteArchive(archive Archive) ([]byte, error) {
	created := time.Unix(0, 0)
	for _, s := range archive.Build.Settings {
		if s.Key != "vcs.time" {
			continue
		}
		var err error
		if created, err = time.Parse(time.RFC3339, s.Value); err != nil {
			return nil, fmt.Errorf("write bill of materials of %s: time of the commit: %w", archive.Name, err)
		}
	}
	d := document{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: documentID, Name: archive.Name,
		CreationInfo: creationInfo{
			Created: created.UTC().Format("2006-01-02T15:04:05Z"), Creators: []string{"Tool: portico-" + spaceless(archive.Build.Main.Version)},
			Comment: "The time is that of the commit: the same archive gives the same document.",
		},
		Comment:   "The packages are the Go modules that the Go tool has recorded in the program, and the standard library.",
		Describes: []string{archiveID},
	}
	d.Packages = append([]spdxPackage{archivePackage(archive)}, modulePackages(archive.Build)...)
	d.Relationships = []relationship{{From: documentID, Type: "DESCRIBES", To: archiveID}}
	for _, p := range d.Packages[1:] {
		d.Relationships = append(d.Relationships, relationship{From: archiveID, Type: "CONTAINS", To: p.ID})
	}
	var err error
	if d.Namespace, err = namespace(d); err != nil {
		return nil, err
	}
	return encode(d)
}

func archivePackage(archive Archive) spdxPackage {
	return spdxPackage{
		ID: archiveID, Name: archive.Name, VersionInfo: archive.Build.Main.Version, DownloadLocation: unsaid,
		Checksums:        []checksum{{"SHA256", archive.SHA256}},
		LicenseConcluded: unsaid, LicenseDeclared: "Apache-2.0", CopyrightText: unsaid, Purpose: "APPLICATION",
		ExternalRefs: []externalRef{{"PACKAGE-MANAGER", "purl", golang(archive.Build.Main.Path, archive.Build.Main.Version)}},
	}
}

// modulePackages are the standard library and the modules, sorted by path. The hash of
// go.sum is over a module's tree and none of SPDX's algorithms, so that it is a comment.
func modulePackages(build *debug.BuildInfo) []spdxPackage {
	modules := []*debug.Module{{Path: "stdlib", Version: strings.TrimPrefix(build.GoVersion, "go")}}
	for _, m := range build.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, m)
	}
	slices.SortFunc(modules[1:], func(a, b *debug.Module) int { return strings.Compare(a.Path, b.Path) })
	var all []spdxPackage
	for i, m := range modules {
		p := spdxPackage{
			ID: fmt.Sprintf("SPDXRef-Module-%d", i), Name: m.Path, VersionInfo: m.Version, DownloadLocation: unsaid,
			LicenseConcluded: unsaid, LicenseDeclared: unsaid, CopyrightText: unsaid, Purpose: "LIBRARY",
			ExternalRefs: []externalRef{{"PACKAGE-MANAGER", "purl", golang(m.Path, m.Version)}},
		}
		if m.Sum != "" {
			p.Comment = "go.sum: " + m.Sum
		}
		all = append(all, p)
	}
	return all
}

// golang is a package URL of type golang, whose names are in lower case.
//
// Source: https://github.com/package-url/purl-spec/blob/main/types-doc/golang-definition.md
func golang(path, version string) string {
	return "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
}
