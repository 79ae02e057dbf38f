package filterpattern

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The events and the patterns about them are those of AWS's page.
const (
	trail = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
		"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true}`
	users = `{"user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2,"email":"John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],
		"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]]}`
	numbers = `{"latency":700,"numbers":[0.5,2],"processes":[0,1,2,3,{"averageRuntime":55.5}],"errorCode":400,"empty":"","text":"700","list":[1,2,3]}`
)

func TestPatternsMatchAsThePageSays(t *testing.T) {
	for pattern, test := range map[string]struct {
		event string
		want  bool
	}{
		`{ $.eventType = "UpdateTrail" }`:                                    {trail, true},
		`{$.eventType=UpdateTrail}`:                                          {trail, true},
		`{ $.eventType = "updatetrail" }`:                                    {trail, false},
		`{ $.eventType = "*Trail" }`:                                         {trail, true},
		`{ $.eventType = Update* }`:                                          {trail, true},
		`{ $.eventType = "*date*" }`:                                         {trail, true},
		`{ $.eventType = "Upd*rail" }`:                                       {trail, false}, // in the middle it is an asterisk
		`{ $.sourceIPAddress != 123.123.* }`:                                 {trail, true},
		`{ $.sourceIPAddress != 111.* }`:                                     {trail, false},
		`{ $.arrayKey[0] = "value" }`:                                        {trail, true},
		`{ $.arrayKey[2] = "value" }`:                                        {trail, false},
		`{ $.eventType[0] = "U" }`:                                           {trail, false},
		`{ $.objectList[1].id = 2 }`:                                         {trail, true},
		`{ $.SomeObject IS NULL }`:                                           {trail, true},
		`{ $.SomeOtherObject IS NULL }`:                                      {trail, false},
		`{ $.SomeOtherObject NOT EXISTS }`:                                   {trail, true},
		`{ $.SomeObject NOT EXISTS }`:                                        {trail, false},
		`{ $.ThisFlag IS TRUE }`:                                             {trail, true},
		`{ $.ThisFlag IS FALSE }`:                                            {trail, false},
		`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`: {users, true},
		`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`:                               {users, false},
		`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }`:   {users, true},
		`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }`: {users, false},
		`{ $.latency = * }`:                         {numbers, true},
		`{ $.latency >= 500 }`:                      {numbers, true},
		`{ $.latency > +1000 }`:                     {numbers, false},
		`{ $.numbers[0] < 10e3 }`:                   {numbers, true},
		`{ $.numbers[0] < 10e-3 }`:                  {numbers, false},
		`{ $.processes[4].averageRuntime <= 55.5 }`: {numbers, true},
		`{ $.errorCode = 400 }`:                     {numbers, true},
		`{ $.errorCode != 500 }`:                    {numbers, true},
		`{ $.text >= 500 }`:                         {numbers, false}, // text is no number
		`{ $.empty != "*-*" }`:                      {numbers, true},
		`{ $.empty = "*-*" }`:                       {numbers, false},
		`{ $.list = 1 }`:                            {numbers, false}, // the selector has to lead to a value,
		`{ $.list != 1 }`:                           {numbers, false}, // whatever the operator
		`{ $.list != "x" }`:                         {numbers, false},
	} {
		t.Run(pattern, func(t *testing.T) {
			p, err := Parse(pattern)
			require.NoError(t, err)
			require.Equal(t, test.want, p.Matches(Event(test.event)))
			require.False(t, p.Matches(Event("2026/11/28 07:00:00 [error] 7#7: connect() failed")), "a line that is no JSON")
			require.False(t, p.Matches(Event(test.event+" x")))
		})
	}
}

func TestPatternsAreRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		`ERROR`:                            "no JSON pattern",
		`[ip, user, status_code = 4*]`:     "no JSON pattern",
		`{ $.status >= 400`:                "no JSON pattern",
		`{ }`:                              "no selector",
		`{ status = 1 }`:                   "no selector",
		`{ $ = 1 }`:                        "no property",
		`{ $[0] = 1 }`:                     "no property",
		`{ $.a[x] = 1 }`:                   "no number of an element",
		`{ $. = 1 }`:                       "no name of a property",
		`{ $.status == 400 }`:              "no value",
		`{ $.status 400 }`:                 "no operator",
		`{ $.status = }`:                   "no value",
		`{ $.status = 400 && }`:            "no selector",
		`{ $.status = 400 $.seconds = 1 }`: "left over",
		`{ ($.status = 400 }`:              "not closed",
		`{ $.status >= "400" }`:            "compares numbers",
		`{ $.status > abc }`:               "compares numbers",
		`{ $.request_id = "" }`:            "empty string",
		`{ $.request_id = a-b }`:           "double quotes",
		`{ $.request_id = %a.b% }`:         "no value",
		`{ $.status IS SET }`:              "no operator",
		`{ $.a = "` + strings.Repeat("x", 1020) + `" }`: "1032 characters",
	} {
		_, err := Parse(pattern)
		require.ErrorContains(t, err, want, pattern)
	}
	for _, selector := range []string{"", "1", "$", "$.", "$.a b", "$.a[0", "seconds"} {
		_, err := ParseSelector(selector)
		require.Error(t, err, selector)
	}
}

// FuzzParse: no pattern panics, nor what is read with it.
func FuzzParse(f *testing.F) {
	f.Add(`{ ($.status >= 500) && ($.request_id != "*-*") }`, numbers)
	f.Add(`{ $.a[0][1] IS NULL || $.b NOT EXISTS }`, trail)
	f.Fuzz(func(_ *testing.T, pattern, event string) {
		if p, err := Parse(pattern); err == nil {
			p.Matches(Event(event))
		}
	})
}
