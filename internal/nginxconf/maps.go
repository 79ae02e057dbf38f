package nginxconf

import "strings"

// Map is a map directive
// (https://nginx.org/en/docs/http/ngx_http_map_module.html).
type Map struct {
	// Comment are the lines that explain the map in the configuration.
	Comment []string
	// Source is the expression that is looked up.
	Source parameter
	// Variable is the map's variable, with its dollar sign.
	Variable string
	// Volatile maps are looked up each time that the variable is read.
	Volatile bool
	Default  parameter
	Entries  []MapEntry
}

// MapEntry is a line of a map.
type MapEntry struct {
	Match, Value parameter
	// keyLength is the length of a literal match; 0 for regular expressions,
	// which NGINX keeps in a list instead of a hash.
	keyLength int
}

// parameter is a directive's parameter as it is written into a configuration:
// in double quotes. The functions below are the only places that make one.
type parameter string

// quoter escapes what NGINX unescapes in double quotes (ngx_conf_read_token).
var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func quoted(s string) parameter { return parameter(`"` + quoter.Replace(s) + `"`) }

// expression is a parameter of this package's own making, in which variables
// are meant as such.
func expression(s string) parameter { return quoted(s) }

// literal is a match that NGINX compares as a string, ignoring case: it folds
// the keys and what is looked up.
func literal(key string, value parameter) MapEntry {
	return MapEntry{Match: quoted(key), Value: value, keyLength: len(key)}
}

// pattern is a match by regular expression, case-sensitive.
func pattern(regex string, value parameter) MapEntry {
	return MapEntry{Match: quoted("~" + regex), Value: value}
}

// patternFold is a match by regular expression, ignoring case.
func patternFold(regex string, value parameter) MapEntry {
	return MapEntry{Match: quoted("~*" + regex), Value: value}
}

// MapHash sizes the hash tables of all maps
// (https://nginx.org/en/docs/hash.html).
type MapHash struct {
	BucketSize, MaxSize int
}

// newMapHash finds sizes with which NGINX builds its tables at the first
// attempt: it tries one number of buckets after another until no bucket
// overflows, and every attempt walks over the keys again.
func newMapHash(maps []Map) MapHash {
	const (
		cacheLine  = 64
		minBuckets = 2048
		// keysPerBucket is how many of the longest keys fit one bucket. With
		// two buckets a key, a bucket of more than eight is a matter of one in
		// millions.
		keysPerBucket = 8
	)
	entries, longest := 0, 0
	for _, m := range maps {
		hashed := 0
		for _, e := range m.Entries {
			if e.keyLength > 0 {
				hashed++
				longest = max(longest, e.keyLength)
			}
		}
		entries = max(entries, hashed)
	}
	// ngx_hash_elt_t: a pointer to the value, then two bytes of length and the
	// key, aligned to a pointer.
	element := 8 + roundUp(2+longest, 8)
	return MapHash{
		BucketSize: min(roundUp(8+keysPerBucket*element, cacheLine), 32*1024),
		MaxSize:    max(minBuckets, 2*entries),
	}
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
