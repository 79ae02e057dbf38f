package lifecycle

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/automation"
	"github.com/portico-iac/portico/internal/awssim"
)

// bucket answers as S3 does for the bucket "state", as far as Pulumi's backend
// asks: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html.
type bucket struct {
	mu      sync.Mutex
	objects map[string]object
	unknown []string // requests that it has no answer for
}

type object struct {
	data     []byte
	modified time.Time
	header   http.Header
}

func (o object) etag() string {
	sum := md5.Sum(o.data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// keys are the names of the objects below a prefix, sorted.
func (b *bucket) keys(prefix string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, inBucket := strings.CutPrefix(r.URL.Path, "/state")
	key := strings.TrimPrefix(path, "/")
	switch {
	case !inBucket:
		w.WriteHeader(http.StatusNotFound)
	case key == "" && r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		b.list(w, r.URL.Query().Get("prefix"), r.URL.Query().Get("delimiter"))
	case key == "":
		b.refuse(w, r)
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		b.copy(w, key, strings.TrimPrefix(strings.TrimPrefix(r.Header.Get("X-Amz-Copy-Source"), "/"), "state/"))
	case r.Method == http.MethodPut:
		b.put(w, r, key)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		b.get(w, r, key)
	case r.Method == http.MethodDelete:
		b.mu.Lock()
		delete(b.objects, key)
		b.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		b.refuse(w, r)
	}
}

func (b *bucket) refuse(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unknown = append(b.unknown, r.Method+" "+r.URL.String())
	w.WriteHeader(http.StatusNotImplemented)
}

func (b *bucket) put(w http.ResponseWriter, r *http.Request, key string) {
	data, err := io.ReadAll(r.Body)
	if err != nil || strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		b.refuse(w, r)
		return
	}
	o := object{data: data, modified: time.Now().UTC(), header: http.Header{}}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Meta-") || name == "Content-Type" {
			o.header[name] = values
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[key] = o
	w.Header().Set("ETag", o.etag())
}

func (b *bucket) copy(w http.ResponseWriter, to, from string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, found := b.objects[from]
	if !found {
		writeXML(w, http.StatusNotFound, s3Error{Code: "NoSuchKey"})
		return
	}
	o.modified = time.Now().UTC()
	b.objects[to] = o
	writeXML(w, http.StatusOK, struct {
		XMLName      xml.Name `xml:"CopyObjectResult"`
		ETag         string
		LastModified string
	}{ETag: o.etag(), LastModified: o.modified.Format(time.RFC3339)})
}

func (b *bucket) get(w http.ResponseWriter, r *http.Request, key string) {
	b.mu.Lock()
	o, found := b.objects[key]
	b.mu.Unlock()
	if !found {
		writeXML(w, http.StatusNotFound, s3Error{Code: "NoSuchKey"})
		return
	}
	maps.Copy(w.Header(), o.header)
	w.Header().Set("ETag", o.etag())
	http.ServeContent(w, r, "", o.modified, bytes.NewReader(o.data))
}

type s3Error struct {
	XMLName xml.Name `xml:"Error"`
	Code    string
}

type listed struct {
	Key, LastModified, ETag string
	Size                    int
}

type prefixed struct{ Prefix string }

func (b *bucket) list(w http.ResponseWriter, prefix, delimiter string) {
	var result struct {
		XMLName        xml.Name `xml:"ListBucketResult"`
		IsTruncated    bool
		Contents       []listed
		CommonPrefixes []prefixed
	}
	for _, key := range b.keys(prefix) {
		if rest := key[len(prefix):]; delimiter != "" && strings.Contains(rest, delimiter) {
			folder := prefixed{prefix + rest[:strings.Index(rest, delimiter)+len(delimiter)]}
			if !slices.Contains(result.CommonPrefixes, folder) {
				result.CommonPrefixes = append(result.CommonPrefixes, folder)
			}
			continue
		}
		b.mu.Lock()
		o := b.objects[key]
		b.mu.Unlock()
		result.Contents = append(result.Contents, listed{key, o.modified.Format("2006-01-02T15:04:05.000Z"), o.etag(), len(o.data)})
	}
	writeXML(w, http.StatusOK, result)
}

func writeXML(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	// A client that went away needs no answer.
	_ = xml.NewEncoder(w).Encode(body)
}

// TestTheStateMayLieInS3 runs the life of an environment with a backend in S3:
// its lock holds a second run off, and nothing of it is left behind.
func TestTheStateMayLieInS3(t *testing.T) {
	slowly(t)
	t.Parallel()
	state := &bucket{objects: map[string]object{}}
	server := httptest.NewServer(state)
	t.Cleanup(server.Close)
	e := newCommandLineEnvironment(t, smallProject(), ordersSetup())
	before := e.things()
	maps.Copy(e.env.Env, map[string]string{
		"PULUMI_BACKEND_URL":               "s3://state?region=us-east-1&use_path_style=true&disable_https=true&endpoint=" + server.URL,
		"AWS_ACCESS_KEY_ID":                "key",
		"AWS_SECRET_ACCESS_KEY":            "secret",
		"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
	})
	under, answer := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	e.OnCall(func(awssim.Call) {
		if once.CompareAndSwap(false, true) {
			close(under)
			<-answer
		}
	})
	first := make(chan error, 1)
	go func() {
		_, err := e.env.Up(t.Context())
		first <- err
	}()
	select {
	case <-under:
	case err := <-first:
		t.Fatalf("the first up ended before it called AWS: %v; requests without an answer: %s", err, state.unknown)
	}
	require.Len(t, state.keys(".pulumi/locks/"), 1)
	second := *e.env
	_, err := second.Up(t.Context())
	close(answer)
	require.NoError(t, <-first)
	require.ErrorIs(t, err, automation.ErrLocked)
	require.ErrorContains(t, err, "created by ")
	require.Empty(t, state.keys(".pulumi/locks/"))

	require.Contains(t, state.keys(".pulumi/stacks/"), ".pulumi/stacks/portico/dev.json")
	require.Contains(t, state.keys(".pulumi/stacks/"), ".pulumi/stacks/portico-provider/dev-orders.json")
	e.requireNoChanges()
	_, err = e.env.Destroy(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, before, e.things())
	require.Empty(t, state.unknown)
}
