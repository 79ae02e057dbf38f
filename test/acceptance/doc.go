// Package acceptance deploys an environment into real accounts, asks AWS what no
// page of its answers, changes the environment, and deletes it again. What AWS
// answered is kept in a [Record].
//
// test/acceptance/run is the command.
package acceptance
