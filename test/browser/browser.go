// Package browser drives a headless Chromium for tests of pages, by the DevTools
// protocol over a pipe: https://chromedevtools.github.io/devtools-protocol/
package browser

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// names are Chromium's commands; Debian's package chromium has the first.
var names = []string{"chromium", "chromium-browser", "google-chrome"}

// patience bounds each answer of the browser.
const patience = 30 * time.Second

// Browser is a running Chromium.
type Browser struct {
	to      *os.File
	lock    sync.Mutex
	last    int
	waiting map[int]chan reply
	tabs    map[string]*Tab
}

type reply struct {
	Result json.RawMessage
	Err    error
}

// message is what Chromium sends: an answer, or an event of a session.
type message struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Session string          `json:"sessionId"`
}

// Start starts Chromium until the test ends. Without one on the machine the test is
// skipped.
func Start(t *testing.T) *Browser {
	t.Helper()
	path := find()
	if path == "" {
		t.Skip("there is no chromium on this machine: install the package chromium (tools/ensure-packages chromium)")
	}
	fromUs, to, err := os.Pipe()
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	from, toUs, err := os.Pipe()
	if err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	// Chromium's own sandbox refuses root, and containers have no user namespaces.
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{fromUs, toUs} // 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	_, _ = fromUs.Close(), toUs.Close()
	b := &Browser{to: to, waiting: map[int]chan reply{}, tabs: map[string]*Tab{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.read(bufio.NewReaderSize(from, 1<<20))
	}()
	t.Cleanup(func() {
		_, _ = b.call("", "Browser.close", nil)
		_ = cmd.Wait()
		_, _ = to.Close(), from.Close()
		<-ended
	})
	return b
}

func find() string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// read hands Chromium's messages on until the pipe ends.
func (b *Browser) read(from *bufio.Reader) {
	for {
		data, err := from.ReadBytes(0)
		if err != nil {
			b.lock.Lock()
			defer b.lock.Unlock()
			for _, waits := range b.waiting {
				waits <- reply{Err: fmt.Errorf("chromium has ended: %w", err)}
			}
			b.waiting = nil
			return
		}
		var m message
		if json.Unmarshal(data[:len(data)-1], &m) != nil {
			continue
		}
		b.lock.Lock()
		if waits := b.waiting[m.ID]; waits != nil {
			delete(b.waiting, m.ID)
			one := reply{Result: m.Result}
			if m.Error != nil {
				one.Err = errors.New(m.Error.Message)
			}
			waits <- one
		} else if tab := b.tabs[m.Session]; tab != nil && m.Method != "" {
			tab.happened(m)
		}
		b.lock.Unlock()
	}
}

// call asks Chromium something and waits for the answer.
func (b *Browser) call(session, method string, params any) (json.RawMessage, error) {
	waits := make(chan reply, 1)
	b.lock.Lock()
	if b.waiting == nil {
		b.lock.Unlock()
		return nil, errors.New("chromium has ended")
	}
	b.last++
	id := b.last
	b.waiting[id] = waits
	b.lock.Unlock()
	request := map[string]any{"id": id, "method": method}
	if params != nil {
		request["params"] = params
	}
	if session != "" {
		request["sessionId"] = session
	}
	data, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if _, err := b.to.Write(append(data, 0)); err != nil {
		return nil, err
	}
	select {
	case answer := <-waits:
		return answer.Result, answer.Err
	case <-time.After(patience):
		return nil, fmt.Errorf("%s: no answer within %s", method, patience)
	}
}

// Tab is a page that is open.
type Tab struct {
	browser *Browser
	session string
	t       *testing.T

	// requests are the URLs that were asked for, and complaints what the console
	// and uncaught errors said; both under the browser's lock.
	requests, complaints []string
	loaded               chan struct{}
	once                 sync.Once
}

// Open opens a URL in a window of a width and height in pixels, and waits until the
// page is loaded. dark asks for the dark theme.
func (b *Browser) Open(t *testing.T, url string, width, height int, dark bool) *Tab {
	t.Helper()
	tab := &Tab{browser: b, t: t, loaded: make(chan struct{})}
	var target struct {
		TargetID string `json:"targetId"`
	}
	tab.must(b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}))(&target)
	var session struct {
		SessionID string `json:"sessionId"`
	}
	tab.must(b.call("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}))(&session)
	tab.session = session.SessionID
	b.lock.Lock()
	b.tabs[tab.session] = tab
	b.lock.Unlock()
	theme := "light"
	if dark {
		theme = "dark"
	}
	tab.Call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": theme}}})
	tab.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		tab.Call(domain+".enable", nil)
	}
	tab.Call("Page.navigate", map[string]any{"url": url})
	select {
	case <-tab.loaded:
	case <-time.After(patience):
		t.Fatalf("open %s: not loaded within %s", url, patience)
	}
	t.Cleanup(func() { _, _ = b.call("", "Target.closeTarget", map[string]any{"targetId": target.TargetID}) })
	return tab
}

// must decodes an answer, or ends the test.
func (tab *Tab) must(result json.RawMessage, err error) func(any) {
	tab.t.Helper()
	if err != nil {
		tab.t.Fatalf("ask chromium: %v", err)
	}
	return func(to any) {
		tab.t.Helper()
		if err := json.Unmarshal(result, to); err != nil {
			tab.t.Fatalf("ask chromium: %s: %v", result, err)
		}
	}
}

// happened takes an event. The browser's lock is held.
func (tab *Tab) happened(m message) {
	switch m.Method {
	case "Page.loadEventFired":
		tab.once.Do(func() { close(tab.loaded) })
	case "Network.requestWillBeSent":
		var event struct {
			Request struct {
				URL string `json:"url"`
			} `json:"request"`
		}
		_ = json.Unmarshal(m.Params, &event)
		tab.requests = append(tab.requests, event.Request.URL)
	case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled":
		tab.complaints = append(tab.complaints, string(m.Params))
	}
}

// Requests are the URLs that the page has asked for.
func (tab *Tab) Requests() []string {
	tab.browser.lock.Lock()
	defer tab.browser.lock.Unlock()
	return slices.Clone(tab.requests)
}

// Complaints are what the console has, uncaught errors and violations of the content
// security policy included.
func (tab *Tab) Complaints() []string {
	tab.browser.lock.Lock()
	defer tab.browser.lock.Unlock()
	return slices.Clone(tab.complaints)
}

// Call calls a method of the protocol.
func (tab *Tab) Call(method string, params any) json.RawMessage {
	tab.t.Helper()
	result, err := tab.browser.call(tab.session, method, params)
	if err != nil {
		tab.t.Fatalf("%s: %v", method, err)
	}
	return result
}

// Eval evaluates an expression in the page, waits if it is a promise, and decodes its
// JSON.
func (tab *Tab) Eval(expression string, to any) {
	tab.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails json.RawMessage `json:"exceptionDetails"`
	}
	tab.must(tab.Call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}), nil)(&answer)
	if answer.ExceptionDetails != nil {
		tab.t.Fatalf("evaluate %s: %s", expression, answer.ExceptionDetails)
	}
	if to == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, to); err != nil {
		tab.t.Fatalf("evaluate %s: %q: %v", expression, answer.Result.Value, err)
	}
}

// keys are the codes of keys that have no character of their own.
var keys = map[string]int{"Tab": 9, "Enter": 13, "Escape": 27}

// Press presses keys one after the other: their names, such as Tab and Enter, or a
// character.
func (tab *Tab) Press(names ...string) {
	tab.t.Helper()
	for _, name := range names {
		event := map[string]any{"type": "keyDown", "key": name}
		if code, special := keys[name]; special {
			event["windowsVirtualKeyCode"], event["code"] = code, name
			if name == "Enter" {
				event["text"] = "\r"
			}
		} else {
			event["text"] = name
			if letter := strings.ToUpper(name); letter >= "A" && letter <= "Z" {
				event["windowsVirtualKeyCode"] = int(letter[0])
			}
		}
		tab.Call("Input.dispatchKeyEvent", event)
		delete(event, "text")
		event["type"] = "keyUp"
		tab.Call("Input.dispatchKeyEvent", event)
	}
}

// Screenshot is a part of the page as PNG: its left upper corner, width and height in
// pixels.
func (tab *Tab) Screenshot(x, y, width, height float64) []byte {
	tab.t.Helper()
	var answer struct {
		Data string `json:"data"`
	}
	clip := map[string]any{"x": x, "y": y, "width": width, "height": height, "scale": 1}
	tab.must(tab.Call("Page.captureScreenshot", map[string]any{"format": "png", "clip": clip, "captureBeyondViewport": true}), nil)(&answer)
	data, err := base64.StdEncoding.DecodeString(answer.Data)
	if err != nil {
		tab.t.Fatalf("take a screenshot: %v", err)
	}
	return data
}
