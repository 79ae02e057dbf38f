package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/cost"
	"github.com/portico-iac/portico/internal/page"
	"github.com/portico-iac/portico/internal/review"
	"github.com/portico-iac/portico/internal/settings"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

const htmlUsage = "write the report as a page to `FILE`: one HTML file that needs no network"

// checkHTML refuses a file that could not be written, before the work begins.
func checkHTML(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return usagef("--html %s: there is no directory %s: make it first", path, filepath.Dir(path))
	}
	if info, err := os.Stat(path); path == "-" || err == nil && !info.Mode().IsRegular() {
		return usagef("--html %s: it is no file: name a file, such as page.html", path)
	}
	temporary, err := temporaryPage(path)
	if err != nil {
		return usagef("--html %s: no file can be made in %s: %v", path, filepath.Dir(path), err)
	}
	return cmp.Or(temporary.Close(), os.Remove(temporary.Name()))
}

// temporaryPage is a new file beside a page, which takes its place by a rename.
func temporaryPage(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), ".portico-page-")
}

// writePage writes a page to a file. What the file held stays if that fails.
func writePage(path string, p *page.Page) error {
	info, ok := debug.ReadBuildInfo()
	p.Version = buildOf(info, ok).String()
	var text bytes.Buffer
	if err := page.Write(&text, p); err != nil {
		return err
	}
	temporary, err := temporaryPage(path)
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	_, err = temporary.Write(text.Bytes())
	err = cmp.Or(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the page: %w", errors.Join(err, os.Remove(temporary.Name())))
	}
	return nil
}

// environmentPage begins a page with what follows from an environment's mapping and
// settings: its rows, and what it costs a month.
func environmentPage(m *mapping.Mapping, t *topology.Topology, shared *settings.Shared) *page.Page {
	p := &page.Page{Mapping: m.Source, Balancer: shared.LoadBalancer.Type}
	explained := explainRows(m, t)
	for i := range m.Rows {
		row := pageRow(m, &m.Rows[i])
		row.Zone = explained.Rows[i].Zone
		if n := explained.Rows[i].Certificate; n > 0 {
			row.Certificate = coveringName(explained.Certificates[n-1].Names, m.Rows[i].Host)
		}
		p.Rows = append(p.Rows, row)
	}
	for _, item := range cost.Monthly(t, costSettings(shared)) {
		p.Bill = append(p.Bill, page.BillItem{What: item.What, For: cmp.Or(string(item.FrontDoor), "all front doors"), Count: item.Count, USD: item.USD})
	}
	p.BillNote = fmt.Sprintf("The fixed cost by AWS’s list prices of us-east-1, read %s. Not included: %s.", priceDates(), notIncluded)
	return p
}

// pageRow is a row of a mapping, without what others make of it.
func pageRow(m *mapping.Mapping, row *mapping.Row) page.Row {
	r := page.Row{
		Number: row.Index + 1, Host: string(row.Host), BasePath: string(row.BasePath),
		API: string(row.API.ID), Stage: string(row.API.Stage), Path: string(row.API.Path), Region: row.API.Region,
		Account: accountLabel(m, row.Account), Team: row.Team, Owner: row.Owner, Description: row.Description,
		FrontDoor: string(row.FrontDoor), Seconds: int(row.Timeout.Seconds()), Retired: row.Retired,
	}
	if row.Methods != nil {
		r.Methods = texts(row.Methods)
	}
	if row.Pos.Line > 0 {
		r.Place = fmt.Sprintf("%s:%d", row.Pos.File, row.Pos.Line)
	}
	return r
}

// accountLabel is an account's name in the mapping, if it has one, and its number.
func accountLabel(m *mapping.Mapping, id mapping.AccountID) string {
	for _, account := range m.Accounts {
		if account.ID == id {
			return account.Name + " " + string(id)
		}
	}
	return string(id)
}

// coveringName is the name of a certificate that covers a host.
func coveringName(names []string, host mapping.Host) string {
	for _, name := range []string{string(host), string(host.Wildcard())} {
		if slices.Contains(names, name) {
			return name
		}
	}
	return strings.Join(names, " ")
}

// maxPolicyText bounds the policies in a page, in bytes.
const maxPolicyText = 4 << 20

// pagePolicies adds policies to a page while there is room, and says how many are
// left out.
type pagePolicies struct {
	page *page.Page
	room int
	left int
}

func (a *pagePolicies) add(policy page.Policy, before, after []byte) error {
	if a.room < len(before)+len(after) {
		a.left++
		return nil
	}
	a.room -= len(before) + len(after)
	var err error
	if policy.Lines, err = review.PolicyLines(before, after); err != nil {
		return err
	}
	a.page.Policies = append(a.page.Policies, policy)
	return nil
}

// note says what was left out.
func (a *pagePolicies) note(text string) {
	a.page.PoliciesNote = text
	if a.left > 0 {
		a.page.PoliciesNote += fmt.Sprintf(" %d more are left out to keep the page small: portico policy prints one.", a.left)
	}
}
