package mapping_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

// grammars state, independently of the parser, what each text of a mapping may
// be: by its type where it has one of its own, by its field otherwise.
var grammars = map[string]*regexp.Regexp{
	"Host":                   regexp.MustCompile(`^(\*|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){2,}$`),
	"BasePath":               regexp.MustCompile(`^(/[A-Za-z0-9._~-]+){0,16}$`),
	"Zone":                   regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+)?$`),
	"APIPath":                regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`),
	"APIID":                  regexp.MustCompile(`^[a-z0-9]{1,32}$`),
	"Stage":                  regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`),
	"AccountID":              regexp.MustCompile(`^([0-9]{12})?$`),
	"Method":                 regexp.MustCompile(`^(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT)$`),
	"Auth":                   regexp.MustCompile(`^(iam)?$`),
	"FrontDoor":              regexp.MustCompile(`^(nginx|alb|native)$`),
	"AccessMode":             regexp.MustCompile(`^(BASIC|STRICT)$`),
	"PrivateAPI.Region":      regexp.MustCompile(`^[a-z]{2,4}(-[a-z]{1,16}){1,2}-[0-9]{1,2}$`),
	"PrivateAPI.Partition":   regexp.MustCompile(`^aws(-cn|-us-gov|-iso|-iso-b|-iso-e|-iso-f|-eusc)?$`),
	"PrivateAPI.DNSSuffix":   regexp.MustCompile(`^(amazonaws\.com|amazonaws\.com\.cn|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov|amazonaws\.eu)$`),
	"Account.Name":           regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`),
	"Account.RoleARN":        regexp.MustCompile(`^(arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+)?$`),
	"Row.Team":               regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]{0,62})?$`),
	"Team.Name":              regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`),
	"Team.File":              regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,250}\.ya?ml$`),
	"Team.Contact":           regexp.MustCompile(`^[\pL\pM\pN\pP\pS ]{0,256}$`),
	"Row.Description":        regexp.MustCompile(`^[\pL\pM\pN\pP\pS ]{0,256}$`),
	"Row.Owner":              regexp.MustCompile(`^[\pL\pM\pN\pP\pS ]{0,256}$`),
	"Mapping.Source":         regexp.MustCompile(``),
	"Position.File":          regexp.MustCompile(``),
	"Mapping.Digest":         regexp.MustCompile(`^[0-9a-f]{64}$`),
	"dot segment of a path":  regexp.MustCompile(`(^|/)\.{1,2}(/|$)`),
	"hostile to other tools": regexp.MustCompile("[\\s\"'`;{}$\\\\<>|&#%?\\[\\]()^!]|[^\\x21-\\x7e]"),
}

// checkGrammars finds every text of an accepted mapping by reflection and
// holds it to its grammar: a new field without one is an error.
func checkGrammars(m *mapping.Mapping) error {
	var walk func(v reflect.Value, field string) error
	walk = func(v reflect.Value, field string) error {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				if err := walk(v.Field(i), v.Type().Name()+"."+v.Type().Field(i).Name); err != nil {
					return err
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				if err := walk(v.Index(i), field); err != nil {
					return err
				}
			}
		case reflect.String:
			return checkGrammar(v, field)
		case reflect.Bool, reflect.Int, reflect.Int64:
		default:
			return fmt.Errorf("%s is a %s, which has no grammar", field, v.Kind())
		}
		return nil
	}
	return walk(reflect.ValueOf(*m), "Mapping")
}

func checkGrammar(v reflect.Value, field string) error {
	name := v.Type().Name()
	if name == "string" {
		name = field
	}
	grammar, stated := grammars[name]
	text := v.String()
	switch {
	case !stated:
		return fmt.Errorf("%s has no grammar", name)
	case !grammar.MatchString(text):
		return fmt.Errorf("%s %q is outside its grammar", name, text)
	case field == "Row.Description" || field == "Row.Owner" || field == "Team.Contact" || field == "Mapping.Source" || field == "Position.File":
		return nil
	case grammars["hostile to other tools"].MatchString(text):
		return fmt.Errorf("%s %q holds a character that means something to another tool", name, text)
	case strings.HasSuffix(name, "Path") && grammars["dot segment of a path"].MatchString(text):
		return fmt.Errorf("%s %q has a dot segment", name, text)
	case len(text) > 253 && (name == "Host" || name == "Zone"), len(text) > 512 && name == "BasePath", len(text) > 1024 && name == "APIPath":
		return fmt.Errorf("%s is %d characters long", name, len(text))
	}
	return nil
}

func TestEveryAcceptedValueMatchesItsGrammar(t *testing.T) {
	for name, c := range readCorpus(t) {
		if m, err := mapping.Parse("mapping.yaml", c.input); err == nil {
			require.NoError(t, checkGrammars(m), name)
		}
	}
}

// TestMethodARNLeavesRoomForCallers adds up the longest method ARN that a row
// can lead to: API Gateway refuses more than 1,600 bytes.
func TestMethodARNLeavesRoomForCallers(t *testing.T) {
	url := "https://" + strings.Repeat("a", 32) + ".execute-api.eusc-de-" + strings.Repeat("a", 16) + "-99.amazonaws.eu/" +
		strings.Repeat("s", 128) + "/" + strings.Repeat("p", 1023)
	api, err := mapping.ParsePrivateAPI(url)
	require.NoError(t, err)
	arn := fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s/%s%s", api.Partition, api.Region, "123456789012", api.ID, api.Stage, "OPTIONS", api.Path)
	require.Less(t, len(arn), 1_300)
}
