package aws_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/aws"
)

func TestResourceIDsHaveEightOrSeventeenDigits(t *testing.T) {
	for text, want := range map[string]bool{
		"vpce-0123abcd": true, "vpce-0123456789abcdef0": true,
		"vpce-123": false, "vpce-0123abcde": false, "vpce-0123456789abcdef01": false, "vpce-0123ABCD": false,
		"vpc-0123abcd": false, "vpce-": false, "": false, " vpce-0123abcd": false, "vpce-0123abcd\n": false, "xvpce-0123abcd": false,
	} {
		require.Equal(t, want, aws.IsResourceID("vpce", text), "%q", text)
	}
}
