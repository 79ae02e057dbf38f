// Package controls says which controls of AWS Security Hub the resources of a
// stack meet. A verdict follows from the properties that a program registers. The
// numbers and titles are those of the Security Hub user guide, section "Security
// Hub controls reference".
package controls
