// Package acceptance deploys an environment into real accounts, asks AWS what no
// page of its answers, changes the environment, and deletes it again. What AWS
// answered is kept in a [Record].
//
// TestOnAWS, with the build tag acceptance, is the command: README.md has its line.
package acceptance
