package acceptance_test

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/rehearsal"
	"github.com/portico-iac/portico/test/acceptance"
)

// vpc leads every name to one server on loopback.
type vpc struct{ listener, ca string }

func (v vpc) Listener(string, uint16, bool) (string, error) { return v.listener, nil }
func (v vpc) CAFile() string                                { return v.ca }
func (v vpc) Close(context.Context) error                   { return nil }

// TestEachScriptAsksWhatItIsAbout runs the scripts with curl against a server that
// answers as API Gateway does.
func TestEachScriptAsksWhatItIsAbout(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "example.com":
			w.WriteHeader(http.StatusOK)
		case r.Header.Get("x-apigw-api-id") != "a1b2c3d4e5":
			w.Header().Set("X-Amzn-ErrorType", "ForbiddenException")
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusForbidden)
			_, err := w.Write([]byte("not authorized on arn:aws:execute-api:us-east-1:********1111:a1b2c3d4e5" + r.URL.Path[:len(r.URL.Path)-1] + "/" + r.Method + "/"))
			if err != nil {
				t.Error(err)
			}
		}
	}))
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	prober := acceptance.Simulated{Connect: func(context.Context) (acceptance.VPC, error) { return vpc{server.Listener.Addr().String(), ca}, nil }}
	variables := map[string]string{"ENDPOINT": "vpce-1.execute-api.us-east-1.vpce.amazonaws.com", "HOST": "example.com", "API": "a1b2c3d4e5", "STAGE": "dev", "REGION": "us-east-1"}
	want := map[string]string{
		"endpoint-certificate": "DNS:example.com", "endpoint-certificate-by-sni": "DNS:example.com",
		"api-header-against-host": "403 ForbiddenException", "method-override": "dev/GET/", "custom-domain": "200 0",
	}
	for _, q := range acceptance.Questions {
		answer, err := prober.Ask(t.Context(), variables, q)
		require.NoError(t, err, q.ID)
		require.Contains(t, answer, want[q.ID], q.ID)
	}
	require.Len(t, want, len(acceptance.Questions))
}

// recorded is a record of one run, with IDs of its own.
func recorded(endpoint string) *acceptance.Record {
	return &acceptance.Record{
		Version: acceptance.Version, Variables: map[string]string{"ENDPOINT": endpoint + ".vpce.amazonaws.com", "REGION": "us-east-1", "API": endpoint + "api"},
		Steps: []acceptance.Step{{Name: "second up"}},
		Answers: []acceptance.Answer{
			{ID: "endpoint-certificate", Answer: "DNS:" + endpoint + ".vpce.amazonaws.com, DNS:*.us-east-1.example.com\nDNS:*.us-east-1.example.com"},
			{ID: "method-override", Answer: "dev/GET/\n"},
		},
	}
}

func TestAContradictionOfARecordIsNamed(t *testing.T) {
	for sentence, c := range map[string]struct {
		simulated func(r *acceptance.Record)
		want      []string
	}{
		"the same answers with other IDs": {func(*acceptance.Record) {}, nil},
		"names in another order": {func(r *acceptance.Record) {
			r.Answers[0].Answer = "DNS:*.us-east-1.example.com, DNS:vpce-2.vpce.amazonaws.com"
		}, nil},
		"another name": {func(r *acceptance.Record) { r.Answers[0].Answer = "DNS:vpce-2.vpce.amazonaws.com" },
			[]string{`endpoint-certificate: recorded is "DNS:$ENDPOINT DNS:*.$REGION.example.com", and the simulated accounts answer "DNS:$ENDPOINT"`}},
		"another answer": {func(r *acceptance.Record) { r.Answers[1].Answer = "dev/DELETE/" },
			[]string{`method-override: recorded is "dev/GET/", and the simulated accounts answer "dev/DELETE/"`}},
		"no answer": {func(r *acceptance.Record) { r.Answers = r.Answers[:1] },
			[]string{`method-override: recorded is "dev/GET/", and the simulated accounts answer "no answer"`}},
		"an up that has something to do": {func(r *acceptance.Record) { r.Steps[0].Error = "there was something to do" },
			[]string{`second up: recorded is "done", and the simulated accounts answer "failed"`}},
	} {
		t.Run(sentence, func(t *testing.T) {
			simulated := recorded("vpce-2")
			c.simulated(simulated)
			var found []string
			for _, contradiction := range recorded("vpce-1").Contradictions(simulated) {
				found = append(found, contradiction.String())
			}
			require.Equal(t, c.want, found)
		})
	}
}

// simulate runs a mapping on simulated accounts, with the real engine, NGINX and
// curl, and gives the record of it.
func simulate(t *testing.T, mapping, changed, api, stage string) *acceptance.Record {
	t.Helper()
	command, err := automation.FindCommand(filepath.Join("..", "..", "bin"))
	require.NoError(t, err)
	dir := t.TempDir()
	file := filepath.Join(dir, "mapping.yaml")
	require.NoError(t, os.WriteFile(file, []byte(mapping), 0o600))
	p, err := rehearsal.Prepare(t.Context(), rehearsal.Options{Mapping: file, StateDir: t.TempDir(), Command: command, Programs: automation.Programs{
		Shared: accounts.SharedIn, SharedTagged: accounts.TaggedIn, Provider: accounts.ProviderIn, ProviderTagged: accounts.ProviderTaggedIn,
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	options := acceptance.Options{
		Stacks: both{p}, Accounts: "simulated", Mapping: filepath.Join(p.Dir, "project", "mapping.yaml"), API: api, Stage: stage,
		Prober: acceptance.Simulated{Connect: func(ctx context.Context) (acceptance.VPC, error) { return p.Connect(ctx) }},
	}
	if changed != "" {
		options.Changed = filepath.Join(dir, "changed.yaml")
		require.NoError(t, os.WriteFile(options.Changed, []byte(changed), 0o600))
	}
	record, err := acceptance.Run(t.Context(), options)
	require.NoError(t, err)
	return record
}

// TestTheSimulatedAccountsAnswerAsEachRecord holds them to the records of runs on
// AWS that are kept in records/.
func TestTheSimulatedAccountsAnswerAsEachRecord(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("records", "*.json"))
	require.NoError(t, err)
	if len(paths) == 0 {
		t.Skip("there is no record of a run on AWS: README.md says how one is made")
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			record, err := acceptance.ReadRecord(path)
			require.NoError(t, err)
			require.Equal(t, "aws", record.Accounts)
			require.Empty(t, record.Contradictions(simulate(t, record.Mapping, record.Changed, record.Variables["API"], record.Variables["STAGE"])))
		})
	}
}

// TestTheRunOnSimulatedAccounts deploys, changes and deletes an environment, keeps
// the record, and holds another run to it.
func TestTheRunOnSimulatedAccounts(t *testing.T) {
	if os.Getenv("PORTICO_SLOW") != "1" {
		t.Skip("takes two minutes: run make test-slow, which sets PORTICO_SLOW=1")
	}
	const mapping = `APIS: [{CUSTOM_DOMAIN_URL: a.private.example.com, PRIVATE_API_URL: "https://aaaaaaaaaa.execute-api.us-east-1.amazonaws.com/dev", VERBS: [GET]}]`
	record := simulate(t, mapping, strings.Replace(mapping, "GET", "GET, POST", 1), "aaaaaaaaaa", "dev")
	require.Positive(t, record.Steps[0].Changes.Create)
	require.Positive(t, record.Steps[3].Changes.Update+record.Steps[3].Changes.Replace)
	require.Positive(t, record.Steps[5].Changes.Delete)
	require.Empty(t, record.Unanswered)

	path := filepath.Join(t.TempDir(), "record.json")
	require.NoError(t, record.Write(path))
	kept, err := acceptance.ReadRecord(path)
	require.NoError(t, err)
	again := simulate(t, kept.Mapping, kept.Changed, "aaaaaaaaaa", "dev")
	require.Empty(t, kept.Contradictions(again))
	kept.Answers[2].Answer = "403 AccessDeniedException"
	require.Equal(t, []acceptance.Contradiction{{What: "api-header-against-host", Recorded: "403 AccessDeniedException", Simulated: "403 ForbiddenException"}}, kept.Contradictions(again))
}

// both is an environment whose provider project has a mapping file of its own.
type both struct{ *rehearsal.Prepared }

func (b both) Up(ctx context.Context) (*automation.Report, error) {
	data, err := os.ReadFile(filepath.Join(b.Dir, "project", "mapping.yaml"))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "project", "accounts", "provider", "mapping.yaml"), data, 0o600); err != nil {
		return nil, err
	}
	return b.Environment.Up(ctx)
}

func (b both) Destroy(ctx context.Context) (*automation.Report, error) {
	return b.Environment.Destroy(ctx)
}
