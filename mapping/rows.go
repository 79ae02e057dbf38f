package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

const (
	// DefaultTimeout is how long an answer may take where TIMEOUT doesn't say.
	// API Gateway itself gives up after 29 seconds unless its quota was raised.
	DefaultTimeout = 30 * time.Second
	// maxTimeout is in seconds. API Gateway's connection idles out after 310.
	maxTimeout = 300
)

// row is a Row while it is read, with the places of its values.
type row struct {
	Row
	path string
	// nodes are parallel to rowFields.
	nodes []*yaml.Node
	// misread says that a value of the row broke its grammar, so that what is
	// there in its place means nothing.
	misread bool
}

// at is the place of a field's value, or of the row where the field is absent.
func (w *row) at(key string) value {
	i := slices.IndexFunc(rowFields, func(f field[row]) bool { return f.key == key })
	if n := w.nodes[i]; n != nil {
		return value{n, w.path + "." + key}
	}
	return value{&yaml.Node{Line: w.Pos.Line, Column: w.Pos.Column}, w.path}
}

// onLineOf tells a reader of the mapping where a field of the row is.
func (w *row) onLineOf(key string) string {
	v := w.at(key)
	return w.onLineAt(v.Line, v.path)
}

// lineOf is onLineOf without its preposition: "line 3".
func (w *row) lineOf(key string) string {
	v := w.at(key)
	return w.lineAt(v.Line, v.path)
}

// readTop reads a file's top level.
func readTop[T any](r *reader, root *yaml.Node, fields []field[T], into *T) {
	v := value{Node: resolve(root)}
	if v.Kind != yaml.MappingNode {
		var names []string
		for _, f := range fields {
			if f.schema != nil {
				names = append(names, f.key)
			}
		}
		r.report(v, wrong("the file is "+kindName(v.Node), "write a map with "+keyNames(names)))
		return
	}
	readFields(r, v, fields, into)
}

// keyNames is "the key APIS", or "the keys ACCOUNTS and APIS".
func keyNames(names []string) string {
	if len(names) == 1 {
		return "the key " + names[0]
	}
	return "the keys " + strings.Join(names, " and ")
}

func readAccounts(r *reader, v value, m *Mapping) {
	if v.Kind != yaml.MappingNode {
		r.report(v, wrong("is "+kindName(v.Node)+" where a map belongs", `write a line such as orders: {ID: "222222222222"}, or delete the key`))
		return
	}
	r.accounts = map[string]AccountID{}
	lines := map[string]int{}
	named := map[AccountID]Account{}
	for _, p := range r.pairs(v) {
		name := value{p.key, v.path}
		if text, ok := r.text(name); !ok {
			continue
		} else if err := parseAccountName(text); err != nil {
			r.report(name, err)
			continue
		}
		entry := v.child(p.key.Value, p.value)
		if line, twice := lines[p.key.Value]; twice {
			r.report(v.child(p.key.Value, p.key), duplicateKey(line))
			continue
		}
		lines[p.key.Value] = p.key.Line
		account := r.account(entry, p.key)
		r.accounts[account.Name] = account.ID
		if first, twice := named[account.ID]; twice && account.ID != "" {
			r.report(entry, wrong(fmt.Sprintf("account %s is named %s on line %d already", account.ID, first.Name, first.Pos.Line), "delete one of the two names"))
			continue
		}
		named[account.ID] = account
		m.Accounts = append(m.Accounts, account)
	}
}

func (r *reader) account(entry value, key *yaml.Node) Account {
	account := Account{Name: key.Value, Pos: Position{r.source, key.Line, key.Column}}
	if entry.Kind != yaml.MappingNode {
		r.report(entry, wrong("is "+kindName(entry.Node)+" where a map belongs", `write {ID: "222222222222"}`))
		return account
	}
	readFields(r, entry, accountFields, &account)
	return account
}

func readAPIs(r *reader, v value, m *Mapping) {
	fix := "write a row with CUSTOM_DOMAIN_URL and PRIVATE_API_URL"
	switch {
	case v.Kind != yaml.SequenceNode:
		r.report(v, wrong("is "+kindName(v.Node)+" where a list belongs", fix+", its first key after \"- \""))
		return
	case len(v.Content) == 0 && r.team == nil:
		// A load balancer's listener can't exist without a certificate, nor a
		// certificate without a name.
		r.report(v, wrong("is an empty list, which leaves nothing to serve", fix+"; `portico destroy` takes an environment down"))
		return
	}
	r.rows = slices.Grow(r.rows, len(v.Content))
	for i := range v.Content {
		item := v.item(i)
		// What is read needs the nodes of its values alone: those of a large file's
		// rows take more memory than the rows do.
		v.Content[i] = nil
		if item.Kind != yaml.MappingNode {
			r.report(item, wrong("is "+kindName(item.Node)+" where a row belongs", fix))
			continue
		}
		r.rows = append(r.rows, r.row(i, item))
	}
}

// relate compares the rows with each other and gives them to the mapping.
func (r *reader) relate(m *Mapping) {
	r.checkRows(m.Accounts)
	m.Rows = make([]Row, len(r.rows))
	for i := range r.rows {
		m.Rows[i] = r.rows[i].Row
	}
}

func (r *reader) row(index int, item value) row {
	w := row{path: item.path}
	w.Index, w.Pos = len(r.rows), Position{r.source, item.Line, item.Column}
	if r.team != nil {
		w.Team, w.InFile = r.team.Name, index
	}
	w.Timeout, w.FrontDoor, w.AccessMode = DefaultTimeout, FrontDoorNGINX, AccessModeBasic
	mistakes := len(r.errs)
	w.nodes = readFields(r, item, rowFields, &w)
	w.misread = len(r.errs) > mistakes
	w.Methods = canonicalMethods(w.Methods, w.CORS)
	r.checkPublicZone(&w)
	r.checkGrant(&w)
	return w
}

// readMethods reads VERBS: a list of verbs, or one string with commas between
// them. A verb that is there twice counts once.
func readMethods(r *reader, v value, into *row) {
	var words []string
	var places []value
	switch {
	case v.Kind == yaml.SequenceNode && len(v.Content) == 0:
		r.report(v, wrong("is an empty list, which would allow nothing", "write the verbs, or delete the key to allow every verb"))
	case v.Kind == yaml.SequenceNode:
		for i := range v.Content {
			item := v.item(i)
			if text, ok := r.text(item); ok {
				words, places = append(words, text), append(places, item)
			}
		}
	case v.Kind == yaml.MappingNode:
		r.report(v, wrong("is a map where verbs belong", "write a list such as [GET, POST]"))
	default:
		text, ok := r.text(v)
		if !ok {
			return
		}
		for word := range strings.SplitSeq(text, ",") {
			words, places = append(words, strings.Trim(word, " \t")), append(places, v)
		}
	}
	into.Methods = r.methods(words, places)
}

func (r *reader) methods(words []string, places []value) []Method {
	var methods []Method
	for i, word := range words {
		switch {
		case isEvery(word) && len(words) == 1:
			return nil
		case isEvery(word):
			r.report(places[i], wrong(quote(word)+" allows every verb and is among others", "write it alone, or only the others"))
			continue
		case word == "":
			r.report(places[i], wrong("a verb is empty", "write a verb between commas, or delete the key to allow every verb"))
			continue
		}
		method, err := parseMethod(word)
		if err != nil {
			err.part = word
			r.report(places[i], err)
			continue
		}
		methods = append(methods, method)
	}
	return methods
}

// canonicalMethods are the methods sorted, each once, with OPTIONS among them
// where CORS asks for it. None are every method.
func canonicalMethods(methods []Method, cors bool) []Method {
	if methods == nil {
		return nil
	}
	if cors {
		methods = append(methods, "OPTIONS")
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// readAccount reads a row's ACCOUNT: a name of ACCOUNTS, or 12 digits.
func readAccount(r *reader, v value, into *row) { into.Account, _ = r.namedAccount(v) }

// namedAccount reads a name of ACCOUNTS, or 12 digits. The ID is empty for a name
// whose entry has mistakes of its own.
func (r *reader) namedAccount(v value) (AccountID, bool) {
	if kindName(v.Node) == "text" {
		if id, known := r.accounts[v.Value]; known {
			return id, true
		}
		if !isDigits(v.Value) && !isTrap(v.Node) {
			r.report(v, r.unknownAccount(v.Value))
			return "", false
		}
	}
	return r.accountNumber(v)
}

// accountNumber reads 12 digits, in quotes or not: YAML's types don't matter
// where the node's text is what is meant.
func (r *reader) accountNumber(v value) (AccountID, bool) {
	if kindName(v.Node) != "a number" {
		if _, ok := r.text(v); !ok {
			return "", false
		}
	}
	id, err := parseAccountID(v.Value)
	if err == nil && v.Value[0] == '0' && v.Style == 0 {
		err = leadingZero(v.Value)
	}
	if err != nil {
		r.report(v, err)
		return "", false
	}
	return id, true
}

// leadingZero is said of a bare number that begins with 0.
func leadingZero(digits string) *mistake {
	return wrong(digits+" begins with 0, which other readers of YAML take for octal", `quote it: "`+digits+`"`)
}

// maxSuggestions bounds the comparisons spent on misspelt account names: a
// file may have as many wrong rows as it has names, and must not cost their
// product.
const maxSuggestions = 200_000

func (r *reader) unknownAccount(name string) *mistake {
	message := quote(name) + " is no name of ACCOUNTS"
	if r.suggestions += len(r.accounts); r.suggestions <= maxSuggestions {
		if near := nearest(name, slices.Values(slices.Sorted(maps.Keys(r.accounts)))); near != "" {
			return wrong(message, "write "+near)
		}
	}
	return wrong(message, "add the name to ACCOUNTS, or write the account's 12 digits in quotes")
}
