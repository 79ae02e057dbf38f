package mapping

import (
	"fmt"

	"github.com/portico-iac/portico/internal/aws"
)

// checkPublicZone holds ROUTE53_PUBLIC_DOMAIN to zones that can hold the
// validation record of the certificate, which is for *.{parent of the host}.
func (r *reader) checkPublicZone(w *row) {
	if w.PublicZone == "" || w.Host == "" || w.Host.Parent().within(w.PublicZone) {
		return
	}
	r.refuse(w, "ROUTE53_PUBLIC_DOMAIN", wrong(
		fmt.Sprintf("zone %s doesn't hold %s, whose certificate it shall validate", quote(string(w.PublicZone)), quote(string(w.Host.Parent()))),
		fmt.Sprintf("write %s or a public zone above it", w.Host.Parent())))
}

// firsts remember, for each key, the first row that had it.
type firsts[K comparable, R any] map[K]*R

// add gives the row that had the key before, or nil.
func (f firsts[K, R]) add(key K, r *R) *R {
	first, found := f[key]
	if !found {
		f[key] = r
		return nil
	}
	return first
}

type (
	// address is where requests arrive.
	address struct {
		host Host
		base BasePath
	}
	// apiKey identifies an API: IDs are unique in a region.
	apiKey struct {
		region string
		id     APIID
	}
	// retiredKey is a row without a route: it shares an address with the row
	// that replaced it, but not API and stage too.
	retiredKey struct {
		address
		api PrivateAPI
	}
)

// checkRows compares rows with each other, each in constant time.
func (r *reader) checkRows(accounts []Account) {
	partitionOfAccount := map[AccountID]string{}
	for _, a := range accounts {
		if role, err := aws.ParseRoleARN(a.RoleARN); err == nil {
			partitionOfAccount[a.ID] = role.Partition
		}
	}
	served, all := firsts[address, row]{}, firsts[retiredKey, row]{}
	owners, zones := firsts[apiKey, row]{}, firsts[Zone, row]{}
	frontDoors := newFrontDoorCheck()
	for i := range r.rows {
		w := &r.rows[i]
		r.checkAddress(w, served, all)
		r.checkOwner(w, owners)
		r.checkPartition(w, partitionOfAccount)
		r.checkZoneAgrees(w, zones)
		r.checkFrontDoor(w, frontDoors)
	}
}

// checkFrontDoor refuses what the row's front door can't do. A row with a value
// that breaks its grammar says nothing about other rows.
func (r *reader) checkFrontDoor(w *row, c *frontDoorCheck) {
	refused := c.row(&w.Row)
	if !w.misread {
		refused = append(refused, c.amongRows(&w.Row)...)
	}
	for _, refusal := range refused {
		r.refuse(w, refusal.Field, wrong(refusal.Reason, refusal.Fix)).refusal = &refusal
	}
}

// checkAddress refuses two rows for one host and base path. A retired row has
// no route, so it may be beside the row that replaced it; beside a row of
// the same API and stage it contradicts it.
func (r *reader) checkAddress(w *row, served firsts[address, row], all firsts[retiredKey, row]) {
	if w.Host == "" {
		return
	}
	here := address{w.Host, w.BasePath}
	if !w.Retired {
		if first := served.add(here, w); first != nil {
			r.refuse(w, "CUSTOM_DOMAIN_URL", wrong(
				fmt.Sprintf("%s is %s already", w.URL(), first.onLineOf("CUSTOM_DOMAIN_URL")),
				"delete one of the two rows, or give one another base path"))
			return
		}
	}
	if w.API.ID == "" {
		return
	}
	if first := all.add(retiredKey{here, w.API}, w); first != nil {
		r.refuse(w, "CUSTOM_DOMAIN_URL", wrong(
			fmt.Sprintf("the row %s has the same host, base path and API", first.onLine()),
			"delete one of the two rows"))
	}
}

// checkOwner refuses one API in two accounts, and an API whose account only
// some of its rows name: the stacks of both would write its resource policy.
func (r *reader) checkOwner(w *row, owners firsts[apiKey, row]) {
	if w.API.ID == "" || w.Account == "" && w.named("ACCOUNT") {
		return
	}
	first := owners.add(apiKey{w.API.Region, w.API.ID}, w)
	if first == nil || first.Account == w.Account {
		return
	}
	there := first.onLineOf("PRIVATE_API_URL")
	switch {
	case w.Account == "":
		r.refuse(w, "PRIVATE_API_URL", wrong(
			fmt.Sprintf("the row of API %s %s names account %s, this one none", w.API.ID, there, first.Account),
			"add ACCOUNT: \""+string(first.Account)+"\" to this row"))
	case first.Account == "":
		r.refuse(w, "ACCOUNT", wrong(
			fmt.Sprintf("the row of API %s %s names no account, this one %s", w.API.ID, there, w.Account),
			"add ACCOUNT: \""+string(w.Account)+"\" to that row"))
	default:
		r.refuse(w, "ACCOUNT", wrong(
			fmt.Sprintf("API %s belongs to account %s %s and to %s here", w.API.ID, first.Account, there, w.Account),
			"write the account that owns the API in both rows"))
	}
}

// named reports whether the file gives the row the key, be it with a mistake.
func (w *row) named(key string) bool { return w.at(key).path != w.path }

// checkPartition refuses an account with APIs in two partitions, which share
// no accounts.
func (r *reader) checkPartition(w *row, partitionOfAccount map[AccountID]string) {
	if w.Account == "" || w.API.Partition == "" {
		return
	}
	known, found := partitionOfAccount[w.Account]
	if !found {
		partitionOfAccount[w.Account] = w.API.Partition
		return
	}
	if known != w.API.Partition {
		r.refuse(w, "ACCOUNT", wrong(
			fmt.Sprintf("account %s is in partition %s elsewhere in the file, and this row's API in %s", w.Account, known, w.API.Partition),
			"write an account of the API's partition"))
	}
}

// checkZoneAgrees refuses two public zones for one certificate name.
func (r *reader) checkZoneAgrees(w *row, zones firsts[Zone, row]) {
	if w.Retired || w.PublicZone == "" || w.Host == "" {
		return
	}
	first := zones.add(w.Host.Parent(), w)
	if first != nil && first.PublicZone != w.PublicZone {
		r.refuse(w, "ROUTE53_PUBLIC_DOMAIN", wrong(
			fmt.Sprintf("the certificate %s is validated in %s according to %s", w.Host.Wildcard(), first.PublicZone, first.lineOf("ROUTE53_PUBLIC_DOMAIN")),
			"write one zone for all hosts with this parent domain"))
	}
}
