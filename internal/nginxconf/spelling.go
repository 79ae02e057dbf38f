package nginxconf

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// longestParameter is how long a parameter of NGINX's configuration may be; its
// own limit is 4,096 bytes with what is around it (NGX_CONF_BUFFER).
const longestParameter = 3900

// spelling writes the regular expression of one path in all its spellings.
// Characters are subroutines, each defined once, since each has many spellings.
type spelling struct {
	// definitions are the subroutines, by number from 1 on.
	definitions []string
	// numbers are those of the subroutines, by what they match.
	numbers map[string]int
}

// oddSpelling is the regular expression, case ignored, of how paths begin that
// servers are known to read as the path or as one below it; docs/data-path.md has
// the sources:
//
//   - any character percent-encoded, encoded again, or in an overlong form of
//     UTF-8;
//   - several slashes, encoded ones and backslashes in place of one, and segments
//     of nothing but parameters between them;
//   - parameters behind a segment (";x"), dots and spaces at its end, an extension
//     (".json"), an encoded question mark or number sign;
//   - letters in another case.
//
// It matches the plain spelling too, which the narrower row takes itself. Of a
// path that is too long for a parameter it matches the first segments, so that
// requests for paths beside it are refused with it.
func oddSpelling(path string) string { return spelledPath(path, (*spelling).end) }

// longBehind is the regular expression, case ignored, of the same paths where what
// follows the last segment's name is longer than may be compared with every row:
// each row that begins with these segments would walk over it.
func longBehind(path string) string { return spelledPath(path, (*spelling).long) }

// spelledPath is a path whose last segment's name is followed by what end matches.
func spelledPath(path string, end func(*spelling) string) string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for ; ; segments = segments[:len(segments)-1] {
		s := &spelling{numbers: make(map[string]int)}
		match := s.path(segments, end)
		expression := `(?(DEFINE)` + strings.Join(s.definitions, "") + `)` + match
		if len(quoted(expression)) <= longestParameter || len(segments) == 1 {
			return expression
		}
	}
}

func (s *spelling) path(segments []string, end func(*spelling) string) string {
	before := s.before()
	var b strings.Builder
	for i, segment := range segments {
		b.WriteString(before + `++`)
		for _, c := range []byte(segment) {
			b.WriteString(s.character(c))
		}
		if i < len(segments)-1 {
			b.WriteString(s.end())
		}
	}
	return b.String() + end(s)
}

// end is what may follow a segment's name.
func (s *spelling) end() string {
	behind := s.subroutine("behind", func() string { return s.mark() + s.parameter() + `*+` })
	return `(?:` + behind + `|$|(?=` + s.slash() + `))`
}

// mark is what servers take for the end of a segment's name inside the segment.
func (s *spelling) mark() string {
	return `(?:[.; ]|` + strings.Join([]string{s.encoded('.'), s.encoded(';'), s.encoded(' '), s.encoded('?'), s.encoded('#')}, "|") + `)`
}

// parameter is a character of a segment's parameters: all up to the next slash.
func (s *spelling) parameter() string { return `(?:(?!` + s.slash() + `).)` }

// How much of a path may follow the name of a segment that several narrower rows
// share: so many characters behind a mark, or so many segments that are empty or
// have no more than that.
const (
	longestShared  = 128
	mostEmptyAfter = 4
)

func (s *spelling) long() string {
	// PCRE compiles what a quantifier repeats as often as it says.
	const piece = 16
	pieces := s.subroutine("piece", func() string { return fmt.Sprintf(`%s{%d}`, s.parameter(), piece) })
	tooMany := fmt.Sprintf(`%s{%d}`, pieces, longestShared/piece)
	before := s.before()
	return fmt.Sprintf(`(?:%s%s|%s{0,%d}?%s(?:;|%s)%s|%s{%d})`,
		s.mark(), tooMany, before, mostEmptyAfter, s.slash(), s.encoded(';'), tooMany, before, mostEmptyAfter+2)
}

func (s *spelling) slash() string {
	return s.subroutine("slash", func() string {
		return `[/\\]|` + s.encoded('/') + `|` + s.encoded('\\')
	})
}

// before is a slash with a segment that is empty without its parameters ("/;x"):
// servers that take parameters out read several slashes.
func (s *spelling) before() string {
	slash := s.slash()
	return s.subroutine("before", func() string {
		return slash + `(?:(?:;|` + s.encoded(';') + `)` + s.parameter() + `*+)?+`
	})
}

// longestBeginning is how many bytes of empty segments a path may begin with, and
// mostEncodings how often a percent sign may be encoded again. Each narrower row's
// expression walks over them, so one long path would cost a worker milliseconds
// for every few rows.
const (
	longestBeginning = 128
	mostEncodings    = 32
)

// tooLong is the regular expression of what exceeds that.
func tooLong() string {
	s := &spelling{numbers: make(map[string]int)}
	before := s.before()
	return fmt.Sprintf(`(?(DEFINE)%s)(?:%s++(?<=(?s:.{%d}))|(?s:.*?)%%(?:25){%d})`, strings.Join(s.definitions, ""), before, longestBeginning, mostEncodings)
}

// subroutine is a call of what define writes, which is defined once.
func (s *spelling) subroutine(name string, define func() string) string {
	number, found := s.numbers[name]
	if !found {
		s.definitions = append(s.definitions, "")
		number = len(s.definitions)
		s.numbers[name] = number
		s.definitions[number-1] = `(` + define() + `)`
	}
	return fmt.Sprintf(`(?%d)`, number)
}

// character is a character of the path, in either case where it is a letter.
func (s *spelling) character(c byte) string {
	return s.subroutine(string(c), func() string {
		cases := []byte{c}
		for _, other := range [][]byte{bytes.ToUpper([]byte{c}), bytes.ToLower([]byte{c})} {
			if other[0] != c {
				cases = append(cases, other[0])
			}
		}
		spellings := []string{regexp.QuoteMeta(string(c))}
		for _, c := range cases {
			spellings = append(spellings, s.encoded(c))
		}
		return strings.Join(spellings, "|")
	})
}

// encoded is a character that isn't written as itself.
func (s *spelling) encoded(c byte) string {
	const continuation = 0x80
	overlong := s.subroutine(fmt.Sprintf("overlong%d", c>>6), func() string {
		second := s.byteOf(continuation | c>>6)
		return s.byteOf(0xC0|c>>6) + `|(?:` + s.byteOf(0xE0) + `|` + s.byteOf(0xF0) + s.byteOf(continuation) + `)` + second
	})
	return s.percent() + s.digits(c) + `|` + overlong + s.byteOf(continuation|c&0x3f)
}

// byteOf is a byte of a longer character, encoded or not.
func (s *spelling) byteOf(c byte) string {
	return fmt.Sprintf(`(?:\x%02x|%s%s)`, c, s.percent(), s.digits(c))
}

func (s *spelling) percent() string {
	return s.subroutine("percent", func() string { return `%(?:25)*+` })
}

// digits are the two digits of a percent-encoded byte, which may be encoded too.
func (s *spelling) digits(c byte) string {
	var b strings.Builder
	for _, digit := range []byte(fmt.Sprintf("%02x", c)) {
		b.WriteString(s.subroutine("digit "+string(digit), func() string {
			either := string(digit)
			if digit >= 'a' {
				return fmt.Sprintf(`%s|%s[46]%x`, either, s.percent(), digit&0xf)
			}
			return fmt.Sprintf(`%s|%s3%s`, either, s.percent(), either)
		}))
	}
	return b.String()
}
