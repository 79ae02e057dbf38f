package page

import "fmt"

// hostile is text that would be markup or script wherever it is not escaped.
const hostile = `</script><script>window.hacked=1</script><img src=x onerror="window.hacked=2">'"&{{.}}<!--`

// samplePage has something of every part.
func samplePage() *Page {
	p := &Page{
		Kind: "Rehearsal", Environment: "dev", Mapping: "examples/mapping.dev.yaml", Since: "main", Balancer: "ALB",
		Verdict: "2 of 12 probes failed", Version: "(devel)",
		Figures: []Figure{{Name: "rows", Value: "3"}, {Name: "probes ok", Value: "10 of 12", Bad: true}},
		Findings: []Finding{
			{Wrong: true, Subject: "policy: a1b2c3d4e5, account 222222222222", Text: "the owner denies the verb", Fix: "ask the owner"},
			{Subject: "zone", Text: "the new private zone answers for every name under it"},
		},
		Stacks: []Stack{{Name: "dev", Account: "111111111111", Resources: 69, Seconds: 3.9, Outcome: "69 created"},
			{Name: "dev-orders", Account: "222222222222", Error: "create the policy: denied"}},
		Ahead:        []string{"hosts move in 90 s"},
		Tables:       []Table{{Title: "Settings", Head: []string{"stack", "setting", "before", "after"}, Lines: [][]string{{"dev", "portico:task", "2", "4"}}}},
		PoliciesNote: "Portico’s statements only.", BillNote: "List prices of us-east-1.",
		Limits: []Limit{{What: "private hosted zones", Used: 2, Max: 500, Compared: true, Before: 1}, {What: "rules", Used: 90, Max: 100, Of: "load balancer 1"}},
		Bill:   []BillItem{{What: "load balancers", For: "nginx", Count: 1, USD: 16.43}, {What: "tasks", For: "nginx", Count: 2, USD: 1028.8}},
		Notes:  []string{"Rehearsed on simulated AWS accounts."},
		Policies: []Policy{
			{Account: "orders 222222222222", API: "a1b2c3d4e5", Region: "us-east-1", Size: 1200, Max: 8192, Lines: []string{" {", "-  \"a\": 1", "+  \"a\": 2", " }"}},
			{Account: "333333333333", API: "zzzzzzzzzz", Region: "us-east-1", Before: 10, Size: 12, Max: 8192, Note: "a stage is not deployed", Lines: []string{" {}"}},
		},
	}
	for i, door := range []string{"nginx", "alb", "native"} {
		p.Rows = append(p.Rows, Row{
			Number: i + 1, Place: fmt.Sprintf("mapping.yaml:%d", 10*i+3), Host: door + ".internal.private.example.com", BasePath: "/base",
			API: "a1b2c3d4e5", Stage: "prod", Path: "/v1", Region: "us-east-1", Account: "orders 222222222222", Team: "team-" + door,
			Owner: "orders@example.com", Description: "Orders", Methods: []string{"GET", "POST"}, FrontDoor: door, Seconds: 30,
			Zone: "internal.private.example.com", Certificate: "*.internal.private.example.com",
		})
		for _, step := range []Step{StepName, StepBalancer, StepEndpoint, StepAPI} {
			p.Probes = append(p.Probes, Probe{
				Row: i + 1, Name: "probe of the " + string(step), Method: "GET", URL: "https://" + door + ".internal.private.example.com/base",
				Want: "200", Got: "200", OK: true, Step: step,
			})
		}
	}
	p.Probes[3].OK, p.Probes[3].Got, p.Probes[3].Detail = false, "403 from the policy", "the statement denies it"
	p.Probes[8].OK, p.Probes[8].Got = false, "no answer"
	p.Rows[1].Change, p.Rows[1].Was, p.Rows[1].Differences = "re-pointed", "oldoldold1/prod", []string{"timeout: 29 s → 30 s"}
	return p
}

// hostilePage has hostile text wherever a page has text.
func hostilePage() *Page {
	p := samplePage()
	h := hostile
	p.Kind, p.Environment, p.Mapping, p.Since, p.Verdict, p.Version, p.PoliciesNote, p.BillNote, p.Balancer = h, h, h, h, h, h, h, h, h
	p.Figures = []Figure{{Name: h, Value: h}}
	p.Findings = []Finding{{Subject: h, Text: h, Fix: h}}
	p.Stacks = []Stack{{Name: h, Account: h, Outcome: h}, {Name: h, Error: h}}
	p.Ahead, p.Notes = []string{h}, []string{h}
	p.Tables = []Table{{Title: h, Note: h, Head: []string{h}, Lines: [][]string{{h}}}}
	for i := range p.Rows {
		r := &p.Rows[i]
		r.Place, r.Host, r.BasePath, r.API, r.Stage, r.Path, r.Region, r.Account = h, h, h, h, h, h, h, h
		r.Team, r.Owner, r.Description, r.Zone, r.Certificate, r.Change, r.Was = h, h, h, h, h, h, h
		r.Methods, r.Differences = []string{h}, []string{h}
	}
	for i := range p.Probes {
		q := &p.Probes[i]
		q.Name, q.Method, q.URL, q.Want, q.Got, q.Detail = h, h, h, h, h, h
	}
	p.Policies = []Policy{{Account: h, API: h, Region: h, Note: h, Lines: []string{"+" + h, h}}}
	p.Limits = []Limit{{What: h, Of: h, Max: 1}}
	p.Bill = []BillItem{{What: h, For: h}}
	return p
}

// largePage has so many rows, 20 hosts of a team each time.
func largePage(rows int) *Page {
	p := &Page{Kind: "Preview", Environment: "prod", Mapping: "mapping", OK: true, Verdict: "Nothing changes"}
	for i := range rows {
		host := fmt.Sprintf("service-%05d.team-%03d.private.example.com", i, i/50)
		p.Rows = append(p.Rows, Row{
			Number: i + 1, Place: fmt.Sprintf("mapping/team-%03d.yaml:%d", i/50, 3+6*(i%50)), Host: host, BasePath: "/v1",
			API: fmt.Sprintf("api%07d", i), Stage: "prod", Path: "/internal", Region: "us-east-1",
			Account: fmt.Sprintf("team-%03d %012d", i/50, 200000000000+i/50), Team: fmt.Sprintf("team-%03d", i/50), Owner: "owner@example.com",
			Description: "A service of a team", Methods: []string{"GET", "POST", "PUT"}, FrontDoor: []string{"nginx", "alb", "native"}[i%3], Seconds: 29,
			Zone: fmt.Sprintf("team-%03d.private.example.com", i/50), Certificate: fmt.Sprintf("*.team-%03d.private.example.com", i/50),
		})
	}
	for i := range 2000 {
		p.Probes = append(p.Probes, Probe{Row: i/20 + 1, Name: "allowed verb", Method: "GET", URL: "https://" + p.Rows[i/20].Host + "/v1/portico-probe", Want: "200", Got: "200", OK: true, Step: StepAPI})
	}
	return p
}
