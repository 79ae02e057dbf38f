package live

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// executeAPIPort is where execute-api endpoints listen.
const executeAPIPort = 443

// maxPayload is API Gateway's limit for a request body, in bytes.
const maxPayload = 10 << 20

// DeniedByHeader is the field in which a refusal names the statements of the
// API's resource policy that deny the request. API Gateway has no such field.
const DeniedByHeader = "X-Rehearsal-Denied-By"

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
	view     atomic.Pointer[endpointView]
	listener *simulatedListener
	server   *http.Server
	// certificate is the endpoint's own, by store what it presents for PRIVATE
	// custom domain names.
	certificate *tls.Certificate
	store       *certificateStore
}

// startExecuteAPI makes an endpoint that serves what its listener accepts. What
// it answers with follows from the last view.
func startExecuteAPI(store *certificateStore, view *endpointView) (*executeAPI, error) {
	certificate, err := store.authority.Issue(
		"*.execute-api."+view.region+"."+view.suffix,
		"*.execute-api."+view.region+".vpce."+view.suffix,
	)
	if err != nil {
		return nil, fmt.Errorf("replace the certificate of endpoint %s: %w", view.endpoint.ID, err)
	}
	x := &executeAPI{listener: newSimulatedListener(), certificate: certificate, store: store}
	x.view.Store(view)
	x.server = &http.Server{
		Handler:           x,
		ReadHeaderTimeout: idleTimeout,
		IdleTimeout:       310 * time.Second,
		// Handshakes that fail are the caller's to report.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: x.present}
	newer := config.Clone()
	newer.MinVersion = tls.VersionTLS13
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if api, ok := x.view.Load().byHost(canonicalName(hello.ServerName)); ok && api.TLS13 {
			return newer, nil
		}
		return config, nil
	}
	go func() {
		// Serve ends when close shuts the server down; it has no other end.
		_ = x.server.Serve(tls.NewListener(x.listener, config))
	}()
	return x, nil
}

// present chooses the certificate: that of the PRIVATE custom domain name that
// the client names and that has an access association with the endpoint, or
// else the endpoint's own, whatever the client names. Clients that verify find
// out that it doesn't cover a REGIONAL domain.
func (x *executeAPI) present(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if domain, ok := x.view.Load().domain(canonicalName(hello.ServerName)); ok && domain.Private {
		return x.store.tls(domain.Certificate)
	}
	return x.certificate, nil
}

func (x *executeAPI) close(ctx context.Context) error {
	if err := x.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop endpoint %s: %w", x.view.Load().endpoint.ID, err), x.server.Close())
	}
	return nil
}

// ServeHTTP finds the API that a request names, asks the policies, and answers
// with what arrived.
func (x *executeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	view := x.view.Load()
	if !wait(r.Context(), view.endpoint.Delay) {
		return // the caller is gone
	}
	asked, ok := view.asked(r)
	if !ok || asked.api.Strict && !view.namesStrictly(r, asked) {
		forbid(w, "ForbiddenException", map[string]string{"message": "Forbidden"})
		return
	}
	call := view.invocation(r, asked)
	admitted, err := view.admit(asked, call)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	if !admitted {
		if asked.api.Denials != nil {
			if names := asked.api.Denials(call); len(names) > 0 {
				w.Header().Set(DeniedByHeader, strings.Join(names, ", "))
			}
		}
		forbid(w, "AccessDeniedException", map[string]string{"Message": view.denial(asked.api, call)})
		return
	}
	if asked.api.Fails != 0 {
		w.Header().Set("X-Amzn-ErrorType", "InternalServerErrorException")
		answer(w, asked.api.Fails, map[string]string{"message": "Internal server error"})
		return
	}
	echo(w, r, Arrival{
		API: asked.api.ID, AccountID: asked.api.AccountID, Stage: call.Stage, Path: call.Path, Query: asked.query,
		SourceVPCE: view.endpoint.ID, SourceIP: call.Context["aws:VpcSourceIp"],
	})
}

// wait waits, and reports whether nothing ended before.
func wait(ctx context.Context, delay time.Duration) bool {
	if delay == 0 {
		return true
	}
	select {
	case <-time.After(delay):
		return true
	case <-ctx.Done():
		return false
	}
}

// invocation is what the policies decide about.
func (v *endpointView) invocation(r *http.Request, asked request) Invocation {
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	conditions := map[string]string{
		"aws:SourceVpce":      v.endpoint.ID,
		"aws:SourceVpc":       v.endpoint.VPCID,
		"aws:VpcSourceIp":     source,
		"aws:SecureTransport": "true",
	}
	if referer := r.Header.Get("Referer"); referer != "" {
		conditions["aws:Referer"] = referer
	}
	if agent := r.Header.Get("User-Agent"); agent != "" {
		conditions["aws:UserAgent"] = agent
	}
	if asked.via != nil {
		conditions["execute-api:viaDomainArn"] = asked.via.ARN
	}
	return Invocation{
		Stage: asked.stage, Method: r.Method, Path: asked.path, Context: conditions,
		Authorization: r.Header.Get("Authorization") != "",
	}
}

// denial is API Gateway's text; it shows the last four digits of the account.
func (v *endpointView) denial(api API, call Invocation) string {
	account := "********"
	if len(api.AccountID) > len(account) {
		account += api.AccountID[len(account):]
	}
	return fmt.Sprintf("User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:%s:execute-api:%s:%s:%s/%s/%s%s",
		v.partition, v.region, account, api.ID, call.Stage, call.Method, call.Path)
}

func forbid(w http.ResponseWriter, kind string, body map[string]string) {
	w.Header().Set("X-Amzn-ErrorType", kind)
	answer(w, http.StatusForbidden, body)
}

func echo(w http.ResponseWriter, r *http.Request, arrival Arrival) {
	size, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxPayload))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, map[string]string{"message": "Request Too Long"})
		return
	}
	arrival.Method = r.Method
	arrival.Headers = r.Header
	arrival.BodyBytes = size
	answer(w, http.StatusOK, arrival)
}

// answer answers as API Gateway does, which gives every answer an ID.
func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("X-Amzn-RequestId", requestID())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// The caller is gone when writing fails.
	_ = json.NewEncoder(w).Encode(body)
}

// requestID is a UUID, by which API Gateway names a request.
func requestID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // it never fails, as crypto/rand says
	return fmt.Sprintf("%x-%x-%x-%x-%x", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
}
