package page

import (
	"fmt"
	"strings"
)

// shape is the path of requests by one front door.
type shape struct {
	door  string
	steps []shapeStep
}

// shapeStep is a step of a shape. Caption names what is there, name is AWS's.
type shapeStep struct {
	step          Step
	caption, name string
}

// shapes are the paths of the front doors, as docs/front-doors.md has them.
func shapes(balancer string) []shape {
	if balancer == "" {
		balancer = "ALB"
	}
	client := shapeStep{"", "request", "Client"}
	zone := shapeStep{StepName, "name", "Private hosted zone"}
	return []shape{
		{"nginx", []shapeStep{
			client, zone, {StepBalancer, "TLS, certificate", balancer}, {StepProxy, "routes, verbs", "NGINX on Fargate"},
			{StepEndpoint, "execute-api", "VPC endpoint"}, {StepAPI, "resource policy", "API Gateway"},
		}},
		{"alb", []shapeStep{
			client, zone, {StepBalancer, "TLS, rule by host", "ALB"}, {StepEndpoint, "execute-api", "VPC endpoint"},
			{StepDomain, "base path", "REGIONAL domain"}, {StepAPI, "resource policy", "API Gateway"},
		}},
		{"native", []shapeStep{
			client, zone, {StepEndpoint, "execute-api", "VPC endpoint"},
			{StepDomain, "TLS, base path", "PRIVATE domain"}, {StepAPI, "resource policy", "API Gateway"},
		}},
	}
}

// The measures of a row's picture, in units of its view box.
const (
	wayWidth  = 1080
	wayHeight = 104
	wayGap    = 26
	// wayChar is the width of a character of the steps' text.
	wayChar = 6.7
	wayPad  = 12
)

// wayStep is a step of a row's picture.
type wayStep struct {
	X, Width      int
	Caption, Name string
	// Lines are what the row says there, and Slots the names of their places.
	Lines, Slots [2]string
	// Mark is ok, bad or empty, and MarkSlot the name of its place.
	Mark, MarkSlot string
	// ArrowX is where the arrow from the step before begins; the first has none.
	ArrowX int
	First  bool
}

// MarkX is where the step's mark has its centre.
func (s wayStep) MarkX() int { return s.X + s.Width - 15 }

// TextX is where the step's text begins.
func (s wayStep) TextX() int { return s.X + wayPad }

// stepWidth is the width of a step of a shape.
func (s shape) stepWidth() int { return (wayWidth - wayGap*(len(s.steps)-1)) / len(s.steps) }

// characters is how many characters of a row's text a step takes.
func (s shape) characters() int { return int(float64(s.stepWidth()-2*wayPad) / wayChar) }

// picture places a row's steps; lines has two for each.
func (s shape) picture(lines, marks []string) []wayStep {
	width := s.stepWidth()
	steps := make([]wayStep, len(s.steps))
	for i, step := range s.steps {
		x := i * (width + wayGap)
		steps[i] = wayStep{
			X: x, Width: width, Caption: step.caption, Name: step.name, ArrowX: x - wayGap, First: i == 0,
			Slots: [2]string{fmt.Sprintf("way.%d", 2*i), fmt.Sprintf("way.%d", 2*i+1)}, MarkSlot: fmt.Sprint(i),
		}
		if 2*i+1 < len(lines) {
			steps[i].Lines = [2]string{lines[2*i], lines[2*i+1]}
		}
		if i < len(marks) {
			steps[i].Mark = marks[i]
		}
	}
	return steps
}

// lines are what a row says at each step of its path, two for each.
func (s shape) lines(row *Row) []string {
	var lines []string
	for _, step := range s.steps {
		first, second := fold(s.says(step.step, row), s.characters())
		lines = append(lines, first, second)
	}
	return lines
}

func (s shape) says(step Step, row *Row) string {
	switch step {
	case StepName:
		return row.Zone
	case StepBalancer:
		return row.Certificate
	case StepProxy:
		return fmt.Sprintf("%s, %d s", verbs(row.Methods), row.Seconds)
	case StepEndpoint:
		return row.Region
	case StepDomain:
		return row.Host
	case StepAPI:
		return row.API + "/" + row.Stage + row.Path
	}
	return row.Host + row.BasePath
}

// marks are the outcomes of a row's probes at each step: ok if all are, bad if one
// is not, empty without any.
func (s shape) marks(probes []*Probe) []string {
	if len(probes) == 0 {
		return nil
	}
	marks := make([]string, len(s.steps))
	for i, step := range s.steps {
		for _, probe := range probes {
			shows := probe.Step
			if shows == StepBalancer && s.door == "native" {
				shows = StepDomain // which has the certificate there
			}
			switch {
			case shows != step.step || step.step == "":
			case !probe.OK:
				marks[i] = "bad"
			case marks[i] == "":
				marks[i] = "ok"
			}
		}
	}
	return marks
}

// verbs are the verbs of a row in words.
func verbs(methods []string) string {
	if methods == nil {
		return "every verb"
	}
	return strings.Join(methods, " ")
}

// fold breaks a text into two lines of at most n characters, after a dot, a slash
// or a space where there is one, and cuts what is too long.
func fold(text string, n int) (first, second string) {
	all := []rune(text)
	if len(all) <= n {
		return text, ""
	}
	end := n
	for i := n; i > n/3; i-- {
		if strings.ContainsRune("./ -", all[i-1]) {
			end = i
			break
		}
	}
	return strings.TrimSpace(string(all[:end])), cut(strings.TrimSpace(string(all[end:])), n)
}

// cut shortens a text to n characters.
func cut(text string, n int) string {
	all := []rune(text)
	if len(all) <= n {
		return text
	}
	return string(all[:n-1]) + "…"
}
