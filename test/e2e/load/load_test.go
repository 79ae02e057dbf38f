package load_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/e2e/load"
)

// serve answers as an upstream does, but for the requests that spoil takes.
func serve(t *testing.T, spoil func(w http.ResponseWriter, n string) bool) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, n, _ := strings.Cut(r.Header.Get("X-Request-Id"), "-")
		if spoil(w, n) {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, load.Echo(r.URL.Path, r.Header.Get("X-Request-Id"), string(body)))
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestEveryRequestIsCountedByWhatBecameOfIt(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, n string) bool {
		switch n {
		case "2":
			w.WriteHeader(http.StatusBadGateway)
		case "4":
			fmt.Fprint(w, load.Echo("/items/r0-1", "r0-1", ""))
		case "5":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "not all")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "6":
			panic(http.ErrAbortHandler)
		case "7":
			<-time.After(2 * time.Second) // longer than the load is patient
		default:
			return false
		}
		return true
	})
	report := load.Start(load.Options{
		Address: address, Plain: true, Host: "a.example.com",
		Connections: 1, Requests: 9, PostEvery: 3, Patience: time.Second,
	}).Wait()
	require.Equal(t, map[load.Outcome]int{
		load.OK: 4, "502": 1, load.Foreign: 1, load.CutOff: 1, load.Closed: 1, load.Late: 1,
	}, report.Outcomes())
	require.Len(t, report.Failed(), 5)
	require.Len(t, report.Failed("502", load.Late), 3)
	require.Equal(t, map[load.Outcome]int{load.OK: 2, load.Closed: 1}, report.Of(http.MethodPost).Outcomes())
	require.GreaterOrEqual(t, report.Quantile(1), time.Second)
	require.Less(t, report.Quantile(0), time.Second)
}

func TestTheRateIsKept(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, string) bool { return false })
	began := time.Now()
	report := load.Start(load.Options{
		Address: address, Plain: true, Host: "a.example.com", Connections: 4, Requests: 40, Rate: 100,
	}).Wait()
	require.Len(t, report.Answers, 40)
	require.GreaterOrEqual(t, time.Since(began), 380*time.Millisecond, "40 requests at 100 a second")
}

func TestNobodyThereIsCounted(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	report := load.Start(load.Options{
		Address: server.Listener.Addr().String(), Plain: true, Host: "a", Connections: 2, Requests: 2,
	}).Wait()
	require.Equal(t, map[load.Outcome]int{load.Unconnected: 2}, report.Outcomes())
}

func TestWhatIsTakenIsForgotten(t *testing.T) {
	hosts := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts <- r.Host + " " + r.Header.Get("X-Forwarded-For")
		fmt.Fprint(w, load.Echo(r.URL.Path, r.Header.Get("X-Request-Id"), ""))
	}))
	t.Cleanup(server.Close)
	l := load.Start(load.Options{
		Address: server.Listener.Addr().String(), Plain: true, Connections: 1, Requests: 2,
		Vary: func(number int64) (host, head string) {
			return fmt.Sprintf("h%d.example.com", number), fmt.Sprintf("X-Forwarded-For: 10.0.0.%d\r\n", number)
		},
	})
	require.Len(t, l.Wait().Answers, 2)
	taken := l.Take()
	require.Equal(t, map[load.Outcome]int{load.OK: 2}, taken.Outcomes())
	require.Empty(t, l.Take().Answers)
	require.Empty(t, l.Report().Answers)
	require.Equal(t, "h1.example.com 10.0.0.1", <-hosts)
	require.Equal(t, "h2.example.com 10.0.0.2", <-hosts)
}
