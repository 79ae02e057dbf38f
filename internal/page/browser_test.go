package page

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/test/browser"
)

//go:embed testdata/contrast.js
var contrast string

// The page in a real browser. One browser serves all of them, since it takes a second
// or two to start.
func TestThePageInABrowser(t *testing.T) {
	b := browser.Start(t)
	url := writtenFile(t, samplePage())
	open := func(t *testing.T, dark bool) *browser.Tab { return b.Open(t, url, 1280, 5000, dark) }

	t.Run("has every part and complains of nothing", func(t *testing.T) {
		tab := open(t, false)
		for _, id := range []string{"environment", "findings", "changes", "rows", "probes", "policies", "limits", "cost"} {
			var text string
			tab.Eval("document.querySelector('section#"+id+"').innerText", &text)
			require.NotEmpty(t, text, id)
		}
		require.Equal(t, 3, counted(tab, ".row"))
		require.Equal(t, 12, counted(tab, "#probe-list tr"))
		require.Equal(t, 2, counted(tab, "#probe-list tr[data-state=failed]"))
		require.Equal(t, "failed", innerText(tab, "#probe-list tr:nth-child(2) .state"), "failed probes come first")
		require.Equal(t, "ok", innerText(tab, "#probe-list tr:nth-child(3) .state"))
		require.Contains(t, innerText(tab, "#cost"), "1,045.23")
		require.Contains(t, innerText(tab, "#limits"), "near")
		requireQuiet(t, tab, url)
	})
	t.Run("opens a row by the keyboard and shows its picture and probes", func(t *testing.T) {
		tab := open(t, false)
		tab.Eval("document.querySelector('.row summary').focus()", nil)
		tab.Press("Enter")
		require.Equal(t, "true", evaluated(tab, "String(document.querySelector('.row').open)"))
		require.Eventually(t, func() bool { return counted(tab, ".row[open] .asked tbody tr") == 4 }, wait, tick)
		picture := innerText(tab, ".row[open] svg.way")
		for _, part := range []string{"Private hosted zone", "NGINX on Fargate", "GET POST, 30 s", "a1b2c3d4e5/prod/v1"} {
			require.Contains(t, strings.Join(strings.Fields(picture), " "), part)
		}
		require.Equal(t, 1, counted(tab, ".row[open] .mark[data-state=bad]"), "the failed probe's step")
		require.Equal(t, 3, counted(tab, ".row[open] .mark[data-state=ok]"))
		tab.Press("Enter")
		require.Equal(t, "false", evaluated(tab, "String(document.querySelector('.row').open)"))
	})
	t.Run("searches by the keyboard", func(t *testing.T) {
		tab := open(t, false)
		tab.Press("/")
		require.Equal(t, "search", evaluated(tab, "document.activeElement.id"))
		tab.Press(strings.Split("team-alb POST", "")...)
		require.Equal(t, "1 of 3 rows", innerText(tab, "[data-of=rows]"))
		require.Equal(t, "0 of 12 probes", innerText(tab, "[data-of=probes]"))
		require.Equal(t, "alb.internal.private.example.com/base", evaluated(tab, "document.querySelector('.row .url').textContent"))
		tab.Press("Escape")
		require.Equal(t, "3 rows", innerText(tab, "[data-of=rows]"))
		tab.Press(strings.Split("333333333333", "")...)
		require.Equal(t, "1 of 2 APIs", innerText(tab, "[data-of=policies]"))
		requireQuiet(t, tab, url)
	})
	t.Run("filters by team, change and failure", func(t *testing.T) {
		tab := open(t, false)
		choose := func(id, value string) {
			tab.Eval(fmt.Sprintf("{const s = document.getElementById('%s'); s.value = '%s'; s.dispatchEvent(new Event('change'))}", id, value), nil)
		}
		choose("show", "changed")
		require.Equal(t, "alb.internal.private.example.com/base", evaluated(tab, "document.querySelector('.row .url').textContent"))
		choose("show", "failed")
		require.Equal(t, "2 of 3 rows", innerText(tab, "[data-of=rows]"))
		require.Equal(t, "2 of 12 probes", innerText(tab, "[data-of=probes]"))
		choose("team", "team-native")
		require.Equal(t, "1 of 3 rows", innerText(tab, "[data-of=rows]"))
	})
	t.Run("is reached by Tab in the order of reading", func(t *testing.T) {
		tab := open(t, false)
		var order []string
		for range 60 {
			tab.Press("Tab")
			order = append(order, evaluated(tab, "(e => e.id || (e.closest('section') || {}).id || e.textContent)(document.activeElement)"))
		}
		require.Equal(t, "Skip to the contents", order[0])
		last := -1
		for _, part := range []string{"Skip to the contents", "Environment", "Cost", "search", "environment", "changes", "show", "team", "rows", "probes", "policies", "limits", "cost"} {
			at := -1
			for i := last + 1; i < len(order); i++ {
				if order[i] == part {
					at = i
					break
				}
			}
			require.Greater(t, at, last, "%s after the former in %v", part, order)
			last = at
		}
	})
	for _, theme := range []string{"light", "dark"} {
		t.Run("has contrast in the "+theme+" theme", func(t *testing.T) {
			tab := open(t, theme == "dark")
			require.Equal(t, theme == "dark", evaluated(tab, "getComputedStyle(document.body).backgroundColor") != "rgb(246, 247, 249)")
			tab.Eval("for (const d of document.querySelectorAll('details')) d.open = true; document.querySelector('.more').hidden = false; document.querySelector('.found').dataset.none = 'none'; new Promise(done => setTimeout(done, 100))", nil)
			var found struct {
				Texts int      `json:"texts"`
				Low   []string `json:"low"`
			}
			tab.Eval(contrast, &found)
			require.Greater(t, found.Texts, 200, "the texts that were looked at")
			require.Empty(t, found.Low)
		})
	}
	t.Run("hostile text stays text", func(t *testing.T) {
		hostileURL := writtenFile(t, hostilePage())
		tab := b.Open(t, hostileURL, 1280, 5000, false)
		tab.Eval("for (const d of document.querySelectorAll('details')) d.open = true; new Promise(done => setTimeout(done, 100))", nil)
		require.Equal(t, "undefined", evaluated(tab, "typeof window.hacked"))
		require.Equal(t, 0, counted(tab, "img"))
		require.Equal(t, hostile, strings.TrimSuffix(evaluated(tab, "document.querySelector('#findings b').textContent"), "\n"))
		require.Equal(t, 2, counted(tab, "script"))
		requireQuiet(t, tab, hostileURL)
	})
	t.Run("the policy stops a script that is not the page's", func(t *testing.T) {
		tab := open(t, false)
		tab.Eval("{const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s); fetch('https://example.com/').catch(() => {})}; new Promise(done => setTimeout(done, 50))", nil)
		require.Equal(t, "undefined", evaluated(tab, "typeof window.hacked"))
		require.Equal(t, []string{url}, tab.Requests())
		require.NotEmpty(t, tab.Complaints())
	})
	t.Run("opens and searches 10,000 rows quickly", func(t *testing.T) {
		page := written(t, largePage(10000))
		require.Less(t, len(page), 10<<20, "bytes of the page")
		tab := b.Open(t, writtenFile(t, largePage(10000)), 1280, 900, false)
		require.Equal(t, "10,000 rows", innerText(tab, "[data-of=rows]"))
		require.Equal(t, shownAtOnce, counted(tab, ".row"))
		var milliseconds float64
		tab.Eval("performance.timing.loadEventEnd - performance.timing.navigationStart || 1", &milliseconds)
		t.Logf("%d KiB, loaded in %.0f ms", len(page)>>10, milliseconds)
		// Until the next frame is laid out. The least of three, since the machine does
		// other things as well.
		for _, query := range []string{"s", "service-09999", "team-123 POST", "no such row"} {
			best := 1e9
			for range 3 {
				var took float64
				tab.Eval(fmt.Sprintf(`(() => { const s = document.getElementById('search'); const begin = performance.now();
					s.value = %q; s.dispatchEvent(new Event('input')); document.body.offsetHeight; return performance.now() - begin })()`, query), &took)
				best = min(best, took)
			}
			t.Logf("search %q: %.1f ms, %s", query, best, innerText(tab, "[data-of=rows]"))
			require.Less(t, best, 100.0, "milliseconds of the search for %q", query)
		}
		tab.Press("/")
		tab.Press("Escape")
		tab.Eval("document.getElementById('more-rows').click()", nil)
		require.Equal(t, 2*shownAtOnce, counted(tab, ".row"))
	})
	t.Run("is readable without scripts", func(t *testing.T) {
		tab := b.Open(t, "about:blank", 1280, 5000, false)
		tab.Call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true})
		tab.Call("Page.navigate", map[string]any{"url": writtenFile(t, largePage(150))})
		require.Eventually(t, func() bool { return counted(tab, ".row") == shownAtOnce }, wait, tick)
		require.Contains(t, innerText(tab, "#rows"), "the page shows the first 50 rows")
		require.Equal(t, "none", evaluated(tab, "getComputedStyle(document.querySelector('.search')).display"))
	})
}

// How long, and how often, a test looks for what the page does by and by.
const (
	wait = 10 * time.Second
	tick = 20 * time.Millisecond
)

func evaluated(tab *browser.Tab, expression string) string {
	var text string
	tab.Eval(expression, &text)
	return text
}

func innerText(tab *browser.Tab, selector string) string {
	return evaluated(tab, fmt.Sprintf("(e => e.innerText === undefined ? e.textContent : e.innerText)(document.querySelector(%q))", selector))
}

func counted(tab *browser.Tab, selector string) int {
	var n int
	tab.Eval(fmt.Sprintf("document.querySelectorAll(%q).length", selector), &n)
	return n
}

// requireQuiet wants a page that asked for nothing but itself, and no complaint.
func requireQuiet(t *testing.T, tab *browser.Tab, url string) {
	t.Helper()
	for _, asked := range tab.Requests() {
		if !strings.HasPrefix(asked, "data:") {
			require.Equal(t, url, asked)
		}
	}
	require.Empty(t, tab.Complaints())
}

var (
	shownPage   = flag.String("page", "", "for TestScreenshots: the file of a page")
	faultPage   = flag.String("fault-page", "", "for TestScreenshots: the file of a page with findings and a failed probe")
	screenshots = flag.String("screenshots", "", "for TestScreenshots: the directory that it writes the documents' pictures to")
)

// TestScreenshots takes the documents' pictures of two pages: `make pictures`.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("takes pictures on demand: make pictures")
	}
	b := browser.Start(t)
	open := func(file string, dark bool) *browser.Tab {
		path, err := filepath.Abs(file)
		require.NoError(t, err)
		// All of the page is in the window: rows outside are not painted.
		return b.Open(t, "file://"+path, 1200, 6000, dark)
	}
	// save takes a picture from one element's top to another one's bottom.
	save := func(tab *browser.Tab, name, from, to string) {
		tab.Eval("new Promise(done => setTimeout(done, 300))", nil)
		var top, bottom float64
		tab.Eval(fmt.Sprintf("document.querySelector(%q).getBoundingClientRect().top + scrollY", from), &top)
		tab.Eval(fmt.Sprintf("document.querySelector(%q).getBoundingClientRect().bottom + scrollY", to), &bottom)
		top = max(0, top-24)
		picture := fewColors(t, tab.Screenshot(0, top, 1200, bottom+24-top))
		require.Less(t, len(picture), 150<<10, "bytes of %s", name)
		require.NoError(t, os.WriteFile(filepath.Join(*screenshots, name+".png"), picture, 0o644))
	}
	tab := open(*shownPage, false)
	save(tab, "page-light", ".top", "#environment")
	tab.Eval("document.querySelectorAll('.row')[1].open = true", nil)
	save(tab, "page-row-light", "#rows", ".row[open] .asked tbody tr:nth-child(5)")
	tab = open(*faultPage, true)
	tab.Eval("document.querySelector('#environment').remove(); document.querySelector('#changes').remove(); document.querySelector('.row[data-state=failed]').open = true", nil)
	save(tab, "page-fault-dark", ".top", ".row[open] .asked tbody tr:nth-child(1)")
}

// fewColors is a picture with its 256 most frequent colours, which takes a third of
// the room.
func fewColors(t *testing.T, data []byte) []byte {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	times := map[color.Color]int{}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			times[picture.At(x, y)]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(times), func(a, b color.Color) int { return times[b] - times[a] })
	reduced := image.NewPaletted(bounds, colors[:min(256, len(colors))])
	draw.Draw(reduced, bounds, picture, bounds.Min, draw.Src)
	var text bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(t, encoder.Encode(&text, reduced))
	return text.Bytes()
}
