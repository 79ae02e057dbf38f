package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxComment is how long GitHub lets a comment be, in characters ("body is too
// long (maximum is 65536 characters)", the REST API's answer).
const MaxComment = 65536

// section is a part of a document that can be cut between its items.
type section struct {
	// head and tail stand round the items; a section without items has none.
	head, tail string
	items      []string
	// things names the items in the note about those left out.
	things string
	// rank decides who gets room first; 0 before 1.
	rank int
}

// text is the section with its first n items.
func (s *section) text(n int, remedy string) string {
	if len(s.items) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(s.head)
	for _, item := range s.items[:n] {
		b.WriteString(item)
	}
	b.WriteString(s.tail)
	if n < len(s.items) {
		b.WriteString(s.note(len(s.items)-n, remedy))
	}
	return b.String()
}

func (s *section) note(left int, remedy string) string {
	return fmt.Sprintf("\n> **%d %s left out** to keep to the comment's length; %s\n", left, s.things, remedy)
}

// frame is the most that the section takes without any item.
func (s *section) frame(remedy string) int {
	if len(s.items) == 0 {
		return 0
	}
	return len(s.head) + len(s.tail) + len(s.note(len(s.items), remedy))
}

// assemble writes the sections in their order within limit bytes, 0 for no
// limit. Bytes are at least as many as the characters that GitHub counts.
// Sections of a low rank get room before those of a high one, and every
// section stays with at least its head and the note of what was left out.
func assemble(sections []*section, limit int, remedy string) string {
	room := limit
	for _, s := range sections {
		room -= s.frame(remedy)
	}
	shown := make(map[*section]int, len(sections))
	byRank := slices.SortedStableFunc(slices.Values(sections), func(a, b *section) int { return cmp.Compare(a.rank, b.rank) })
	for _, s := range byRank {
		for _, item := range s.items {
			if limit > 0 && len(item) > room {
				break
			}
			room -= len(item)
			shown[s]++
		}
	}
	var b strings.Builder
	for _, s := range sections {
		b.WriteString(s.text(shown[s], remedy))
	}
	return b.String()
}
