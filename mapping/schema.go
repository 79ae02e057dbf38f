package mapping

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
)

// schema is a JSON schema, draft 2020-12.
type schema = map[string]any

// Schema is the JSON schema of the mapping file, draft 2020-12, for editors
// that complete and check while one types. It is made from the tables that
// drive the parser. What a schema can't express, such as rules between rows,
// only Parse checks.
func Schema() []byte {
	return document(fieldsSchema(mappingFields), "schema.json", "Portico mapping",
		"Which custom domain leads to which private API Gateway endpoint.")
}

// DirectorySchema is the JSON schema of portico.yaml in a mapping directory.
func DirectorySchema() []byte {
	return document(fieldsSchema(directoryFields), "schema.portico.json", "Portico mapping directory",
		"The accounts, and the teams with what the rows of their files may have.")
}

// TeamSchema is the JSON schema of a team's file in a mapping directory.
func TeamSchema() []byte {
	apis := fieldsSchema(teamFileFields)
	properties := apis["properties"].(schema)
	rows := maps.Clone(properties["APIS"].(schema))
	rows["minItems"] = 0
	properties["APIS"] = rows
	return document(apis, "schema.team.json", "Portico team", "A team's rows: which custom domain leads to which private API Gateway endpoint.")
}

// schemasURL is where editors find the schemas: this directory's files.
const schemasURL = "https://raw.githubusercontent.com/portico-iac/portico/main/mapping/"

// document is a schema with its title, and with its file's address as its identifier.
func document(top schema, file, title, description string) []byte {
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["$id"] = schemasURL + file
	top["title"] = title
	top["description"] = description
	text, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		panic(err) // The schema holds nothing but strings, numbers, lists and maps.
	}
	return append(text, '\n')
}

// fieldsSchema is the schema of a map with the table's keys and no others.
func fieldsSchema[T any](fields []field[T]) schema {
	properties := schema{}
	var required []string
	for _, f := range fields {
		if f.schema == nil {
			continue
		}
		property := schema{"description": f.doc}
		for keyword, v := range f.schema {
			property[keyword] = v
		}
		properties[f.key] = property
		if f.required {
			required = append(required, f.key)
		}
	}
	return schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

var (
	accountsSchema = schema{
		"type":                 "object",
		"propertyNames":        schema{"pattern": accountName.String()},
		"additionalProperties": fieldsSchema(accountFields),
	}
	apisSchema = schema{"type": "array", "minItems": 1, "items": fieldsSchema(rowFields)}

	// bareAccountID is an account number without quotes and leading zeros.
	bareAccountID   = schema{"type": "integer", "minimum": int64(100_000_000_000), "maximum": int64(999_999_999_999)}
	accountIDSchema = schema{"anyOf": []schema{
		{"type": "string", "pattern": aws.AccountIDPattern},
		bareAccountID,
	}}
	rowAccountSchema = schema{"anyOf": []schema{
		{"type": "string", "pattern": accountName.String()},
		{"type": "string", "pattern": aws.AccountIDPattern},
		bareAccountID,
	}}

	verbsSchema = schema{"anyOf": []schema{
		{"type": "array", "minItems": 1, "items": schema{"anyOf": []schema{
			{"enum": words(AllMethods)},
			{"type": "string", "pattern": "^" + verbPattern + "$"},
		}}},
		{"type": "array", "minItems": 1, "maxItems": 1, "items": schema{"type": "string", "pattern": "^" + everyPattern + "$"}},
		{"type": "string", "pattern": `^[ \t]*` + verbPattern + `[ \t]*(?:,[ \t]*` + verbPattern + `[ \t]*)*$`},
		{"type": "string", "pattern": `^[ \t]*` + everyPattern + `[ \t]*$`},
	}}

	textSchema = schema{"type": "string", "maxLength": maxText}
)

// The patterns avoid what ECMA 262 and Go's RE2 don't share, lookaheads and
// flags among it.
var (
	verbPattern  = "(?:" + foldCase(join(AllMethods, "|")) + ")"
	everyPattern = `(?:\*|` + foldCase("ANY") + ")"

	labelPattern = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	// segmentPattern is a segment of a path that is neither "." nor "..".
	segmentPattern      = `(?:\.{0,2}[A-Za-z0-9_~-][A-Za-z0-9._~-]*|\.{3}[A-Za-z0-9._~-]*)`
	zonePattern         = `^` + labelPattern + `(?:\.` + labelPattern + `)+\.?$`
	customDomainPattern = `^(?:` + foldCase("https") + `://)?(?:\*|` + labelPattern + `)(?:\.` + labelPattern + `){2,}\.?(?:/` + segmentPattern + `)*/?$`
	privateAPIPattern   = `^` + foldCase("https") + `://[A-Za-z0-9]{1,32}\.` + foldCase("execute-api") + `\.(?:` + regionsPattern() + `)/[A-Za-z0-9_-]{1,128}(?:/` + segmentPattern + `)*/?$`
)

// regionsPattern is every partition's {region}.{suffix}.
func regionsPattern() string {
	var alternatives []string
	for _, p := range aws.Partitions() {
		alternatives = append(alternatives, foldCase(p.RegionPattern()+`\.`+strings.ReplaceAll(p.DNSSuffix, ".", `\.`)))
	}
	return strings.Join(alternatives, "|")
}

// foldCase makes a pattern of literals and lower-case classes match upper and
// lower case alike.
func foldCase(pattern string) string {
	var b strings.Builder
	inClass := false
	for _, r := range pattern {
		lower, upper := strings.ToLower(string(r)), strings.ToUpper(string(r))
		switch {
		case r == '[' || r == ']':
			inClass = r == '['
			b.WriteRune(r)
		case lower == upper || inClass:
			b.WriteRune(r)
		default:
			b.WriteString("[" + upper + lower + "]")
		}
	}
	return strings.ReplaceAll(b.String(), "[a-z]", "[A-Za-z]")
}

func words[W ~string](typed []W) []string {
	plain := make([]string, len(typed))
	for i, w := range typed {
		plain[i] = string(w)
	}
	return plain
}

func join[W ~string](typed []W, separator string) string {
	return strings.Join(words(typed), separator)
}
