package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/internal/aws"
)

// New makes a mapping of rows and of names for accounts, for programs that have
// no mapping file. It checks them by the file's rules and returns every mistake
// at once, as Errors; their paths are as the values would have them in a file.
//
// A row needs Host and API; ParseCustomDomain and ParsePrivateAPI read both from
// URLs. FrontDoor may be empty for nginx, AccessMode for BASIC, Timeout 0 for
// DefaultTimeout, and API.Partition and API.DNSSuffix for those of the region. The mapping's rows are
// canonical: lower-case hosts, sorted methods, the index in rows. Rows of a file
// keep their Pos, by which mistakes and Row.Position name them.
//
// The rows and accounts that are given aren't changed.
func New(rows []Row, accounts ...Account) (*Mapping, error) {
	r := &reader{}
	m := &Mapping{Accounts: slices.Clone(accounts)}
	r.givenAccounts(m.Accounts)
	if len(rows) == 0 {
		r.errs = append(r.errs, &Error{Path: "APIS", Message: "is an empty list, which leaves nothing to serve", Fix: "give a row with Host and API"})
	}
	r.rows = make([]row, len(rows))
	for i, given := range rows {
		r.rows[i] = r.givenRow(i, given)
	}
	r.checkRows(m.Accounts)
	if len(r.errs) > 0 {
		return nil, r.errs.sort()
	}
	m.Rows = make([]Row, len(rows))
	for i := range r.rows {
		m.Rows[i] = r.rows[i].Row
	}
	m.Digest = m.digest()
	return m, nil
}

func (r *reader) givenAccounts(accounts []Account) {
	names, ids := map[string]bool{}, map[AccountID]string{}
	for _, a := range accounts {
		at := value{path: "ACCOUNTS"}.child(a.Name, &yaml.Node{Line: a.Pos.Line, Column: a.Pos.Column})
		report := func(key, value string, m *mistake) {
			path, m := at.path, m.of(value)
			if key != "" {
				path += "." + key
			}
			r.errs = append(r.errs, &Error{File: a.Pos.File, Line: at.Line, Column: at.Column, Path: path, Message: m.message, Fix: m.fix})
		}
		if err := parseAccountName(a.Name); err != nil {
			report("", a.Name, err)
		}
		if _, err := parseAccountID(string(a.ID)); err != nil {
			report("ID", string(a.ID), err)
		}
		if a.RoleARN != "" {
			if err := parseRoleARN(a.RoleARN, a.ID); err != nil {
				report("ROLE_ARN", a.RoleARN, err)
			}
		}
		first, twice := ids[a.ID]
		switch {
		case names[a.Name]:
			report("", "", wrong("the name is given already", "delete one of the two"))
		case twice:
			report("", "", wrong(fmt.Sprintf("account %s is named %s already", a.ID, first), "delete one of the two names"))
		default:
			ids[a.ID] = a.Name
		}
		names[a.Name] = true
	}
}

// givenRow holds the values of a row to their grammars and writes them in their
// canonical form.
func (r *reader) givenRow(index int, given Row) row {
	w := row{Row: given, nodes: make([]*yaml.Node, len(rowFields))}
	w.Index, w.InFile, w.Team = index, 0, ""
	w.path = w.Path()
	for i, f := range rowFields {
		if f.key != "ACCOUNT" || given.Account != "" {
			w.nodes[i] = &yaml.Node{Line: given.Pos.Line, Column: given.Pos.Column}
		}
	}
	mistakes := len(r.errs)
	report := func(key, value string, m *mistake) {
		if m != nil {
			r.refuse(&w, key, m.of(value))
		}
	}
	var err *mistake
	w.Host, w.BasePath, err = givenCustomDomain(given)
	report("CUSTOM_DOMAIN_URL", given.URL(), err)
	w.API, err = givenAPI(given.API)
	report("PRIVATE_API_URL", given.API.URL(), err)
	w.Methods = r.givenMethods(&w, given)
	if given.Account != "" {
		w.Account, err = parseAccountID(string(given.Account))
		report("ACCOUNT", string(given.Account), err)
	}
	w.Timeout, err = givenTimeout(given.Timeout)
	report("TIMEOUT", "", err)
	if given.Auth != "" {
		w.Auth, err = oneOf(given.Auth, auths)
		report("AUTH", string(given.Auth), err)
	}
	w.FrontDoor = FrontDoorNGINX
	if given.FrontDoor != "" {
		w.FrontDoor, err = oneOf(given.FrontDoor, frontDoors)
		report("FRONT_DOOR", string(given.FrontDoor), err)
	}
	w.AccessMode = AccessModeBasic
	if given.AccessMode != "" {
		w.AccessMode, err = oneOf(given.AccessMode, accessModes)
		report("ENDPOINT_ACCESS_MODE", string(given.AccessMode), err)
	}
	if given.PublicZone != "" {
		w.PublicZone, err = parseZone(string(given.PublicZone))
		report("ROUTE53_PUBLIC_DOMAIN", string(given.PublicZone), err)
	}
	report("DESCRIPTION", given.Description, checkLine(given.Description))
	report("OWNER", given.Owner, checkLine(given.Owner))
	w.misread = len(r.errs) > mistakes
	r.checkPublicZone(&w)
	return w
}

// givenCustomDomain reads host and base path as if they stood in one URL, and
// refuses those of which a reader would take another part for the host.
func givenCustomDomain(given Row) (Host, BasePath, *mistake) {
	if strings.ContainsAny(string(given.Host), "/:@?#") {
		return "", "", wrong(fmt.Sprintf("host %s is more than a name", quote(string(given.Host))), "take Host and BasePath from ParseCustomDomain")
	}
	if given.BasePath != "" && given.BasePath[0] != '/' {
		return "", "", wrong(fmt.Sprintf("base path %s doesn't begin with \"/\"", quote(string(given.BasePath))), "take Host and BasePath from ParseCustomDomain")
	}
	return parseCustomDomain(given.URL())
}

// givenAPI reads an API as if it were a URL, and refuses one whose parts a
// reader would divide otherwise.
func givenAPI(given PrivateAPI) (PrivateAPI, *mistake) {
	if given == (PrivateAPI{}) {
		return given, wrong("API is missing", "add it")
	}
	if p, ok := aws.PartitionOf(given.Region); ok {
		given.Partition = cmp.Or(given.Partition, p.ID)
		given.DNSSuffix = cmp.Or(given.DNSSuffix, p.DNSSuffix)
	}
	api, err := parsePrivateAPI(given.URL())
	switch {
	case err != nil:
		return PrivateAPI{}, err
	case api != given:
		return PrivateAPI{}, wrong(fmt.Sprintf("API %+v has the address of %+v", given, api), "take API from ParsePrivateAPI")
	}
	return api, nil
}

func (r *reader) givenMethods(w *row, given Row) []Method {
	if given.Methods != nil && len(given.Methods) == 0 {
		r.refuse(w, "VERBS", wrong("is an empty list, which would allow nothing", "give the methods, or nil to allow every one"))
	}
	var methods []Method
	for i, method := range given.Methods {
		parsed, err := parseMethod(string(method))
		if err != nil {
			r.refuse(w, "VERBS", err.of(string(method))).Path += fmt.Sprintf("[%d]", i)
			continue
		}
		methods = append(methods, parsed)
	}
	return canonicalMethods(methods, given.CORS)
}

func givenTimeout(given time.Duration) (time.Duration, *mistake) {
	switch {
	case given == 0:
		return DefaultTimeout, nil
	case given < time.Second || given > maxTimeout*time.Second || given%time.Second != 0:
		return DefaultTimeout, wrong(fmt.Sprintf("%s is not a whole number of seconds from 1 to %d", given, maxTimeout),
			fmt.Sprintf("give 1 to %d seconds", maxTimeout))
	}
	return given, nil
}

// oneOf gives the word, or nothing where it isn't known.
func oneOf[W ~string](word W, known []W) (W, *mistake) {
	if !slices.Contains(known, word) {
		return "", wrong(fmt.Sprintf("%s is unknown", quote(string(word))), "write "+join(known, " or "))
	}
	return word, nil
}
