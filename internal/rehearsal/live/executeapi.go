package live

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// executeAPIPort is where execute-api endpoints listen.
const executeAPIPort = 443

// maxPayload is API Gateway's limit for a request body, in bytes.
const maxPayload = 10 << 20

// Arrival is what an API answers with in a rehearsal: the request as it
// reached the API's stage.
type Arrival struct {
	API       string `json:"api"`
	AccountID string `json:"account"`
	Stage     string `json:"stage"`
	Method    string `json:"method"`
	// Path is what follows the stage, raw.
	Path string `json:"path"`
	// Query is raw, without the question mark.
	Query      string              `json:"query"`
	Headers    map[string][]string `json:"headers"`
	BodyBytes  int64               `json:"bodyBytes"`
	SourceVPCE string              `json:"sourceVpce"`
	SourceIP   string              `json:"sourceIp"`
}

// executeAPI serves an interface endpoint for execute-api.
type executeAPI struct {
	endpoint Endpoint
	estate   *Estate
	apis     map[string]API
	suffix   string
	server   *http.Server
}

// startExecuteAPI lets an endpoint's network interfaces answer.
func startExecuteAPI(network *Network, authority *Authority, estate *Estate, endpoint Endpoint) (*executeAPI, error) {
	suffix := dnsSuffix(estate.Partition)
	names := []string{
		"*.execute-api." + estate.Region + "." + suffix,
		"*.execute-api." + estate.Region + ".vpce." + suffix,
	}
	certificate, err := authority.Issue(names...)
	if err != nil {
		return nil, fmt.Errorf("stand in for the certificate of endpoint %s: %w", endpoint.ID, err)
	}
	leaf := certificate.Certificate[0]
	x := &executeAPI{endpoint: endpoint, estate: estate, apis: make(map[string]API), suffix: suffix}
	for _, api := range estate.APIs {
		x.apis[api.ID] = api
	}
	verify, err := serverNames(leaf)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if err := verify(hello.ServerName); err != nil {
				return nil, fmt.Errorf("server name %q: %w", hello.ServerName, err)
			}
			return certificate, nil
		},
	}
	x.server = &http.Server{
		Handler:           x,
		ReadHeaderTimeout: idleTimeout,
		IdleTimeout:       310 * time.Second,
		// Handshakes that the endpoint refuses are the caller's to report.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	listener := tls.NewListener(network.Listen(endpoint.Interfaces, executeAPIPort), config)
	go func() {
		// Serve ends when close shuts the server down; it has no other end.
		_ = x.server.Serve(listener)
	}()
	return x, nil
}

// dnsSuffix is the partition's.
func dnsSuffix(partition string) string {
	if partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

func (x *executeAPI) close(ctx context.Context) error {
	if err := x.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop endpoint %s: %w", x.endpoint.ID, err), x.server.Close())
	}
	return nil
}

// ServeHTTP finds the API that a request names, asks the policies, and answers
// with what arrived.
func (x *executeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api, ok := x.api(r)
	raw, query, _ := strings.Cut(r.RequestURI, "?")
	stage, path, _ := strings.Cut(strings.TrimPrefix(raw, "/"), "/")
	if !ok || !api.Private || !slices.Contains(api.Stages, stage) {
		forbid(w, "ForbiddenException", map[string]string{"message": "Forbidden"})
		return
	}
	call := x.invocation(r, stage, "/"+path)
	admitted, err := x.admit(api, call)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	if !admitted {
		forbid(w, "AccessDeniedException", map[string]string{"Message": x.denial(api, call)})
		return
	}
	x.echo(w, r, Arrival{
		API: api.ID, AccountID: api.AccountID, Stage: call.Stage, Path: call.Path, Query: query,
		SourceIP: call.Context["aws:VpcSourceIp"],
	})
}

// api is the API that a request names: by its own or its endpoint-specific host
// name, or by x-apigw-api-id beside one of the endpoint's names.
func (x *executeAPI) api(r *http.Request) (API, bool) {
	host := strings.ToLower(r.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if slices.Contains(x.endpoint.DNSNames, host) {
		api, ok := x.apis[r.Header.Get("X-Apigw-Api-Id")]
		return api, ok
	}
	label, ok := strings.CutSuffix(host, ".execute-api."+x.estate.Region+"."+x.suffix)
	if !ok {
		return API{}, false
	}
	if api, ok := x.apis[label]; ok {
		return api, true
	}
	id, ok := strings.CutSuffix(label, "-"+x.endpoint.ID)
	api, known := x.apis[id]
	return api, ok && known && slices.Contains(api.VPCEndpointIDs, x.endpoint.ID)
}

// invocation is what the policies decide about.
func (x *executeAPI) invocation(r *http.Request, stage, path string) Invocation {
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	conditions := map[string]string{
		"aws:SourceVpce":      x.endpoint.ID,
		"aws:SourceVpc":       x.endpoint.VPCID,
		"aws:VpcSourceIp":     source,
		"aws:SecureTransport": "true",
	}
	if referer := r.Header.Get("Referer"); referer != "" {
		conditions["aws:Referer"] = referer
	}
	if agent := r.Header.Get("User-Agent"); agent != "" {
		conditions["aws:UserAgent"] = agent
	}
	return Invocation{
		Stage: stage, Method: r.Method, Path: path, Context: conditions,
		Authorization: r.Header.Get("Authorization") != "",
	}
}

// admit asks the endpoint policy, then the API.
func (x *executeAPI) admit(api API, call Invocation) (bool, error) {
	if x.endpoint.Admit != nil {
		admitted, err := x.endpoint.Admit(api, call)
		if err != nil {
			return false, fmt.Errorf("ask the policy of endpoint %s: %w", x.endpoint.ID, err)
		}
		if !admitted {
			return false, nil
		}
	}
	admitted, err := api.Admit(call)
	if err != nil {
		return false, fmt.Errorf("ask API %s: %w", api.ID, err)
	}
	return admitted, nil
}

// denial is API Gateway's text; it shows the last four digits of the account.
func (x *executeAPI) denial(api API, call Invocation) string {
	account := "********"
	if len(api.AccountID) > len(account) {
		account += api.AccountID[len(account):]
	}
	return fmt.Sprintf("User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:%s:execute-api:%s:%s:%s/%s/%s%s",
		x.estate.Partition, x.estate.Region, account, api.ID, call.Stage, call.Method, call.Path)
}

func forbid(w http.ResponseWriter, kind string, body map[string]string) {
	w.Header().Set("X-Amzn-ErrorType", kind)
	answer(w, http.StatusForbidden, body)
}

func (x *executeAPI) echo(w http.ResponseWriter, r *http.Request, arrival Arrival) {
	size, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, map[string]string{"message": "Request Too Long"})
		return
	}
	arrival.Method = r.Method
	arrival.Headers = r.Header
	arrival.BodyBytes = size
	arrival.SourceVPCE = x.endpoint.ID
	w.Header().Set("X-Amzn-RequestId", r.Header.Get("X-Amzn-Trace-Id"))
	answer(w, http.StatusOK, arrival)
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// The caller is gone when writing fails.
	_ = json.NewEncoder(w).Encode(body)
}
