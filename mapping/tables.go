package mapping

import (
	"time"

	"github.com/portico-iac/portico/internal/aws"
)

// mappingFields are the keys of the file's top level. ACCOUNTS is read first,
// wherever it is in the file, since rows name its entries.
var mappingFields = []field[Mapping]{
	{
		key:    "ACCOUNTS",
		doc:    "Names for account numbers; rows may use a name in ACCOUNT.",
		schema: accountsSchema,
		read:   readAccounts,
	},
	{
		key:      "APIS",
		required: true,
		doc:      "One row for each custom domain and base path.",
		schema:   apisSchema,
		read:     readAPIs,
	},
}

// accountFields are the keys of an entry of ACCOUNTS.
var accountFields = []field[Account]{
	{
		key:      "ID",
		required: true,
		doc:      "The account's 12 digits, in quotes: YAML may take a bare number that begins with 0 for octal.",
		schema:   accountIDSchema,
		read: func(r *reader, v value, into *Account) {
			if id, ok := r.accountNumber(v); ok {
				into.ID = id
			}
		},
	},
	{
		key:    "ROLE_ARN",
		doc:    "The IAM role of the account that Portico assumes there.",
		schema: schema{"type": "string", "pattern": aws.RoleARNPattern},
		read: func(r *reader, v value, into *Account) {
			text, ok := r.text(v)
			if !ok {
				return
			}
			if err := parseRoleARN(text, into.ID); err != nil {
				r.report(v, err)
				return
			}
			into.RoleARN, into.RoleARNPos = text, Position{r.source, v.Line, v.Column}
		},
	},
}

// rowFields are the keys of a row of APIS.
var rowFields = []field[row]{
	{
		key:      "CUSTOM_DOMAIN_URL",
		required: true,
		doc: "Where callers send requests: host[/base/path], with or without https:// in front. The host may begin with \"*.\". " +
			"Rows may share a host by different base paths; the longest base path wins, on segment borders.",
		schema: schema{"type": "string", "pattern": customDomainPattern, "examples": []string{"api.private.example.com", "shop.private.example.com/orders"}},
		read: func(r *reader, v value, into *row) {
			text, ok := r.text(v)
			if !ok {
				return
			}
			host, base, err := parseCustomDomain(text)
			if err != nil {
				r.report(v, err)
				return
			}
			into.Host, into.BasePath = host, base
		},
	},
	{
		key:      "PRIVATE_API_URL",
		required: true,
		doc:      "The private REST API: https://{api}.execute-api.{region}.{suffix}/{stage}[/path]. With or without a slash at the end it means the same.",
		schema:   schema{"type": "string", "pattern": privateAPIPattern, "examples": []string{"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev"}},
		read: func(r *reader, v value, into *row) {
			text, ok := r.text(v)
			if !ok {
				return
			}
			api, err := parsePrivateAPI(text)
			if err != nil {
				r.report(v, err)
				return
			}
			into.API = api
		},
	},
	{
		key:    "VERBS",
		doc:    "The allowed verbs: a list, or one string with commas; upper or lower case. Absent, \"*\" or ANY: every verb.",
		schema: verbsSchema,
		read:   readMethods,
	},
	{
		key:    "ACCOUNT",
		doc:    "The account that owns the API: a name of ACCOUNTS or 12 digits. A row without it belongs to the stack that lists its API ID in portico:apis.",
		schema: rowAccountSchema,
		read:   readAccount,
	},
	{
		key:    "CORS",
		doc:    "true: OPTIONS is allowed too, so that browsers' preflight requests arrive.",
		schema: schema{"type": "boolean", "default": false},
		read:   func(r *reader, v value, into *row) { into.CORS = r.boolean(v) },
	},
	{
		key:    "TIMEOUT",
		doc:    "How long an answer may take, in seconds.",
		schema: schema{"type": "integer", "minimum": 1, "maximum": maxTimeout, "default": int(DefaultTimeout / time.Second)},
		read: func(r *reader, v value, into *row) {
			if seconds, ok := r.seconds(v, maxTimeout); ok {
				into.Timeout = time.Duration(seconds) * time.Second
			}
		},
	},
	{
		key:    "AUTH",
		doc:    "iam where the API demands requests signed with Signature Version 4, which nginx can't carry.",
		schema: schema{"enum": words(auths)},
		read:   func(r *reader, v value, into *row) { into.Auth = readWord(r, v, auths) },
	},
	{
		key: "FRONT_DOOR",
		doc: "How requests reach the API: nginx is the proxy, alb an Application Load Balancer and a custom domain of the API's account, " +
			"native AWS's private custom domains. Rows of one host have the same.",
		schema: schema{"enum": words(frontDoors), "default": FrontDoorNGINX},
		read:   func(r *reader, v value, into *row) { into.FrontDoor = readWord(r, v, frontDoors) },
	},
	{
		key: "ENDPOINT_ACCESS_MODE",
		doc: "The API's endpoint access mode. STRICT: the proxy names the API itself in TLS and Host, on connections of the API's own. " +
			"alb can't reach an API in STRICT mode.",
		schema: schema{"enum": words(accessModes), "default": AccessModeBasic},
		read:   func(r *reader, v value, into *row) { into.AccessMode = readWord(r, v, accessModes) },
	},
	{
		key: "STREAM",
		doc: "true: the API streams its answers, for up to 15 minutes. The proxy then waits 300 seconds between two parts, whatever TIMEOUT says, " +
			"and a deployment waits for streams to end. nginx only.",
		schema: schema{"type": "boolean", "default": false},
		read:   func(r *reader, v value, into *row) { into.Stream = r.boolean(v) },
	},
	{
		key: "REWRITE",
		doc: "false: answers pass as the API wrote them. true: Location, Content-Location, Refresh, Link and Set-Cookie that name the API's own address " +
			"or stage name the row's URL instead.",
		schema: schema{"type": "boolean", "default": true},
		read:   func(r *reader, v value, into *row) { into.NoRewrite = !r.boolean(v) },
	},
	{
		key:    "ROUTE53_PUBLIC_DOMAIN",
		doc:    "The public hosted zone in which the row's certificate is validated, where the nearest public parent is not the one.",
		schema: schema{"type": "string", "pattern": zonePattern},
		read: func(r *reader, v value, into *row) {
			text, ok := r.text(v)
			if !ok {
				return
			}
			zone, err := parseZone(text)
			if err != nil {
				r.report(v, err)
				return
			}
			into.PublicZone = zone
		},
	},
	{
		key:    "RETIRED",
		doc:    "true: no route and no name any more; the provider account's stack takes Portico's statements out of the API's resource policy.",
		schema: schema{"type": "boolean", "default": false},
		read:   func(r *reader, v value, into *row) { into.Retired = r.boolean(v) },
	},
	{
		key:    "DESCRIPTION",
		doc:    "One line for reports.",
		schema: textSchema,
		read:   func(r *reader, v value, into *row) { into.Description = r.line(v) },
	},
	{
		key:    "OWNER",
		doc:    "Whom to ask, for reports.",
		schema: textSchema,
		read:   func(r *reader, v value, into *row) { into.Owner = r.line(v) },
	},
}

var (
	auths       = []Auth{AuthIAM}
	accessModes = []AccessMode{AccessModeBasic, AccessModeStrict}
	frontDoors  = []FrontDoor{FrontDoorNGINX, FrontDoorALB, FrontDoorNative}
)

// readWord reads one of a few words; empty where it is none.
func readWord[W ~string](r *reader, v value, known []W) W {
	text, ok := r.text(v)
	if !ok {
		return ""
	}
	word, err := oneOf(W(text), known)
	if err != nil {
		r.report(v, err)
	}
	return word
}

// line reads free text for reports.
func (r *reader) line(v value) string {
	text, ok := r.text(v)
	if !ok {
		return ""
	}
	if err := checkLine(text); err != nil {
		r.report(v, err)
		return ""
	}
	return text
}
