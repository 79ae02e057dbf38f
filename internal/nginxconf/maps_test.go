package nginxconf

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// NGINX refuses a table whose bucket is smaller than a key, and tries one number
// of buckets after another while a bucket overflows. An element of the table is
// a pointer, two bytes and the key, aligned to a pointer (ngx_hash_elt_t).
func TestTheMapsHashHasRoomForItsKeys(t *testing.T) {
	keys := func(count, length int) []MapEntry {
		entries := make([]MapEntry, count)
		for i := range entries {
			suffix := strconv.Itoa(i)
			entries[i] = literal(strings.Repeat("k", length-len(suffix))+suffix, parameter("v"))
		}
		return entries
	}
	for sentence, test := range map[string]struct {
		maps []Map
		want MapHash
	}{
		"no maps":                           {nil, MapHash{BucketSize: 192, MaxSize: 2048}},
		"patterns are not hashed":           {[]Map{{Entries: []MapEntry{pattern(strings.Repeat("p", 500), "v")}}}, MapHash{BucketSize: 192, MaxSize: 2048}},
		"a key of six bytes fills a word":   {[]Map{{Entries: keys(1, 6)}}, MapHash{BucketSize: 192, MaxSize: 2048}},
		"a key of seven needs another":      {[]Map{{Entries: keys(1, 7)}}, MapHash{BucketSize: 256, MaxSize: 2048}},
		"the longest key counts":            {[]Map{{Entries: keys(3, 9)}, {Entries: keys(1, 253)}}, MapHash{BucketSize: 2176, MaxSize: 2048}},
		"a bucket has a bound":              {[]Map{{Entries: keys(1, 9000)}}, MapHash{BucketSize: 32768, MaxSize: 2048}},
		"1,024 keys need the fewest":        {[]Map{{Entries: keys(1024, 9)}}, MapHash{BucketSize: 256, MaxSize: 2048}},
		"1,025 keys need two buckets a key": {[]Map{{Entries: keys(1025, 9)}}, MapHash{BucketSize: 256, MaxSize: 2050}},
		"the largest map counts, not all":   {[]Map{{Entries: keys(1500, 9)}, {Entries: keys(1200, 9)}}, MapHash{BucketSize: 256, MaxSize: 3000}},
	} {
		t.Run(sentence, func(t *testing.T) { require.Equal(t, test.want, newMapHash(test.maps)) })
	}
}
