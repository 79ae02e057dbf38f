// Package sbom writes the software bill of materials of the proxy's image: an SPDX 2.3
// document in JSON, with the base image's reference and the hashes of the files that
// the build adds to it.
//
// It lists no packages of operating systems. Which of them the base has is not known
// from a reference; Amazon ECR's image scanning lists those of the pushed image.
//
// Source: https://spdx.github.io/spdx-spec/v2.3/, whose clauses are named beside the
// fields.
package sbom
