package assumedrole_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/assumedrole"
)

// asked is what AWS STS is asked for a role's credentials.
func asked(t *testing.T, role assumedrole.Role) url.Values {
	t.Helper()
	var form url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		form = r.PostForm
		fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
			<AccessKeyId>OFTHEROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration>
			</Credentials></AssumeRoleResult></AssumeRoleResponse>`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	defer server.Close()
	config := aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("CALLER", "s", "")}
	role.Assume(&config, "session")
	got, err := config.Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	if role.ARN == "" {
		require.Equal(t, "CALLER", got.AccessKeyID)
		return nil
	}
	require.Equal(t, "OFTHEROLE", got.AccessKeyID)
	return form
}

func TestARoleIsAssumedAsTheSettingsSay(t *testing.T) {
	const arn = "arn:aws:iam::222222222222:role/portico"
	require.Nil(t, asked(t, assumedrole.Role{}), "the caller's own credentials")

	form := asked(t, assumedrole.Role{ARN: arn})
	require.Equal(t, []string{arn, "session", "900"}, []string{form.Get("RoleArn"), form.Get("RoleSessionName"), form.Get("DurationSeconds")})
	require.False(t, form.Has("ExternalId"))

	form = asked(t, assumedrole.Role{ARN: arn, ExternalID: "portico/dev", Session: 90 * time.Minute})
	require.Equal(t, []string{arn, "portico/dev", "5400"}, []string{form.Get("RoleArn"), form.Get("ExternalId"), form.Get("DurationSeconds")})
}
