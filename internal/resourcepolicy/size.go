package resourcepolicy

import (
	"fmt"
	"sort"
	"unicode/utf8"
)

// size counts what the quota counts: characters of the stored document, which
// has its ARNs in full and no white space.
func size(policy []byte) int { return utf8.RuneCount(policy) }

// SizeError says that the policy of an API is larger than the quota.
type SizeError struct {
	APIID string
	Form  DenyForm
	// Size is the length of the smallest form, in characters.
	Size, MaxSize int
	// OwnerSize is the length of the owner's part of it, OthersSize that of other
	// environments'.
	OwnerSize, OthersSize int
	// Rows is the number of rows, Fit how many of them, from the first on, have
	// room.
	Rows, Fit int
	// FirstOut is the Source of the first row that has no room.
	FirstOut string
}

func (e *SizeError) Error() string {
	hint := "give its rows fewer different sets of VERBS, drop paths from PRIVATE_API_URL, spread the rows over several APIs"
	if e.Form == DenyVerbs {
		hint += `, or set denyForm to "notResource", whose policies can be smaller`
	}
	others := ""
	if e.OthersSize > 0 {
		others = fmt.Sprintf(", %d other environments'", e.OthersSize)
	}
	return fmt.Sprintf("write resource policy of API %s: %d rows make %d characters (%d of them the owner's%s) and the quota is %d: "+
		"the first %d rows fit, %s doesn't: ask AWS to raise the quota \"API Gateway resource policy\", or %s",
		e.APIID, e.Rows, e.Size, e.OwnerSize, others, e.MaxSize, e.Fit, e.FirstOut, hint)
}

// tooLarge describes a policy whose every form is above the quota.
func (w *writer) tooLarge() *SizeError {
	forms := w.forms()
	smallest := forms[len(forms)-1]
	// More rows almost always make a longer policy; where they don't (a row
	// that covers earlier ones), the number found is one that fits all the same.
	fit := sort.Search(w.rows(), func(n int) bool {
		return size(w.policy(n+1, smallest)) > w.request.MaxSize
	})
	e := &SizeError{
		APIID: w.request.APIID, Form: w.request.Form,
		Size: size(w.policy(w.rows(), smallest)), MaxSize: w.request.MaxSize,
		OwnerSize: size(w.parts.owner.encode(nil)), OthersSize: w.othersSize(), Rows: w.rows(), Fit: fit,
	}
	if fit < w.rows() {
		e.FirstOut = w.names[fit]
	}
	return e
}
