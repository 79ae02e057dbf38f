package page

import (
	"fmt"
	"slices"
	"strings"
)

// overview is the picture of the environment: clients on the left, the shared
// account with a lane for each front door, and the accounts of APIs on the right.
type overview struct {
	Width, Height int
	// Shared frames the shared account's boxes.
	Shared box
	Boxes  []box
	// Edges are paths of SVG's, each with an arrow at its end.
	Edges []string
	// Label says in words what the picture shows.
	Label string
}

// box is a rectangle with a name and a line below it.
type box struct {
	X, Y, W, H int
	Name, Text string
	// Class is its style: client, shared, account.
	Class string
	// Full is the whole name; empty: Name is.
	Full string
}

// TextX, NameY and TextY are where the texts begin.
func (b box) TextX() int { return b.X + 14 }

// NameY is the base line of the name.
func (b box) NameY() int { return b.Y + b.H/2 - 3 }

// TextY is the base line of the text.
func (b box) TextY() int { return b.Y + b.H/2 + 14 }

func (b box) right() point { return point{b.X + b.W, b.Y + b.H/2} }
func (b box) left() point  { return point{b.X, b.Y + b.H/2} }

type point struct{ x, y int }

// The measures of the environment's picture.
const (
	overviewWidth  = 1080
	overviewBox    = 54
	overviewStep   = 72
	overviewTop    = 44
	maxAccounts    = 8
	columnClient   = 0
	columnZone     = 164
	columnFirst    = 336
	columnSecond   = 508
	columnThird    = 680
	columnAccounts = 896
	columnWidth    = 146
	accountWidth   = overviewWidth - columnAccounts
	// accountChars is how many characters an account's box takes.
	accountChars = 22
)

// account is an account of APIs, as the rows name it.
type account struct {
	name       string
	apis, rows int
	doors      []string
}

// accountsOf counts the rows that are served, by account, in the order in which the
// rows name them.
func accountsOf(rows []Row) []*account {
	var all []*account
	byName := map[string]*account{}
	apis := map[string]bool{}
	for i := range rows {
		row := &rows[i]
		if row.Retired || row.Number == 0 {
			continue
		}
		a := byName[row.Account]
		if a == nil {
			a = &account{name: row.Account}
			byName[row.Account] = a
			all = append(all, a)
		}
		a.rows++
		if key := row.Account + " " + row.Region + " " + row.API; !apis[key] {
			apis[key] = true
			a.apis++
		}
		if !slices.Contains(a.doors, row.FrontDoor) {
			a.doors = append(a.doors, row.FrontDoor)
		}
	}
	return all
}

// overviewOf draws the environment; nil without a row that is served.
func overviewOf(p *Page) *overview {
	accounts := accountsOf(p.Rows)
	if len(accounts) == 0 {
		return nil
	}
	zones, hosts, doors := map[string]bool{}, map[string]bool{}, map[string]int{}
	for i := range p.Rows {
		if row := &p.Rows[i]; !row.Retired && row.Number > 0 {
			if row.Zone != "" {
				zones[row.Zone] = true
			}
			if !hosts[row.Host] {
				hosts[row.Host] = true
				doors[row.FrontDoor]++
			}
		}
	}
	d := drawing{overview: overview{Width: overviewWidth}}
	shownAccounts := min(len(accounts), maxAccounts)
	if len(accounts) > maxAccounts {
		shownAccounts++
	}
	height := max(len(doors), shownAccounts) * overviewStep
	middle := overviewTop + height/2
	client := d.box(columnClient, middle-overviewBox/2, "Clients", "in the network", "client")
	zone := d.box(columnZone, middle-overviewBox/2, "Private zones", count(len(zones), "zone")+", "+count(len(hosts), "host"), "shared")
	d.edge(client, zone)
	lastOf := map[string]box{}
	y := middle - len(doors)*overviewStep/2
	for _, s := range shapes(p.Balancer) {
		if doors[s.door] == 0 {
			continue
		}
		lastOf[s.door] = d.lane(s.door, count(doors[s.door], "host"), p.Balancer, zone, y+(overviewStep-overviewBox)/2)
		y += overviewStep
	}
	d.accounts(accounts, lastOf, middle-shownAccounts*overviewStep/2)
	d.Height = overviewTop + height + 14
	d.Shared = box{X: columnZone - 16, Y: 8, W: columnThird + columnWidth + 32 - columnZone, H: d.Height - 12}
	d.Label = fmt.Sprintf("Clients resolve %s in %s, and reach the APIs of %s through the shared-services account.",
		count(len(hosts), "host"), count(len(zones), "private zone"), count(len(accounts), "account"))
	return &d.overview
}

type drawing struct{ overview }

func (d *drawing) box(x, y int, name, text, class string) box {
	b := box{X: x, Y: y, W: columnWidth, H: overviewBox, Name: name, Text: text, Class: class}
	if class == "account" {
		b.W = accountWidth
	}
	if class == "client" {
		b.W = 118
	}
	d.Boxes = append(d.Boxes, b)
	return b
}

// edge leads from a box to another one. Where columns lie between, it keeps to the
// second one's height there, since boxes of other heights may be in the columns.
func (d *drawing) edge(from, to box) {
	begin, end := from.right(), to.left()
	path := fmt.Sprintf("M%d %d", begin.x, begin.y)
	if begin.y != end.y {
		turned := end.x
		if to.X > columnFirst && to.X < columnAccounts {
			turned = columnFirst
		}
		middle := (begin.x + turned) / 2
		path += fmt.Sprintf("C%d %d %d %d %d %d", middle, begin.y, middle, end.y, turned, end.y)
	}
	d.Edges = append(d.Edges, path+fmt.Sprintf("H%d", end.x))
}

// lane draws a front door, and is its last box.
func (d *drawing) lane(door, hosts, balancer string, zone box, y int) box {
	var boxes []box
	switch door {
	case "nginx":
		boxes = []box{
			d.box(columnFirst, y, shapes(balancer)[0].steps[2].name, "certificates, TLS", "shared"),
			d.box(columnSecond, y, "NGINX", hosts, "shared"),
			d.box(columnThird, y, "VPC endpoint", "nginx", "shared"),
		}
	case "alb":
		boxes = []box{
			d.box(columnFirst, y, "ALB", hosts, "shared"),
			d.box(columnThird, y, "VPC endpoint", "alb", "shared"),
		}
	default:
		boxes = []box{d.box(columnThird, y, "VPC endpoint", "native, "+hosts, "shared")}
	}
	from := zone
	for _, b := range boxes {
		d.edge(from, b)
		from = b
	}
	return from
}

// accounts draws the accounts, and the rest of them as one box.
func (d *drawing) accounts(all []*account, lastOf map[string]box, y int) {
	y += (overviewStep - overviewBox) / 2
	for i, a := range all {
		if i == maxAccounts {
			rest := d.box(columnAccounts, y, "and "+count(len(all)-i, "more account"), "listed below", "account")
			for _, s := range shapes("") {
				if from, used := lastOf[s.door]; used {
					d.edge(from, rest)
				}
			}
			return
		}
		// The name alone, if the mapping has one: the number follows it.
		name, _, _ := strings.Cut(a.name, " ")
		if name == "" {
			name = "no account named"
		}
		b := d.box(columnAccounts, y, cut(name, accountChars), count(a.apis, "API")+", "+count(a.rows, "row"), "account")
		d.Boxes[len(d.Boxes)-1].Full = a.name
		for _, door := range a.doors {
			d.edge(lastOf[door], b)
		}
		y += overviewStep
	}
}

// count is such as "1 row" or "3 rows".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
