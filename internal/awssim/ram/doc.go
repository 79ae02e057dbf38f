// Package ram simulates resource shares of AWS Resource Access Manager.
package ram
