// Package doctor says why a custom domain doesn't answer. It reads what exists in
// the accounts through a Reader, follows a request's path from the DNS name to the
// API's resource policy, and names the first thing that is wrong, what to do, and
// what it could not read. docs/design/doctor.md has the steps and their reasons.
package doctor
