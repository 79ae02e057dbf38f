package settings

import (
	"fmt"
	"reflect"
	"time"
)

// CompleteShared checks settings that are made in code: a field that is zero has
// its default, and no mapping file is needed. Paths of PEM files begin at the
// directory. The error is of type Errors.
func CompleteShared(c Shared, stack string, dir Dir) (*Shared, error) {
	m := newMistakes("settings of stack " + stack)
	m.mappingInCode = true
	given := keysOf(&c)
	fillZero(reflect.ValueOf(&c).Elem(), reflect.ValueOf(DefaultShared()).Elem())
	m.given = given
	c.complete(stack, given)
	c.check(m, dir.ReadFile, time.Now())
	return &c, m.err()
}

// CompleteProvider checks the settings of a provider account's stack, as
// CompleteShared does.
func CompleteProvider(c Provider, stack string, dir Dir) (*Provider, error) {
	m := newMistakes("settings of stack " + stack)
	m.mappingInCode = true
	given := keysOf(&c)
	fillZero(reflect.ValueOf(&c).Elem(), reflect.ValueOf(DefaultProvider()).Elem())
	m.given = given
	c.complete(given)
	c.check(m, dir.ReadFile, time.Now())
	return &c, m.err()
}

// keysOf are the keys of the fields of a struct that aren't zero.
func keysOf(settings any) map[string]bool {
	given := map[string]bool{}
	var visit func(fields reflect.Value, path string)
	visit = func(fields reflect.Value, path string) {
		for name, field := range fieldsByKey(fields) {
			key := path + name
			if field.IsZero() {
				continue
			}
			given[key] = true
			switch {
			case field.Kind() == reflect.Struct:
				visit(field, key+".")
			case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
				for i := range field.Len() {
					visit(field.Index(i), fmt.Sprintf("%s[%d].", key, i))
				}
			}
		}
	}
	visit(reflect.ValueOf(settings).Elem(), "")
	return given
}

// fillZero gives the fields of a struct that are zero the values of another.
func fillZero(fields, defaults reflect.Value) {
	for i := range fields.NumField() {
		field, byDefault := fields.Field(i), defaults.Field(i)
		switch {
		case field.Kind() == reflect.Struct && field.NumField() > 0 && fields.Type().Field(i).Tag.Get("config") != "":
			fillZero(field, byDefault)
		case field.IsZero():
			field.Set(byDefault)
		}
	}
}
