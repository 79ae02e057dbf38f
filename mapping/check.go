package mapping

import (
	"fmt"
)

// checkPublicZone holds ROUTE53_PUBLIC_DOMAIN to zones that can hold the
// validation record of the certificate, which is for *.{parent of the host}.
func (r *reader) checkPublicZone(w *row) {
	if w.PublicZone == "" || w.Host == "" || w.Host.Parent().within(w.PublicZone) {
		return
	}
	r.report(w.at("ROUTE53_PUBLIC_DOMAIN"), wrong(
		fmt.Sprintf("zone %s doesn't hold %s, whose certificate it shall validate", quote(string(w.PublicZone)), quote(string(w.Host.Parent()))),
		fmt.Sprintf("write %s or a public zone above it", w.Host.Parent())))
}

// firsts remember, for each key, the first row that had it.
type firsts[K comparable] map[K]*row

// add gives the row that had the key before, or nil.
func (f firsts[K]) add(key K, w *row) *row {
	first, found := f[key]
	if !found {
		f[key] = w
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
		if parts := roleARN.FindStringSubmatch(a.RoleARN); parts != nil {
			partitionOfAccount[a.ID] = parts[1]
		}
	}
	served, all := firsts[address]{}, firsts[retiredKey]{}
	owners, zones := firsts[apiKey]{}, firsts[Zone]{}
	hosts, stages, modes := firsts[Host]{}, firsts[stageKey]{}, firsts[apiKey]{}
	for i := range r.rows {
		w := &r.rows[i]
		r.checkAddress(w, served, all)
		r.checkOwner(w, owners)
		r.checkPartition(w, partitionOfAccount)
		r.checkZoneAgrees(w, zones)
		r.checkHost(w, hosts)
		r.checkVerbs(w, stages)
		r.checkAccessMode(w, modes)
	}
}

// checkAddress refuses two rows for one host and base path. A retired row has
// no route, so it may stand beside the row that replaced it; beside a row of
// the same API and stage it contradicts it.
func (r *reader) checkAddress(w *row, served firsts[address], all firsts[retiredKey]) {
	if w.Host == "" {
		return
	}
	here := address{w.Host, w.BasePath}
	if !w.Retired {
		if first := served.add(here, w); first != nil {
			r.report(w.at("CUSTOM_DOMAIN_URL"), wrong(
				fmt.Sprintf("%s%s is on line %d already", w.Host, w.BasePath, first.at("CUSTOM_DOMAIN_URL").Line),
				"delete one of the two rows, or give one another base path"))
			return
		}
	}
	if w.API.ID == "" {
		return
	}
	if first := all.add(retiredKey{here, w.API}, w); first != nil {
		r.report(w.at("CUSTOM_DOMAIN_URL"), wrong(
			fmt.Sprintf("the row on line %d has the same host, base path and API", first.Pos.Line),
			"delete one of the two rows"))
	}
}

// checkOwner refuses one API in two accounts, and an API whose account only
// some of its rows name: the stacks of both would write its resource policy.
func (r *reader) checkOwner(w *row, owners firsts[apiKey]) {
	if w.API.ID == "" || w.Account == "" && w.named("ACCOUNT") {
		return
	}
	first := owners.add(apiKey{w.API.Region, w.API.ID}, w)
	if first == nil || first.Account == w.Account {
		return
	}
	line := first.at("PRIVATE_API_URL").Line
	switch {
	case w.Account == "":
		r.report(w.at("PRIVATE_API_URL"), wrong(
			fmt.Sprintf("the row of API %s on line %d names account %s, this one none", w.API.ID, line, first.Account),
			"add ACCOUNT: \""+string(first.Account)+"\" to this row"))
	case first.Account == "":
		r.report(w.at("ACCOUNT"), wrong(
			fmt.Sprintf("the row of API %s on line %d names no account, this one %s", w.API.ID, line, w.Account),
			"add ACCOUNT: \""+string(w.Account)+"\" to that row"))
	default:
		r.report(w.at("ACCOUNT"), wrong(
			fmt.Sprintf("API %s belongs to account %s on line %d and to %s here", w.API.ID, first.Account, line, w.Account),
			"write the account that owns the API in both rows"))
	}
}

// named tells whether the file gives the row the key, be it with a mistake.
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
		r.report(w.at("ACCOUNT"), wrong(
			fmt.Sprintf("account %s is in partition %s elsewhere in the file, and this row's API in %s", w.Account, known, w.API.Partition),
			"write an account of the API's partition"))
	}
}

// checkZoneAgrees refuses two public zones for one certificate name.
func (r *reader) checkZoneAgrees(w *row, zones firsts[Zone]) {
	if w.Retired || w.PublicZone == "" || w.Host == "" {
		return
	}
	first := zones.add(w.Host.Parent(), w)
	if first != nil && first.PublicZone != w.PublicZone {
		r.report(w.at("ROUTE53_PUBLIC_DOMAIN"), wrong(
			fmt.Sprintf("the certificate *.%s is validated in %s according to line %d", w.Host.Parent(), first.PublicZone, first.at("ROUTE53_PUBLIC_DOMAIN").Line),
			"write one zone for all hosts with this parent domain"))
	}
}

// checkAccessMode refuses two endpoint access modes for one API, which has one
// mode for all of its callers. It is the proxy alone that acts on it.
func (r *reader) checkAccessMode(w *row, modes firsts[apiKey]) {
	if w.Retired || w.misread || w.FrontDoor != FrontDoorNGINX {
		return
	}
	first := modes.add(apiKey{w.API.Region, w.API.ID}, w)
	if first == nil || first.AccessMode == w.AccessMode {
		return
	}
	r.report(w.at("ENDPOINT_ACCESS_MODE"), wrong(
		fmt.Sprintf("the row of API %s on line %d has the endpoint access mode %s, this one %s; an API has one", w.API.ID, first.Pos.Line, first.AccessMode, w.AccessMode),
		"write the same ENDPOINT_ACCESS_MODE in every row of the API"))
}
