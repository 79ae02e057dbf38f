package topology_test

import (
	"flag"
	"testing"
)

// TestMain keeps rapid from writing what it finds into the source tree; a
// failure prints the seed that repeats it.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	m.Run()
}
