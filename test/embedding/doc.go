// Package embedding builds the example program of examples/embedding, which
// lies in a module of its own, and runs it on simulated accounts.
package embedding
