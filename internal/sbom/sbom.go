package sbom

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // SPDX 2.3, 8.4: each file has this checksum; another one stands beside it
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/aws"
)

// FileName is the name that SPDX recommends for such a document.
const FileName = "sbom.spdx.json"

// Image is what a document describes.
type Image struct {
	// Base is the reference of the image that the build starts from. Required.
	Base string
	// Dockerfile is the name of the file that says how the image is built. Required:
	// one of Files.
	Dockerfile string
	// Files are those of the build context. The image has all of them but the
	// Dockerfile.
	Files []File
	// ContextDigest is the SHA-256 over the build context, in hexadecimal. Required.
	ContextDigest string
}

// File is a file of a build context.
type File struct {
	Name string
	Data []byte
}

// Origin says who made a document, and when.
type Origin struct {
	// Version is the version of Portico. Required.
	Version string
	// Created is the time that the document states. It is the caller's, so that the
	// same input gives the same bytes.
	Created time.Time
}

const (
	documentID = "SPDXRef-DOCUMENT"
	imageID    = "SPDXRef-Image"
	addedID    = "SPDXRef-Added"
	baseID     = "SPDXRef-Base"
	unsaid     = "NOASSERTION"
)

// Write is the document as JSON, which ends in a newline. The same input gives the same
// bytes. An error says that Base is no image's reference.
func Write(image Image, origin Origin) ([]byte, error) {
	base, err := aws.ParseImage(image.Base)
	if err != nil {
		return nil, fmt.Errorf("write bill of materials: base image: %w", err)
	}
	d := document{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: documentID, Name: "portico-proxy",
		CreationInfo: creationInfo{
			Created: origin.Created.UTC().Format("2006-01-02T15:04:05Z"), Creators: []string{"Tool: portico-" + spaceless(origin.Version)},
			Comment: "The time is that of SOURCE_DATE_EPOCH, or 1970-01-01 where that is not set: the same input gives the same document.",
		},
		Comment:   "The base image's packages are not listed: the image scanning of Amazon ECR lists those of the pushed image.",
		Describes: []string{imageID},
	}
	d.Files = filesOf(image.Files)
	added := slices.DeleteFunc(slices.Clone(d.Files), func(f file) bool { return f.Name == pathOf(image.Dockerfile) })
	d.Packages = []spdxPackage{imagePackage(image), addedPackage(added), basePackage(base)}
	d.Relationships = relationships(d.Files, image.Dockerfile)
	if d.Namespace, err = namespace(d); err != nil {
		return nil, err
	}
	return encode(d)
}

func encode(d document) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the locators of packages have &
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("write bill of materials: %w", err)
	}
	return b.Bytes(), nil
}

// namespace is unique to the document (6.5): it has the digest of everything else that
// the document says.
func namespace(d document) (string, error) {
	data, err := encode(d)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("https://github.com/portico-iac/portico/sbom/%x", sha256.Sum256(data)), nil
}

// filesOf are the files with their hashes, sorted by name.
func filesOf(files []File) []file {
	var all []file
	for _, f := range files {
		all = append(all, file{
			ID: fileID(f.Name), Name: pathOf(f.Name), LicenseConcluded: unsaid, LicenseInfoInFiles: []string{unsaid}, CopyrightText: unsaid,
			Checksums: []checksum{
				{"SHA1", fmt.Sprintf("%x", sha1.Sum(f.Data))}, //nolint:gosec // as above
				{"SHA256", fmt.Sprintf("%x", sha256.Sum256(f.Data))},
			},
		})
	}
	slices.SortFunc(all, func(a, b file) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// pathOf is a file's name, which begins with ./ (8.1).
func pathOf(name string) string { return "./" + name }

// fileID is a file's identifier, of letters, digits, dots and hyphens (8.2).
func fileID(name string) string {
	return "SPDXRef-File-" + strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, name)
}

// imagePackage is the image. Its files are the added ones and those of the base, which
// are not known here, so that it says nothing of files (7.8).
func imagePackage(image Image) spdxPackage {
	return spdxPackage{
		ID: imageID, Name: "portico-proxy", VersionInfo: "sha256:" + image.ContextDigest, DownloadLocation: unsaid,
		LicenseConcluded: unsaid, LicenseDeclared: unsaid, CopyrightText: unsaid, Purpose: "CONTAINER",
		Comment: "The version is the digest of the build context. The image's own digest is known once it is built.",
	}
}

// addedPackage is what the build adds to the base.
func addedPackage(files []file) spdxPackage {
	analyzed := spdxPackage{
		ID: addedID, Name: "portico-proxy-configuration", DownloadLocation: unsaid, FilesAnalyzed: true,
		LicenseConcluded: unsaid, LicenseDeclared: unsaid, LicenseInfoFromFiles: []string{unsaid}, CopyrightText: unsaid, Purpose: "OTHER",
		VerificationCode: &verificationCode{verificationOf(files)},
	}
	return analyzed
}

// verificationOf is the package verification code (7.9): the SHA-1 over the files'
// SHA-1s in hexadecimal, sorted.
func verificationOf(files []file) string {
	var sums []string
	for _, f := range files {
		sums = append(sums, f.Checksums[0].Value)
	}
	slices.Sort(sums)
	sum := sha1.Sum([]byte(strings.Join(sums, ""))) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

func basePackage(base aws.Image) spdxPackage {
	p := spdxPackage{
		ID: baseID, Name: base.Registry + "/" + base.Repository, DownloadLocation: unsaid,
		LicenseConcluded: unsaid, LicenseDeclared: unsaid, CopyrightText: unsaid, Purpose: "CONTAINER",
		ExternalRefs: []externalRef{{"PACKAGE-MANAGER", "purl", locator(base)}},
	}
	p.VersionInfo = base.Tag
	if base.Digest == "" {
		p.Comment = "The reference has no digest: which image a build took is not known from it."
		return p
	}
	if p.VersionInfo == "" {
		p.VersionInfo = base.Digest
	}
	p.Checksums = []checksum{{"SHA256", strings.TrimPrefix(base.Digest, "sha256:")}}
	return p
}

// locator is a package URL of type oci.
//
// Source: https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
func locator(base aws.Image) string {
	repository := base.Repository
	purl := "pkg:oci/" + repository[strings.LastIndexByte(repository, '/')+1:]
	if base.Digest != "" {
		purl += "@" + strings.Replace(base.Digest, ":", "%3A", 1)
	}
	purl += "?repository_url=" + base.Registry + "/" + repository
	if base.Tag != "" {
		purl += "&tag=" + base.Tag
	}
	return purl
}

func relationships(files []file, dockerfile string) []relationship {
	all := []relationship{
		{From: documentID, Type: "DESCRIBES", To: imageID},
		{From: imageID, Type: "DESCENDANT_OF", To: baseID},
		{From: imageID, Type: "CONTAINS", To: addedID},
		{From: imageID, Type: "GENERATED_FROM", To: fileID(dockerfile)},
	}
	for _, f := range files {
		if f.ID != fileID(dockerfile) {
			all = append(all, relationship{From: addedID, Type: "CONTAINS", To: f.ID})
		}
	}
	return all
}

// spaceless is a version without the characters that end a tool's name (6.8).
func spaceless(version string) string { return strings.ReplaceAll(version, " ", "-") }
