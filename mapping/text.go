package mapping

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// maxText bounds the characters of DESCRIPTION and OWNER, which are columns of
// reports.
const maxText = 256

// checkLine holds free text to one line of characters that print.
func checkLine(text string) *mistake {
	if n := utf8.RuneCountInString(text); n > maxText {
		return &mistake{message: fmt.Sprintf("the text is %d characters long; %d fit a report", n, maxText), fix: "write less", freeText: true}
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return &mistake{message: fmt.Sprintf("the text holds %s", quote(string(r))), fix: "write one line of characters that print", freeText: true}
		}
	}
	return nil
}
