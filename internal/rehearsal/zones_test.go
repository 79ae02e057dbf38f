package rehearsal

import "testing"

// TestNamesComeAndGoBelowAHostThatIsCalled has rows come below the name of a host that
// clients call, and go: neither a new zone nor a new record may hide the host, since
// resolvers keep the answer that there is no such name for 900 seconds.
func TestNamesComeAndGoBelowAHostThatIsCalled(t *testing.T) {
	host := []string{"a aaaaaaaaaa/dev"}
	below := append(host[:1:1], "x.a bbbbbbbbbb/dev")
	further := append(below[:2:2], "z.y.x.a cccccccccc/dev")
	m := newRepointed(t, (*frontDoorChange).up, host, further)
	for _, rows := range [][]string{below, further, host} {
		m.up(repointedRows(rows...))
		m.update(t.Context())
		m.requireAnswers()
	}
	m.end()
}
