// Package tagging simulates the Resource Groups Tagging API.
package tagging
