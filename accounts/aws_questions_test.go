package accounts

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// restService answers GETs by their path and query, and keeps their signatures.
type restService struct {
	answers map[string]string
	signed  []string
}

func (f *restService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.signed = append(f.signed, r.Header.Get("Authorization"))
	answer, known := f.answers[r.URL.RequestURI()]
	if !known || r.Method != http.MethodGet || r.Header.Get("Accept") != "application/json" {
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		answer = `{"message":"not authorized to perform: ` + r.URL.RequestURI() + `"}`
	}
	_, _ = w.Write([]byte(answer))
}

// inProject is a project's directory with a stack's settings, whose emulator answers so.
func inProject(t *testing.T, stack string, settings settingsText, answers map[string]string) (dir string, service *restService) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	service = &restService{answers: answers}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	dir = t.TempDir()
	for name, text := range map[string]string{
		"Pulumi.yaml": "name: portico\nruntime: go\n", "mapping.yaml": twoRows,
		"Pulumi." + stack + ".yaml": strings.Replace(string(settings), "{region:", `{endpoint: "`+server.URL+`", region:`, 1),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir, service
}

// The members are those of botocore's models: ListProfileResourceAssociations and
// GetDomainNameAccessAssociations.
func TestAProfilesEntriesAreListedPageByPage(t *testing.T) {
	const path = "/profileresourceassociations/profileid/rp-0a1b"
	dir, service := inProject(t, "dev", minimalShared, map[string]string{
		path + "?":                `{"NextToken":"a b","ProfileResourceAssociations":[{"Id":"rpr-1","ResourceArn":"arn:aws:route53:::hostedzone/Z1"}]}`,
		path + "?nextToken=a%20b": `{"ProfileResourceAssociations":[{"Id":"rpr-2","ResourceArn":"arn:aws:route53:::hostedzone/Z2"}]}`,
	})
	ids, err := ProfileEntriesIn(dir)(t.Context(), "dev", "rp-0a1b")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"arn:aws:route53:::hostedzone/Z1": "rpr-1", "arn:aws:route53:::hostedzone/Z2": "rpr-2"}, ids)
	require.Len(t, service.signed, 2)
	require.Contains(t, service.signed[0], "/us-east-1/route53profiles/aws4_request")

	_, err = ProfileEntriesIn(dir)(t.Context(), "dev", "rp-other")
	require.ErrorContains(t, err, "403 Forbidden: AccessDeniedException")
	t.Setenv("PULUMI_DEBUG_PROVIDERS", "aws:1")
	ids, err = ProfileEntriesIn(dir)(t.Context(), "dev", "rp-0a1b")
	require.NoError(t, err)
	require.Empty(t, ids)
}

func TestOtherAccountsAssociationsAreListed(t *testing.T) {
	const association = "arn:aws:apigateway:us-east-1:333333333333:/domainnameaccessassociations/domainname/a+0a1b/vpcesource/vpce-1"
	dir, service := inProject(t, "dev-orders", redeploying, map[string]string{
		"/domainnameaccessassociations?resourceOwner=OTHER_ACCOUNTS": `{"item":[{"domainNameAccessAssociationArn":"` + association + `","domainNameArn":"arn:domain"}]}`,
	})
	domains, err := OthersAssociationsIn(dir)(t.Context(), "dev-orders")
	require.NoError(t, err)
	require.Equal(t, map[string]string{association: "arn:domain"}, domains)
	require.Contains(t, service.signed[0], "/us-east-1/apigateway/aws4_request")
}
