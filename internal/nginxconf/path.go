package nginxconf

import (
	"fmt"
	"strings"
)

// refusedTarget is the regular expression, case ignored, of request targets
// that are answered with 400.
//
// The proxy routes by the raw path and forwards it byte for byte, and so must
// never see a path that an API behind it could read as leading elsewhere:
// dot segments (RFC 3986, section 5.2.4), with their dots and slashes spelt in
// any way that one server or another is known to undo, encoded again and again;
// a dot segment with parameters ("..;x", which Java servers read as ".."); a
// backslash in place of a slash. Control characters have no place in a path,
// and a fragment none in a request's target (RFC 9112, section 3.2).
// $portico_refused_path is the path, by which the row is found whose pages may read
// the refusal.
func refusedTarget() string {
	dot := `(?:\.|` + hidden('.') + `)`
	slash := `(?:[/\\]|` + hidden('/') + `|` + hidden('\\') + `)`
	end := `(?:$|[?;]|` + hidden(';') + `|` + slash + `)`
	dotSegment := slash + dot + `{1,2}` + end
	control := `%(?:[01][0-9a-f]|7f)`
	return `^(?=(?<portico_refused_path>/[^?#]*+)?+)(?:[^?]*?(?:` + dotSegment + `|` + control + `)|.*?#)`
}

// hidden is the regular expression of a character that isn't written as itself:
// percent-encoded, or in an overlong form of UTF-8 (RFC 3629, section 3) of
// two to four bytes, which may be encoded or not.
func hidden(c byte) string {
	byteOf := func(c byte) string { return fmt.Sprintf(`(?:\x%02x|%s)`, c, encoded(c)) }
	const continuation = 0x80
	last := byteOf(continuation | c&0x3f)
	first, none := continuation|c>>6, byteOf(continuation)
	forms := []string{
		encoded(c),
		byteOf(0xC0|c>>6) + last,
		byteOf(0xE0) + byteOf(first) + last,
		byteOf(0xF0) + none + byteOf(first) + last,
	}
	return strings.Join(forms, `|`)
}

// encoded is the regular expression of a percent-encoded byte. The percent
// sign may have been encoded again any number of times, as encoders do that
// meet their own work, and the two digits as well, as only an attacker does:
// every spelling that two decodings undo is refused, and the usual spelling of
// any number.
func encoded(c byte) string {
	// Possessive, or a long path of nothing else would exceed PCRE's limits. It
	// takes nothing that has to be given back: no byte looked for is 25, a percent
	// sign.
	const percent = `%(?:25)*+`
	var b strings.Builder
	b.WriteString(percent)
	for _, digit := range fmt.Sprintf("%02x", c) {
		spellings := []string{string(digit), percent + fmt.Sprintf("%02x", digit)}
		if digit >= 'a' {
			spellings = append(spellings, percent+fmt.Sprintf("%02x", digit-'a'+'A'))
		}
		b.WriteString(`(?:` + strings.Join(spellings, `|`) + `)`)
	}
	return b.String()
}
