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
