package mapping_test

import (
	"fmt"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/mapping"
)

// TestEveryCharacterThatDoesNotShowIsNamedAtItsPlace puts each character of the
// Basic Multilingual Plane that is a space, or that is formatting, into a host.
func TestEveryCharacterThatDoesNotShowIsNamedAtItsPlace(t *testing.T) {
	tested := 0
	for char := rune(0x80); char < 0xffff; char++ {
		unseen := unicode.In(char, unicode.Zs, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		if !unseen || char == '\ufeff' {
			continue
		}
		tested++
		document := fmt.Sprintf("APIS:\n  - PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev\n    CUSTOM_DOMAIN_URL: 'api%c.private.example.com'\n", char)
		_, err := mapping.Parse("mapping.yaml", []byte(document))
		var mistakes mapping.Errors
		require.ErrorAs(t, err, &mistakes)
		require.Len(t, mistakes, 1, "%U", char)
		require.Equal(t, []int{3, 28}, []int{mistakes[0].Line, mistakes[0].Column}, "%U", char)
		require.Contains(t, mistakes[0].Message, fmt.Sprintf("holds %U ", char))
		require.Equal(t, "delete it", mistakes[0].Fix)
	}
	require.Greater(t, tested, 60)
}

// TestValuesOfProgramsAreHeldToTheSameCharacters reads and makes in code what a
// file could not hold.
func TestValuesOfProgramsAreHeldToTheSameCharacters(t *testing.T) {
	_, _, err := mapping.ParseCustomDomain("api\u200b.private.example.com/v1")
	require.ErrorContains(t, err, "holds U+200B ZERO WIDTH SPACE")
	_, err = mapping.ParsePrivateAPI("https\uff1a//a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev")
	require.ErrorContains(t, err, `holds U+FF1A FULLWIDTH COLON, which looks like ":"`)

	api, err := mapping.ParsePrivateAPI("https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev")
	require.NoError(t, err)
	_, err = mapping.New([]mapping.Row{{Host: "api.private.example.com", API: api, Account: "222222222222\u00a0", Methods: []mapping.Method{"GET\u2060"}}})
	require.ErrorContains(t, err, "holds U+00A0 NO-BREAK SPACE")
	require.ErrorContains(t, err, "holds U+2060 WORD JOINER")
}

// TestEveryFieldNamesACharacterOutsideASCII writes a look-alike letter, and one with an
// accent, into fields other than the host.
func TestEveryFieldNamesACharacterOutsideASCII(t *testing.T) {
	const row = "ACCOUNTS:\n  orders: {ID: \"222222222222\"}\nAPIS:\n  - CUSTOM_DOMAIN_URL: a.b.example.com\n    PRIVATE_API_URL: https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev\n    "
	const cyrillic = "CYRILLIC SMALL LETTER "
	for line, want := range map[string]string{
		"ACCOUNT: \u043erders":                `6:14: APIS[0].ACCOUNT: "оrders" holds U+043E ` + cyrillic + `O, which looks like "o": write "o" in its place`,
		"ACCOUNT: ord\u0435rs":                `6:17: APIS[0].ACCOUNT: "ordеrs" holds U+0435 ` + cyrillic + `IE, which looks like "e"`,
		"ACCOUNT: \"22222222222\u041e\"":      `6:26: APIS[0].ACCOUNT: "22222222222О" holds U+041E CYRILLIC CAPITAL LETTER O, which looks like "O"`,
		"ACCOUNT: ord\u00e9rs":                `6:17: APIS[0].ACCOUNT: "ordérs" is no name of ACCOUNTS: it holds U+00E9 LATIN SMALL LETTER E WITH ACUTE, which is outside ASCII: write orders`,
		"ACCOUNT: \u0437\u0430\u043a\u0430z":  `6:15: APIS[0].ACCOUNT: "закаz" holds U+0430 ` + cyrillic + `A`,
		"VERBS: [G\u0415T]":                   `6:14: APIS[0].VERBS[0]: "GЕT" holds U+0415 CYRILLIC CAPITAL LETTER IE`,
		"VERBS: GET, \u0420OST":               `6:17: APIS[0].VERBS: "GET, РOST" holds U+0420`,
		"VERBS: [G\u00c9T]":                   `6:14: APIS[0].VERBS[0]: unknown verb "GÉT": it holds U+00C9`,
		"AUTH: i\u0430m":                      `6:12: APIS[0].AUTH: "iаm" holds U+0430`,
		"FRONT_DOOR: \u0430lb":                `6:17: APIS[0].FRONT_DOOR: "аlb" holds U+0430`,
		"ENDPOINT_ACCESS_MODE: B\u0410SIC":    `6:28: APIS[0].ENDPOINT_ACCESS_MODE: "BАSIC" holds U+0410`,
		"ROUTE53_PUBLIC_DOMAIN: ex\u0430.com": `6:30: APIS[0].ROUTE53_PUBLIC_DOMAIN: "exа.com" holds U+0430`,
		"CORS: tru\u0435":                     `6:14: APIS[0].CORS: "truе" holds U+0435`,
		"TIMEOUT: 3\u041e":                    `6:15: APIS[0].TIMEOUT: "3О" holds U+041E`,
		"TIMEOUT: \uff130":                    `6:14: APIS[0].TIMEOUT: "３0" holds U+FF13 FULLWIDTH DIGIT THREE, which looks like "3"`,
		"ACC\u041eUNT: orders":                `6:8: APIS[0]["ACCОUNT"]: "ACCОUNT" holds U+041E`,
		"ACC\u00d6UNT: orders":                `6:8: APIS[0]["ACCÖUNT"]: unknown key: it holds U+00D6`,
	} {
		_, err := mapping.Parse("mapping.yaml", []byte(row+line+"\n"))
		require.ErrorContains(t, err, "mapping.yaml:"+want, line)
	}
	// A value in which nothing is outside ASCII says no more than before.
	_, err := mapping.Parse("mapping.yaml", []byte(row+"ACCOUNT: \"22222222222O\"\n"))
	require.ErrorContains(t, err, `"22222222222O" is no name of ACCOUNTS: add the name`)
}
