package mapping

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTablesCoverTheTypes holds the tables of fields, which drive parser and
// schema, to the canonical form, and that to the types: a field that is in one
// and not in the others can't be written, or gets lost.
func TestTablesCoverTheTypes(t *testing.T) {
	require.ElementsMatch(t, jsonKeys[canonicalFile](), tableKeys(mappingFields))
	require.ElementsMatch(t, jsonKeys[canonicalAccount](), tableKeys(accountFields))
	require.ElementsMatch(t, jsonKeys[canonicalRow](), tableKeys(rowFields))

	// CUSTOM_DOMAIN_URL gives two fields of Row; the fields of layout come from the
	// files.
	require.Equal(t, len(rowFields)+1+len(layout), reflect.TypeFor[Row]().NumField())
	// Name is the key of TEAMS, Pos its place.
	require.Equal(t, len(teamFields)+2, reflect.TypeFor[Team]().NumField())
	// Name is the key of ACCOUNTS, Pos its place, RoleARNPos that of ROLE_ARN.
	require.Equal(t, len(accountFields)+3, reflect.TypeFor[Account]().NumField())
}

// layout are the fields of a row that say where it is.
var layout = []string{"Index", "InFile", "Team", "Pos"}

// TestCanonicalFormKeepsEveryField changes one field of a row at a time and
// asks for another canonical form.
func TestCanonicalFormKeepsEveryField(t *testing.T) {
	base := Row{FrontDoor: FrontDoorNGINX, Timeout: DefaultTimeout}
	for i := range reflect.TypeFor[Row]().NumField() {
		name := reflect.TypeFor[Row]().Field(i).Name
		if slices.Contains(layout, name) {
			continue
		}
		changed := base
		set(reflect.ValueOf(&changed).Elem().Field(i))
		require.NotEqual(t, base.canonical(), changed.canonical(), name)
	}
}

// set gives a value something other than it has.
func set(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("/other")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(5e9)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		set(v.Index(0))
	case reflect.Struct:
		set(v.Field(0))
	default:
		panic("no other value for a " + v.Kind().String())
	}
}

func jsonKeys[T any]() []string {
	var names []string
	for i := range reflect.TypeFor[T]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[T]().Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

func tableKeys[T any](fields []field[T]) []string {
	return strings.Split(keys(fields), ", ")
}
