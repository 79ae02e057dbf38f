package live

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBodyFraming(t *testing.T) {
	for sentence, c := range map[string]struct {
		fields string
		want   framing
		wrong  string
	}{
		"nothing is said":                    {"", framing{length: -1}, ""},
		"a length":                           {"Content-Length: 12\r\n", framing{length: 12}, ""},
		"chunked, in any case":               {"transfer-ENCODING: Chunked\r\n", framing{chunked: true}, ""},
		"both":                               {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", framing{}, "contradict"},
		"two lengths":                        {"Content-Length: 1\r\nContent-Length: 1\r\n", framing{}, "contradict"},
		"a negative length":                  {"Content-Length: -1\r\n", framing{}, "not a number"},
		"a length that no machine can count": {"Content-Length: 99999999999999999999\r\n", framing{}, "not a number"},
	} {
		t.Run(sentence, func(t *testing.T) {
			h, err := readHead(bufio.NewReaderSize(strings.NewReader("HTTP/1.1 200 OK\r\n"+c.fields+"\r\n"), maxHead+1))
			require.NoError(t, err)
			got, err := h.bodyFraming(-1)
			if c.wrong != "" {
				require.ErrorContains(t, err, c.wrong)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestHeadsThatAreRefused(t *testing.T) {
	for sentence, text := range map[string]string{
		"a line without a colon":      "GET / HTTP/1.1\r\nHost\r\n\r\n",
		"a space before the colon":    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
		"a continued line":            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
		"an end within":               "GET / HTTP/1.1\r\nA: b\r\n",
		"more than the limit at once": "GET / HTTP/1.1\r\nA: " + strings.Repeat("x", maxHead) + "\r\n\r\n",
		"more than the limit in sum":  "GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", maxHead/6) + "\r\n",
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := readHead(bufio.NewReaderSize(strings.NewReader(text), maxHead+1))
			require.Error(t, err)
		})
	}
}

// TestABodyPassesByteForByte draws bodies and framings, and what follows on the
// connection: the body passes whole, and nothing more.
func TestABodyPassesByteForByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "body")
		next := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "next")
		f, raw := framing{length: int64(len(body))}, body
		if rapid.Bool().Draw(t, "chunked") {
			f, raw = framing{chunked: true}, chunked(t, body)
		}
		in := bufio.NewReader(bytes.NewReader(append(bytes.Clone(raw), next...)))
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		if err := f.pass(w, in); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(raw, out.Bytes()) {
			t.Fatalf("passed %q of %q", out.Bytes(), raw)
		}
		rest := make([]byte, len(next)+1)
		n, _ := in.Read(rest)
		if in.Buffered() == 0 && n != len(next) {
			t.Fatalf("left %d bytes of %d", n, len(next))
		}
	})
}

// chunked is a body in chunks of drawn sizes, with a trailer field.
func chunked(t *rapid.T, body []byte) []byte {
	var raw bytes.Buffer
	for len(body) > 0 {
		n := rapid.IntRange(1, len(body)).Draw(t, "chunk")
		raw.WriteString(strings.ToUpper(hexadecimal(n)) + ";ext=1\r\n")
		raw.Write(body[:n])
		raw.WriteString("\r\n")
		body = body[n:]
	}
	raw.WriteString("0\r\nX-Trailer: t\r\n\r\n")
	return raw.Bytes()
}

func hexadecimal(n int) string {
	const digits = "0123456789abcdef"
	text := ""
	for ; n > 0; n /= 16 {
		text = string(digits[n%16]) + text
	}
	return text
}

func TestMatcher(t *testing.T) {
	for matcher, codes := range map[string]map[int]bool{
		"":             {200: true, 204: false},
		"200,403":      {200: true, 403: true, 404: false},
		"200-299, 301": {200: true, 299: true, 300: false, 301: true},
		"nonsense":     {200: false},
	} {
		for code, want := range codes {
			require.Equal(t, want, matches(matcher, code), "%q and %d", matcher, code)
		}
	}
}
