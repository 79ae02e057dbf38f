// Package ecr simulates image repositories and their images.
package ecr
