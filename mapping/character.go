package mapping

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/runenames"
	"gopkg.in/yaml.v3"
)

// Text that is copied from a document, a chat or a web page brings characters
// along that don't show, or that look like others. No value but DESCRIPTION and
// OWNER may hold any, and a message that shows the value doesn't help to find
// them: it gives their code, their name and their place instead.

// maxCharacters bounds how many characters of one value are reported.
const maxCharacters = 8

// oddCharacter is a character that a value can't hold and that its reader
// doesn't see for what it is.
type oddCharacter struct {
	char rune
	// at is its offset in the value, in bytes.
	at int
	// twin is what it looks like; empty: it doesn't show.
	twin string
	// freeText reports that the value is free text.
	freeText bool
}

// oddCharacters are those of a value that holds ASCII, in its order. A letter is
// one if it looks like a letter of the ASCII ones beside it: in a word of its own
// script it is what it seems to be.
func oddCharacters(value string) []oddCharacter {
	var odd []oddCharacter
	for at, char := range value {
		twin := twinOf(char)
		switch {
		case char >= ' ' && char < 0x7f, char == utf8.RuneError:
		case !shows(char):
			odd = append(odd, oddCharacter{char: char, at: at})
		case twin != "" && (!unicode.IsLetter(char) || isWide(char) || amongASCII(value, at)):
			odd = append(odd, oddCharacter{char: char, at: at, twin: twin})
		}
		if len(odd) == maxCharacters {
			break
		}
	}
	return odd
}

// unprintable are the characters that free text can't hold.
func unprintable(text string) []oddCharacter {
	var odd []oddCharacter
	for at, char := range text {
		if !unicode.IsPrint(char) && char != utf8.RuneError && len(odd) < maxCharacters {
			odd = append(odd, oddCharacter{char: char, at: at, freeText: true})
		}
	}
	return odd
}

// shows reports whether a character leaves ink: no space, control, format or
// joining character, no filler, and none without a meaning of its own.
func shows(char rune) bool {
	const brailleBlank = '\u2800'
	return unicode.IsGraphic(char) && !unicode.IsSpace(char) && char != brailleBlank &&
		!unicode.In(char, unicode.Zs, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// twins are the characters that look like one of ASCII, by what they look like.
// Letters are Cyrillic, Greek and Armenian ones (Unicode's confusables.txt).
var twins = map[string]string{
	".": "․。｡·", "-": "‐‑‒–—―−⁃﹘﹣", "/": "⁄∕⧸", ":": "∶˸ː꞉﹕", "*": "∗⁎", ",": "‚、﹐", "_": "‗", "~": "∼˜",
	`"`: "“”„‟″«»", "'": "‘’‛′`´",
	"a": "аɑα", "c": "сϲ", "d": "ԁ", "e": "е", "g": "ɡ", "h": "һ", "i": "іıι", "j": "ј", "k": "κ", "n": "ո", "o": "оοօ", "p": "рρ",
	"q": "ԛ", "s": "ѕ", "u": "υս", "v": "νѵ", "w": "ԝ", "x": "х", "y": "у",
	"A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "H": "НΗ", "I": "ІΙ", "J": "Ј", "K": "КΚ", "M": "МΜ", "N": "Ν", "O": "ОΟ", "P": "РΡ",
	"S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Y": "ҮΥ", "Z": "Ζ",
}

// The full-width forms are the characters of ASCII in the width of East Asian
// ones (Unicode, Halfwidth and Fullwidth Forms).
const (
	firstWide = '！'
	lastWide  = '～'
)

func isWide(char rune) bool { return firstWide <= char && char <= lastWide }

// twinOf is the character of ASCII that another one looks like; empty: none.
func twinOf(char rune) string {
	if isWide(char) {
		return string(char - firstWide + '!')
	}
	if char <= unicode.MaxASCII {
		return ""
	}
	for ascii, others := range twins {
		if strings.ContainsRune(others, char) {
			return ascii
		}
	}
	return ""
}

// amongASCII reports whether the word around a letter has a letter of ASCII, or is a
// number but for that letter.
func amongASCII(value string, at int) bool {
	const ends = "./:@ "
	begin := strings.LastIndexAny(value[:at], ends) + 1
	end := len(value)
	if i := strings.IndexAny(value[at:], ends); i >= 0 {
		end = at + i
	}
	word := value[begin:end]
	others := strings.IndexFunc(word, func(r rune) bool { return r > unicode.MaxASCII }) != strings.LastIndexFunc(word, func(r rune) bool { return r > unicode.MaxASCII })
	return strings.ContainsFunc(word, func(r rune) bool {
		return r <= unicode.MaxASCII && (unicode.IsLetter(r) || !others && unicode.IsDigit(r))
	})
}

// controls are the names of control characters that files have by mistake;
// Unicode gives them none.
var controls = map[rune]string{
	0: "NULL", '\b': "BACKSPACE", '\t': "CHARACTER TABULATION", '\n': "LINE FEED", '\v': "LINE TABULATION", '\f': "FORM FEED",
	'\r': "CARRIAGE RETURN", 0x1b: "ESCAPE", 0x7f: "DELETE", 0x85: "NEXT LINE",
}

// characterName is a character's code and name: "U+00A0 NO-BREAK SPACE".
func characterName(char rune) string {
	name := runenames.Name(char)
	switch {
	case controls[char] != "":
		name = controls[char]
	case unicode.IsControl(char):
		name = "(a control character)"
	case name == "":
		name = "(not assigned)"
	case char == '\ufeff':
		name += " (byte order mark)"
	}
	return strings.TrimSpace(fmt.Sprintf("%U %s", char, name))
}

// mistakeIn is what is wrong with a value that holds the character.
func (o oddCharacter) mistakeIn(value string) *mistake {
	message := quote(value) + " holds " + characterName(o.char)
	switch {
	case o.char == '\n' || o.char == '\r':
		return wrong(message+", which ends a line", "write one line")
	case o.twin == "" && o.freeText && unicode.IsSpace(o.char):
		return wrong(message+", which doesn't show", "write a plain space, or delete it")
	case o.twin == "":
		return wrong(message+", which doesn't show", "delete it")
	}
	return wrong(message+", which looks like "+quoteMark(o.twin), "write "+quoteMark(o.twin)+" in its place")
}

// quoteMark quotes a character of ASCII, in single quotes where it is a double
// one.
func quoteMark(ascii string) string {
	if ascii == `"` {
		return `'"'`
	}
	return `"` + ascii + `"`
}

// of is the mistake, or the first odd character of the value that has it.
func (m *mistake) of(value string) *mistake {
	if m == nil {
		return nil
	}
	if odd := m.characters(value); len(odd) > 0 {
		return odd[0].mistakeIn(value)
	}
	_, named := m.withCharacter(value)
	return named
}

// withCharacter is the mistake with the first character outside ASCII that the value
// holds, and where that is; its place is 0 where there is none. No value but free text
// holds such characters.
func (m *mistake) withCharacter(value string) (at int, named *mistake) {
	part, from := m.about(value)
	at = strings.IndexFunc(part, func(r rune) bool { return r > unicode.MaxASCII && r != utf8.RuneError })
	if at < 0 || m.freeText || strings.Contains(m.message, outsideASCII) {
		return 0, m
	}
	char, _ := utf8.DecodeRuneInString(part[at:])
	copied := *m
	copied.message += ": it holds " + characterName(char) + ", " + outsideASCII
	return from + at, &copied
}

// outsideASCII ends what is said of a character that no host and no name has.
const outsideASCII = "which is outside ASCII"

// about is the part of the value that the mistake is about, and its offset.
func (m *mistake) about(value string) (part string, from int) {
	if i := strings.Index(value, m.part); m.part != "" && i >= 0 {
		return m.part, i
	}
	return value, 0
}

// characters are the odd characters of a value that has a mistake: of the part
// that the mistake is about, where it names one.
func (m *mistake) characters(value string) []oddCharacter {
	if m.freeText {
		return unprintable(value)
	}
	part, from := m.about(value)
	odd := oddCharacters(part)
	for i := range odd {
		odd[i].at += from
	}
	return odd
}

// place is where a part of a scalar's text is in the file: the line and the
// column of the byte at that offset. Where the file has the text in another form,
// escaped, folded or by an alias, it is the place of the value.
func (r *reader) place(n *yaml.Node, at int) (line, column int) {
	text := r.textFrom(n.Line, n.Column)
	for _, quotes := range []string{"", `"`, "'"} {
		if bytes.HasPrefix(text, []byte(quotes+n.Value[:at])) && !strings.ContainsAny(n.Value[:at], "\n\\") {
			return n.Line, n.Column + len(quotes) + utf8.RuneCountInString(n.Value[:at])
		}
	}
	return n.Line, n.Column
}

// textFrom is the file's text from a line and a column on; nothing where there is
// no file.
func (r *reader) textFrom(line, column int) []byte {
	if line < 1 || line > len(r.lines()) {
		return nil
	}
	text := r.data[r.lines()[line-1]:]
	for range column - 1 {
		_, size := utf8.DecodeRune(text)
		text = text[size:]
	}
	return text
}

// lines are the offsets at which the file's lines begin.
func (r *reader) lines() []int {
	if r.lineStarts == nil {
		r.lineStarts = []int{0}
		for i, c := range r.data {
			if c == '\n' || c == '\r' && (i+1 == len(r.data) || r.data[i+1] != '\n') {
				r.lineStarts = append(r.lineStarts, i+1)
			}
		}
	}
	return r.lineStarts
}

// oddNear is the first odd character in a line of a file that isn't YAML, or in
// the line before: the parser stumbles where the character has had its effect.
func oddNear(data []byte, line int) (at, column int, odd oddCharacter, found bool) {
	lines := bytes.Split(data, []byte("\n"))
	for _, at := range []int{line, line - 1} {
		if at < 1 || at > len(lines) {
			continue
		}
		text, _, _ := strings.Cut(string(lines[at-1]), " #")
		text = strings.TrimSuffix(text, "\r")
		for _, odd := range oddCharacters(text) {
			if odd.char != '\t' { // has a message of its own
				return at, utf8.RuneCountInString(text[:odd.at]) + 1, odd, true
			}
		}
	}
	return 0, 0, odd, false
}
