package nginxconf

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/topology"
)

// maxLinkTargets is how many targets a Link header may have to be rewritten:
// each needs a map of its own.
const maxLinkTargets = 4

// Answers is what undoes in an answer what the proxy did to its request.
type Answers struct {
	// CookieDomain matches the Domain attributes of cookies that name API
	// Gateway; NGINX ignores their case.
	CookieDomain parameter
	// CookiePath matches the Path attributes that may lead below a stage.
	CookiePath parameter
	// Redirect takes a Location, or what follows "url=" of a Refresh, apart.
	Redirect parameter
}

// dnsSuffixes are the DNS suffixes of AWS's partitions as alternatives of a
// regular expression.
var dnsSuffixes = func() string {
	var all []string
	for _, partition := range aws.Partitions() {
		all = append(all, regexp.QuoteMeta(partition.DNSSuffix))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "|")
}()

func newAnswers() Answers {
	return Answers{
		CookieDomain: quoted(`~^\.?(?:(?!execute-api\.)[a-z0-9-]++\.)*+execute-api\.[a-z0-9-]+\.(?:vpce\.)?(?:` + dnsSuffixes + `)\.?$`),
		CookiePath:   quoted(`~^(?<portico_cookie_path>/.+)$`),
		Redirect:     quoted(`~^(?<portico_before>\s*["']?)(?<portico_target>[^"'\s][^"']*)(?<portico_after>.*)$`),
	}
}

// answerMaps lead addresses in answers back to the row's URL. They cost nothing
// where an answer has no address.
func answerMaps(region string) []Map {
	regionMap := Map{
		Comment:  []string{"The domain of the API's region; the record says it where it isn't this one."},
		Source:   expression("$portico_options"),
		Variable: "$portico_region",
		Default:  expression(region),
		Entries:  []MapEntry{pattern(`^(?:.*,)?([a-z0-9-]+\.[a-z0-9.-]+)$`, expression("$1"))},
	}
	contentLocation := Map{
		Source:   expression("$upstream_http_content_location"),
		Variable: "$portico_content_location",
		Default:  expression(""),
		Entries:  []MapEntry{pattern(`^.`, expression("$portico_undone_content_location"))},
	}
	all := slices.Concat([]Map{regionMap, encodings()},
		target("target", "$portico_target", true, "Where a Location or Refresh leads, in the caller's terms."),
		target("content_location", "$upstream_http_content_location", false, "The same for Content-Location."),
		[]Map{contentLocation})
	for n := range maxLinkTargets {
		all = append(all, target(fmt.Sprintf("link_%d", n+1), fmt.Sprintf("$portico_link_target_%d", n+1), false,
			fmt.Sprintf("The same for target %d of Link.", n+1))...)
	}
	return slices.Concat(all, []Map{linkMap()}, cookiePathMaps())
}

// ownNames are what an answer may say where the row's URL is meant: the
// endpoint's name, the API's own with and without the endpoint's ID, the stage
// with the path below it, and in the row's own terms the base path.
const ownNames = "$portico_endpoint|$portico_api.execute-api.$portico_region|$portico_api-$portico_endpoint_id.execute-api.$portico_region|$portico_stage|$portico_base"

// target are the maps that lead one address back, to $portico_undone_{name}. An address that is none of the
// row's stays as it is: another host's, another stage's, one outside the path of
// the row, and a path that doesn't begin with the stage, whose API may know
// X-Forwarded-Prefix.
func target(name, from string, volatile bool, comment string) []Map {
	const (
		names = `^([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|`
		host  = `(?i:(?:https:)?//(?:\1|\2|\3)(?::443)?|http://(?:\1|\2|\3)(?::80)?)`
	)
	const rest = "$5"
	plain := plainly("$portico_plain_"+name, from, volatile)
	return []Map{plain, {
		Comment:  []string{comment},
		Source:   expression(ownNames + "\n" + plain.Variable),
		Variable: "$portico_undone_" + name,
		Volatile: volatile,
		Default:  expression(from),
		Entries: []MapEntry{
			// A path that is empty on a host without base path is its root.
			pattern(names+`\n`+host+`\4([?#].*)?$`, expression("https://$host/"+rest)),
			pattern(names+`[^\n]*\n`+host+`\4([/?#].*)?$`, expression("https://$host$portico_base"+rest)),
			pattern(names+`\n\4([?#].*)?$`, expression("/"+rest)),
			// Two slashes at the beginning, or what browsers take for them,
			// would lead to a host of that name.
			pattern(names+`\n\4(/[/\\\s].*)$`, expression("https://$host"+rest)),
			pattern(names+`[^\n]*\n\4([/?#].*)?$`, expression("$portico_base"+rest)),
		},
	}}
}

// unreserved are the characters that mean the same percent-encoded (RFC 3986,
// section 6.2.2.2); a row's path has no others.
const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

// encodings are the unreserved characters, each with a blank in front and its
// percent-encoding behind it.
func encodings() Map {
	var table strings.Builder
	for _, c := range []byte(unreserved) {
		fmt.Fprintf(&table, " %c%02X", c, c)
	}
	return Map{
		Comment:  []string{"Characters that mean the same percent-encoded (RFC 3986, section 6.2.2.2)."},
		Source:   expression(""),
		Variable: "$portico_encodings",
		Default:  expression(table.String()),
	}
}

// plainly is the map that writes an address which begins with the stage and the
// row's path as these are written, where some of their characters are
// percent-encoded.
func plainly(variable, from string, volatile bool) Map {
	// Each turn of the loop takes a character of the row's path and, looking ahead,
	// what the turns before it took of the address (group 2) and the character, as it
	// is or as the last line writes it.
	const (
		host      = `(?:(?i:https?:)?//[^\n/?#]*+)?+`
		character = `(?:\1|%([0-9A-Fa-f]{2})(?=[^\n]*+\n.* \1(?i:\3)))`
		walk      = `(?:([^\n])(?=[^\n]*+\n((?>\2|` + host + `)` + character + `)))++`
	)
	return Map{
		Comment:  []string{"An address whose stage and path are the row's but for percent-encodings, with these undone."},
		Source:   expression("$portico_stage\n" + from + "\n$portico_encodings"),
		Variable: variable,
		Volatile: volatile,
		Default:  expression(from),
		Entries: []MapEntry{
			pattern(`^(?=[^\n]*+\n[^\n%]*+%)`+walk+`\n(?=(`+host+`))\2((?:[/?#][^\n]*+)?+)\n`,
				expression("$4$portico_stage$5")),
		},
	}
}

// linkMap takes the targets of a Link header out and puts them back. What looks
// like a target inside a quoted parameter, such as title="a <b>", is none (RFC
// 8288, section 3; RFC 9110, section 5.6.4). Possessive quantifiers: there is one
// way to read a header.
func linkMap() Map {
	const between = `[^<"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|$)[^<"]*+)*+`
	m := Map{
		Comment: []string{
			fmt.Sprintf("Link with up to %d targets; with more it stays as it is. Before NGINX 1.23 a", maxLinkTargets),
			"variable holds one line of several, so the entrypoint leaves Link alone there.",
		},
		Source:   expression("$upstream_http_link"),
		Variable: "$portico_link",
		Default:  expression(""),
	}
	match, value := `^(?<portico_link_0>`+between+`)`, "$portico_link_0"
	for n := 1; n <= maxLinkTargets; n++ {
		match += fmt.Sprintf(`<(?<portico_link_target_%d>[^>]*)>(?<portico_link_%d>%s)`, n, n, between)
		value += fmt.Sprintf("<$portico_undone_link_%d>$portico_link_%d", n, n)
		m.Entries = append(m.Entries, pattern(match+`$`, expression(value)))
	}
	// An answer without Link costs no second look for it.
	m.Entries = append(m.Entries, pattern(`^`, expression("$upstream_http_link")))
	return m
}

// cookiePathMaps lead the Path attribute of a cookie back. A path above the
// row's, from the stage on, covers all of the row.
func cookiePathMaps() []Map {
	plain := plainly("$portico_plain_cookie_path", "$portico_cookie_path", true)
	return []Map{plain, {
		Comment: []string{
			"The Path of one cookie, in the caller's terms. One that names the stage but not",
			"all of the row's path covers the whole row.",
		},
		Source:   expression("$portico_stage|$portico_base\n" + plain.Variable),
		Variable: "$portico_undone_cookie_path",
		Volatile: true,
		Default:  expression("$portico_cookie_path"),
		Entries: []MapEntry{
			pattern(`^([^|\n]*)\|\n\1/?$`, expression("/")),
			pattern(`^([^|\n]*)\|[^\n]*\n\1((?:/.*)?)$`, expression("$portico_base$2")),
			pattern(`^(/[^|\n]*)/[^|\n]*\|\n\1/?$`, expression("/")),
			pattern(`^(/[^|\n]*)/[^|\n]*\|[^\n]*\n\1/?$`, expression("$portico_base")),
		},
	}}
}

// commonRegion is the domain of the region that most routes' APIs are in, such
// as us-east-1.amazonaws.com; of equally many the first by name.
func commonRegion(routes []topology.Route) string {
	count := make(map[string]int)
	for _, r := range routes {
		count[regionDomain(r)]++
	}
	var common string
	for _, region := range slices.Sorted(maps.Keys(count)) {
		if count[region] > count[common] {
			common = region
		}
	}
	return common
}

func regionDomain(r topology.Route) string { return r.API.Region + "." + r.API.DNSSuffix }
