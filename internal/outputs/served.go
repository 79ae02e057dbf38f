package outputs

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/portico-iac/portico/mapping"
)

// Served are the rows that the proxy serves after a run of the shared stack. As an
// output it is one text: JSON, compressed (zlib) and in Base64, since a mapping may
// have 100,000 rows.
type Served struct {
	// Rows are the rows from which the proxy's image is rendered, by host and base
	// path.
	Rows []ServedRow `json:"rows"`
	// Awaited are rows of the mapping that the proxy doesn't serve yet, by host and
	// base path: requests that a row of Rows answers would come by them, and their
	// account has to admit these first.
	Awaited []ServedRow `json:"awaited,omitempty"`
	// Count is the highest Number that a row has had so far.
	Count int `json:"count,omitempty"`
}

// ServedRow is what of a row decides which requests the proxy leads where.
type ServedRow struct {
	Host     mapping.Host     `json:"host"`
	BasePath mapping.BasePath `json:"basePath,omitempty"`
	// URL is the row's PRIVATE_API_URL.
	URL string `json:"url"`
	// Methods are the allowed methods, sorted; nil: all.
	Methods []mapping.Method `json:"methods,omitempty"`
	// Account owns the API; empty where the row names none.
	Account mapping.AccountID `json:"account,omitempty"`
	CORS    bool              `json:"cors,omitempty"`
	// Timeout is in seconds; 0: mapping.DefaultTimeout.
	Timeout   int                `json:"timeout,omitempty"`
	Stream    bool               `json:"stream,omitempty"`
	NoRewrite bool               `json:"noRewrite,omitempty"`
	Mode      mapping.AccessMode `json:"mode,omitempty"`
	// Former says that the mapping has no such row any more, or another one in its
	// place: the row is served until what takes its requests over is admitted.
	Former bool `json:"former,omitempty"`
	// Number is that of the run since which the row waits for its account, which
	// reports the number when its policies admit the row; 0: they do. It tells the
	// wait from earlier ones of the same row.
	Number int `json:"number,omitempty"`
}

// NewServedRow is what is served of a row.
func NewServedRow(row *mapping.Row) ServedRow {
	served := ServedRow{
		Host: row.Host, BasePath: row.BasePath, URL: row.API.URL(), Methods: row.Methods, Account: row.Account,
		CORS: row.CORS, Stream: row.Stream, NoRewrite: row.NoRewrite,
	}
	if row.Timeout != mapping.DefaultTimeout {
		served.Timeout = int(row.Timeout / time.Second)
	}
	if row.AccessMode != mapping.AccessModeBasic {
		served.Mode = row.AccessMode
	}
	return served
}

// Row is the row of a mapping that is served so. The error says that the URL isn't
// one of an API's.
func (r ServedRow) Row() (mapping.Row, error) {
	api, err := mapping.ParsePrivateAPI(r.URL)
	if err != nil {
		return mapping.Row{}, fmt.Errorf("row %s: %w", r.Address(), err)
	}
	row := mapping.Row{
		Host: r.Host, BasePath: r.BasePath, API: api, Methods: r.Methods, Account: r.Account,
		CORS: r.CORS, Timeout: mapping.DefaultTimeout, Stream: r.Stream, NoRewrite: r.NoRewrite,
		AccessMode: mapping.AccessModeBasic, FrontDoor: mapping.FrontDoorNGINX,
	}
	if r.Timeout != 0 {
		row.Timeout = time.Duration(r.Timeout) * time.Second
	}
	if r.Mode != "" {
		row.AccessMode = r.Mode
	}
	return row, nil
}

// Address is the row's key: its host and base path.
func (r ServedRow) Address() string { return string(r.Host) + string(r.BasePath) }

// Same reports whether both are served alike; Former and Number don't count.
func (r ServedRow) Same(other ServedRow) bool {
	return r.Host == other.Host && r.BasePath == other.BasePath && r.URL == other.URL && slices.Equal(r.Methods, other.Methods) &&
		r.Account == other.Account && r.CORS == other.CORS && r.Timeout == other.Timeout && r.Stream == other.Stream &&
		r.NoRewrite == other.NoRewrite && r.Mode == other.Mode
}

// CompareAddress orders rows by host and base path.
func CompareAddress(a, b ServedRow) int {
	if order := strings.Compare(string(a.Host), string(b.Host)); order != 0 {
		return order
	}
	return strings.Compare(string(a.BasePath), string(b.BasePath))
}

// Numbers are the numbers of waiting rows that an account's deployed policies admit,
// by address. As an output they are a text like Served.
type Numbers map[string]int

// The values that the texts hold.
type (
	servedText  Served
	numbersText Numbers
)

// MarshalJSON writes the compressed text.
func (s Served) MarshalJSON() ([]byte, error) { return pack(servedText(s)) }

// UnmarshalJSON reads the compressed text.
func (s *Served) UnmarshalJSON(data []byte) error { return unpack(data, (*servedText)(s)) }

// MarshalJSON writes the compressed text.
func (n Numbers) MarshalJSON() ([]byte, error) { return pack(numbersText(n)) }

// UnmarshalJSON reads the compressed text.
func (n *Numbers) UnmarshalJSON(data []byte) error { return unpack(data, (*numbersText)(n)) }

func pack(value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	writer, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(plain); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(packed.Bytes()))
}

// maxServed bounds what a text may hold, in bytes: the rows of the largest mapping
// file, written out.
const maxServed = 256 << 20

func unpack(data []byte, value any) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("it is not Base64: %w", err)
	}
	reader, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("it is not compressed: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(reader, maxServed+1))
	if err != nil {
		return fmt.Errorf("it is not whole: %w", err)
	}
	if len(plain) > maxServed {
		return fmt.Errorf("it holds more than %d bytes", maxServed)
	}
	return json.Unmarshal(plain, value)
}
