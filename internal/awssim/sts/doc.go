// Package sts simulates data sources about the caller, its region and its
// partition.
package sts
