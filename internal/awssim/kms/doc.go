// Package kms simulates keys of AWS KMS that exist: what they are, and who may use them.
package kms
