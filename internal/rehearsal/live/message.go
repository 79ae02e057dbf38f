package live

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxHead bounds a message's start line and header fields, in bytes: an
// Application Load Balancer's limit for all request headers.
const maxHead = 64 << 10

// head is the start line and the header fields of an HTTP/1 message, as they
// were sent. net/http would rewrite names and paths, which is what a rehearsal
// of raw paths must not do.
type head struct {
	start  string
	fields []field
}

type field struct{ name, value string }

var errHeadTooLarge = fmt.Errorf("header fields exceed %d bytes", maxHead)

// readHead reads up to the empty line that ends the header fields.
func readHead(r *bufio.Reader) (*head, error) {
	size := 0
	line := func() (string, error) {
		text, err := r.ReadSlice('\n')
		size += len(text)
		if errors.Is(err, bufio.ErrBufferFull) || size > maxHead {
			return "", errHeadTooLarge
		}
		if err != nil {
			return "", err
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
	}
	start, err := line()
	if err != nil {
		return nil, err
	}
	h := &head{start: start}
	for {
		text, err := line()
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		if text == "" {
			return h, nil
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("header line %q is not name: value", text)
		}
		h.fields = append(h.fields, field{name: name, value: strings.Trim(value, " \t")})
	}
}

// values are those of every field of a name, whatever its case.
func (h *head) values(name string) []string {
	var found []string
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			found = append(found, f.value)
		}
	}
	return found
}

// remove drops every field of a name.
func (h *head) remove(name string) {
	kept := h.fields[:0]
	for _, f := range h.fields {
		if !strings.EqualFold(f.name, name) {
			kept = append(kept, f)
		}
	}
	h.fields = kept
}

// set replaces every field of a name by one.
func (h *head) set(name, value string) {
	h.remove(name)
	h.fields = append(h.fields, field{name: name, value: value})
}

// has reports whether a comma-separated field holds a token.
func (h *head) has(name, token string) bool {
	for _, value := range h.values(name) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

func (h *head) writeTo(w io.Writer) error {
	var text strings.Builder
	text.WriteString(h.start + "\r\n")
	for _, f := range h.fields {
		text.WriteString(f.name + ": " + f.value + "\r\n")
	}
	text.WriteString("\r\n")
	_, err := io.WriteString(w, text.String())
	return err
}

// framing is how a message's body ends.
type framing struct {
	chunked bool
	// length is the body's in bytes; -1: until the connection ends.
	length int64
}

var errAmbiguousLength = errors.New("Transfer-Encoding and Content-Length contradict each other")

// bodyFraming reads a body's framing from the header fields (RFC 9112, section
// 6.3); absent is the length of a message that states none.
func (h *head) bodyFraming(absent int64) (framing, error) {
	lengths := h.values("Content-Length")
	if h.has("Transfer-Encoding", "chunked") {
		if len(lengths) > 0 {
			return framing{}, errAmbiguousLength
		}
		return framing{chunked: true}, nil
	}
	if len(lengths) == 0 {
		return framing{length: absent}, nil
	}
	if len(lengths) > 1 {
		return framing{}, errAmbiguousLength
	}
	length, err := strconv.ParseUint(lengths[0], 10, 63)
	if err != nil {
		return framing{}, fmt.Errorf("Content-Length %q is not a number of bytes", lengths[0])
	}
	return framing{length: int64(length)}, nil
}

// pass copies a body as it is framed.
func (f framing) pass(w *bufio.Writer, r *bufio.Reader) error {
	var err error
	switch {
	case f.chunked:
		err = passChunks(w, r)
	case f.length < 0:
		_, err = io.Copy(w, r)
	default:
		_, err = io.CopyN(w, r, f.length)
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// passChunks copies a chunked body, its trailer fields included.
func passChunks(w *bufio.Writer, r *bufio.Reader) error {
	for {
		line, err := passLine(w, r)
		if err != nil {
			return err
		}
		digits, _, _ := strings.Cut(line, ";")
		size, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 62)
		if err != nil {
			return fmt.Errorf("chunk size %q is not a hexadecimal number", line)
		}
		if size == 0 {
			break
		}
		if _, err := io.CopyN(w, r, int64(size)+int64(len("\r\n"))); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	for {
		line, err := passLine(w, r)
		if err != nil || line == "" {
			return err
		}
	}
}

func passLine(w *bufio.Writer, r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	if _, err := w.Write(line); err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// requestLine is a request's method, raw target and version.
func (h *head) requestLine() (method, target, version string, err error) {
	parts := strings.Split(h.start, " ")
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || !strings.HasPrefix(parts[2], "HTTP/1.") {
		return "", "", "", fmt.Errorf("request line %q is not method, target and HTTP/1 version", h.start)
	}
	return parts[0], parts[1], parts[2], nil
}

// statusCode is a response's.
func (h *head) statusCode() (int, error) {
	parts := strings.SplitN(h.start, " ", 3)
	if len(parts) < 2 || !strings.HasPrefix(parts[0], "HTTP/1.") {
		return 0, fmt.Errorf("status line %q is not HTTP/1", h.start)
	}
	code, err := strconv.Atoi(parts[1])
	if err != nil || code < 100 || code > 999 {
		return 0, fmt.Errorf("status line %q has no status code", h.start)
	}
	return code, nil
}

// hasBody reports whether a response to the method carries a body.
func hasBody(method string, code int) bool {
	return method != http.MethodHead && code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified
}
