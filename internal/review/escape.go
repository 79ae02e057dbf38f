package review

import (
	"fmt"
	"strings"
	"unicode"
)

// code shows a value of a grammar, such as a host or an API's ID. No such
// grammar has a backtick or a "|", which are all that would end a code span in
// a table's cell.
func code[T ~string](value T) string { return "`" + string(value) + "`" }

// named shows what is of a grammar as code, and all else verbatim.
func named(text string) string {
	if strings.ContainsAny(text, "`|\n\r<>") {
		return verbatim(text)
	}
	return code(text)
}

func codes[T ~string](values []T) string {
	shown := make([]string, len(values))
	for i, v := range values {
		shown[i] = code(v)
	}
	return strings.Join(shown, ", ")
}

// verbatim shows text of no grammar, such as an OWNER, as itself whatever it
// holds: references aren't taken for markup (CommonMark 0.31, section 2.5), and
// the element keeps GitHub from linking mentions, issues and addresses.
func verbatim(text string) string { return "<code>" + references(text, " -,()/'") + "</code>" }

// sentence shows a message in which values of the file are quoted: what could
// be markup is written as references, and an empty comment after "@" and "#"
// keeps them from being taken for mentions and issues.
func sentence(text string) string {
	return strings.NewReplacer("&#64;", "&#64;<!-- -->", "&#35;", "&#35;<!-- -->").
		Replace(references(text, " -,()/'\".;=+?%"))
}

// references writes all of ASCII but letters, digits and the plain characters
// as numeric character references, and what doesn't print as spaces.
func references(text, plain string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', r > 0x7f && unicode.IsPrint(r),
			strings.ContainsRune(plain, r):
			b.WriteRune(r)
		case !unicode.IsPrint(r):
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// count is such as "1 row", "3 rows" or "2 policies".
func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "y"):
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// tableRow is a row of a GitHub table.
func tableRow(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }
