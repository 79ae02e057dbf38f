package mapping

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"time"
)

// canonicalFile is the mapping file in its one canonical spelling. Values that
// equal the default are left out.
type canonicalFile struct {
	Accounts map[string]canonicalAccount `json:"ACCOUNTS,omitempty"`
	APIs     []canonicalRow              `json:"APIS"`
}

type canonicalAccount struct {
	ID      AccountID `json:"ID"`
	RoleARN string    `json:"ROLE_ARN,omitempty"`
}

type canonicalRow struct {
	CustomDomainURL string     `json:"CUSTOM_DOMAIN_URL"`
	PrivateAPIURL   string     `json:"PRIVATE_API_URL"`
	Verbs           []Method   `json:"VERBS,omitempty"`
	Account         AccountID  `json:"ACCOUNT,omitempty"`
	CORS            bool       `json:"CORS,omitempty"`
	Timeout         int        `json:"TIMEOUT,omitempty"`
	Auth            Auth       `json:"AUTH,omitempty"`
	FrontDoor       FrontDoor  `json:"FRONT_DOOR,omitempty"`
	AccessMode      AccessMode `json:"ENDPOINT_ACCESS_MODE,omitempty"`
	Stream          bool       `json:"STREAM,omitempty"`
	// Rewrite is nil or false, since true is the default.
	Rewrite     *bool  `json:"REWRITE,omitempty"`
	PublicZone  Zone   `json:"ROUTE53_PUBLIC_DOMAIN,omitempty"`
	Retired     bool   `json:"RETIRED,omitempty"`
	Description string `json:"DESCRIPTION,omitempty"`
	Owner       string `json:"OWNER,omitempty"`
}

// Canonical is the mapping as JSON, which is YAML too: Parse reads it and
// gives the same mapping. Two files that mean the same have the same canonical
// form, whatever their comments, spellings and order: rows are sorted by host,
// base path and API, accounts by name.
func (m *Mapping) Canonical() []byte {
	var b bytes.Buffer
	m.writeCanonical(&b)
	return b.Bytes()
}

// writeCanonical writes the canonical form row by row: as one value a large mapping's
// would take as much memory as its rows. Writing to w must not fail.
func (m *Mapping) writeCanonical(w io.Writer) {
	file := canonicalFile{Accounts: map[string]canonicalAccount{}, APIs: []canonicalRow{}}
	for _, a := range m.Accounts {
		file.Accounts[a.Name] = canonicalAccount{a.ID, a.RoleARN}
	}
	rows := make([]canonicalRow, len(m.Rows))
	for i := range m.Rows {
		rows[i] = m.Rows[i].canonical()
	}
	slices.SortFunc(rows, func(a, b canonicalRow) int {
		return cmp.Or(cmp.Compare(a.CustomDomainURL, b.CustomDomainURL), cmp.Compare(a.PrivateAPIURL, b.PrivateAPIURL))
	})
	write := func(text []byte) {
		if _, err := w.Write(text); err != nil {
			panic(err)
		}
	}
	// The rows are the file's last value.
	write(bytes.TrimSuffix(marshal(file), []byte("]}")))
	for i := range rows {
		if i > 0 {
			write([]byte{','})
		}
		write(marshal(&rows[i]))
	}
	write([]byte("]}"))
}

func marshal(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // Strings, numbers and booleans always marshal.
	}
	return text
}

func (r *Row) canonical() canonicalRow {
	c := canonicalRow{
		CustomDomainURL: r.URL(),
		PrivateAPIURL:   r.API.URL(),
		Verbs:           r.Methods,
		Account:         r.Account,
		CORS:            r.CORS,
		Auth:            r.Auth,
		Stream:          r.Stream,
		PublicZone:      r.PublicZone,
		Retired:         r.Retired,
		Description:     r.Description,
		Owner:           r.Owner,
	}
	if r.Timeout != DefaultTimeout {
		c.Timeout = int(r.Timeout / time.Second)
	}
	if r.FrontDoor != FrontDoorNGINX {
		c.FrontDoor = r.FrontDoor
	}
	if r.AccessMode != AccessModeBasic {
		c.AccessMode = r.AccessMode
	}
	if r.NoRewrite {
		c.Rewrite = new(bool)
	}
	return c
}

// URL is the canonical PRIVATE_API_URL.
func (a PrivateAPI) URL() string {
	return "https://" + string(a.ID) + ".execute-api." + a.Region + "." + a.DNSSuffix + "/" + string(a.Stage) + string(a.Path)
}

func (m *Mapping) digest() string {
	sum := sha256.New()
	m.writeCanonical(sum)
	return hex.EncodeToString(sum.Sum(nil))
}
