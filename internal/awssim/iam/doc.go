// Package iam simulates roles and policies.
package iam
