// Package sbom writes software bills of materials, SPDX 2.3 documents in JSON: of the
// proxy's image, with the base image's reference and the hashes of the files that the
// build adds to it, and of a release's archive, with the modules that are linked into
// its program.
//
// That of an image lists no packages of operating systems. Which of them the base has is
// not known from a reference; Amazon ECR's image scanning lists those of the pushed
// image.
//
// Source: https://spdx.github.io/spdx-spec/v2.3/, whose clauses are named beside the
// fields.
package sbom
