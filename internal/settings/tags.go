package settings

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ownTags are the keys of Portico's own tags: those by which it finds what an
// interrupted run left, and Name, which every resource has of its own.
var ownTags = []string{"Name", "app", "environment", "managed-by"}

// AWS's limits of tags (AWS general reference, Tagging AWS resources): characters
// of a key and of a value, and tags of a resource.
const (
	maxTagKey   = 128
	maxTagValue = 256
	maxTags     = 50
)

// checkTags holds tags to what all services take: letters, digits, spaces and
// _ . : / = + - @.
func checkTags(m *mistakes, tags map[string]string) {
	const characters = "write letters, digits, spaces and _ . : / = + - @"
	spelled := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		if other, twice := spelled[strings.ToLower(name)]; twice {
			m.add("tags."+name, "IAM takes it and "+other+" for one tag, since it doesn't tell capitals from small letters", "keep one of them")
		}
		spelled[strings.ToLower(name)] = name
		key, value := "tags."+name, tags[name]
		switch {
		case slices.Contains(ownTags, name):
			m.add(key, "the tag is Portico's own", "take it out; portico:app names the installation, and Name is each resource's own")
		case strings.HasPrefix(strings.ToLower(name), "aws:"):
			m.add(key, "tags that begin with aws: are AWS's own", "write another key")
		case name == "" || utf8.RuneCountInString(name) > maxTagKey || !isTagText(name):
			m.add(key, fmt.Sprintf("%s is no key of a tag", strconv.Quote(name)), fmt.Sprintf("%s, at most %d characters", characters, maxTagKey))
		case value != Unknown && (utf8.RuneCountInString(value) > maxTagValue || !isTagText(value)):
			m.add(key, fmt.Sprintf("%s is no value of a tag", strconv.Quote(value)), fmt.Sprintf("%s, at most %d characters", characters, maxTagValue))
		}
	}
	m.check(len(tags)+len(ownTags) <= maxTags, "tags", fmt.Sprintf("there are %d tags beside Portico's %d, and AWS takes %d of a resource", len(tags), len(ownTags), maxTags), "take some out")
}

func isTagText(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" _.:/=+-@", r)
	})
}
