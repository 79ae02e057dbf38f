// Package dashboardbody checks the bodies of CloudWatch's dashboards.
//
// The grammar is that of "Dashboard Body Structure and Syntax":
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
// Widgets of other types than metric, log, alarm and text are refused, which nothing
// here uses, and so is every property that the page does not name: CloudWatch may only
// warn of some.
package dashboardbody

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/metricmath"
)

// maxWidgets is how many widgets a dashboard may have.
const maxWidgets = 500

// Problems is what CloudWatch would refuse of a body, each with its place, such as
// "/widgets/0/properties: region is missing". It is empty for a body that it takes.
func Problems(body string) []string {
	c := &checker{}
	var whole map[string]any
	if err := json.Unmarshal([]byte(body), &whole); err != nil {
		return []string{fmt.Sprintf("the body is not a JSON object: %v", err)}
	}
	c.only("", whole, "widgets", "start", "end", "periodOverride")
	c.oneOf("/periodOverride", whole["periodOverride"], "auto", "inherit")
	widgets, ok := whole["widgets"].([]any)
	if !ok {
		c.say("/widgets", "is missing, or no array")
	}
	if len(widgets) > maxWidgets {
		c.say("/widgets", "has %d widgets; a dashboard takes %d", len(widgets), maxWidgets)
	}
	for i, widget := range widgets {
		c.widget(fmt.Sprintf("/widgets/%d", i), widget)
	}
	return c.problems
}

type checker struct{ problems []string }

func (c *checker) say(path, format string, args ...any) {
	c.problems = append(c.problems, path+": "+fmt.Sprintf(format, args...))
}

// only refuses properties with other names.
func (c *checker) only(path string, object map[string]any, names ...string) {
	var others []string
	for name := range object {
		if !slices.Contains(names, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	for _, name := range others {
		c.say(path, "%s is no property; there are %s", name, strings.Join(names, ", "))
	}
}

func (c *checker) oneOf(path string, value any, values ...string) {
	if text, _ := value.(string); value != nil && !slices.Contains(values, text) {
		c.say(path, "%v is not one of %s", value, strings.Join(values, ", "))
	}
}

// whole refuses what is not a whole number within bounds; nothing is fine.
func (c *checker) whole(path string, value any, least, most float64) {
	if n, isNumber := value.(float64); value != nil && (!isNumber || n != math.Trunc(n) || n < least || n > most) {
		c.say(path, "%v is not a whole number from %v to %v", value, least, most)
	}
}

func (c *checker) text(path string, value any, required bool) {
	if text, isText := value.(string); (value == nil && required) || (value != nil && (!isText || text == "" && required)) {
		c.say(path, "%v is no text", value)
	}
}

// The width of the grid and the height of a widget on it, in its units.
const (
	gridWidth = 24
	maxHeight = 1000
)

func (c *checker) widget(path string, value any) {
	widget, ok := value.(map[string]any)
	if !ok {
		c.say(path, "is no object")
		return
	}
	c.only(path, widget, "type", "x", "y", "width", "height", "properties")
	c.whole(path+"/x", widget["x"], 0, gridWidth-1)
	c.whole(path+"/y", widget["y"], 0, math.MaxInt32)
	c.whole(path+"/width", widget["width"], 1, gridWidth)
	c.whole(path+"/height", widget["height"], 1, maxHeight)
	x, _ := widget["x"].(float64)
	if width, _ := widget["width"].(float64); x+width > gridWidth {
		c.say(path, "x and width make %v; the grid has %d columns", x+width, gridWidth)
	}
	properties, ok := widget["properties"].(map[string]any)
	if !ok {
		c.say(path+"/properties", "is missing, or no object")
		return
	}
	check, ok := map[any]func(string, map[string]any){"metric": c.metric, "log": c.log, "alarm": c.alarm, "text": c.markdown}[widget["type"]]
	if !ok {
		c.say(path+"/type", "%v is not one of metric, log, alarm, text", widget["type"])
		return
	}
	check(path+"/properties", properties)
}

func (c *checker) markdown(path string, p map[string]any) {
	c.only(path, p, "markdown", "background")
	c.text(path+"/markdown", p["markdown"], true)
	c.oneOf(path+"/background", p["background"], "transparent", "solid")
}

func (c *checker) log(path string, p map[string]any) {
	c.only(path, p, "region", "query", "title", "view", "stacked", "accountId")
	c.text(path+"/region", p["region"], true)
	c.text(path+"/query", p["query"], true)
	c.text(path+"/title", p["title"], false)
	c.oneOf(path+"/view", p["view"], "table", "timeSeries", "bar", "pie")
	if query, _ := p["query"].(string); query != "" && !strings.HasPrefix(query, "SOURCE ") {
		c.say(path+"/query", "names no log group: it begins with SOURCE")
	}
}

// maxAlarms is how many alarms a widget shows.
const maxAlarms = 100

var alarmARN = regexp.MustCompile(`^arn:[a-z-]+:cloudwatch:[a-z0-9-]+:\d{12}:alarm:.+$`)

func (c *checker) alarm(path string, p map[string]any) {
	c.only(path, p, "alarms", "sortBy", "states", "title")
	c.text(path+"/title", p["title"], false)
	c.oneOf(path+"/sortBy", p["sortBy"], "default", "stateUpdatedTimestamp", "timestamp")
	alarms, _ := p["alarms"].([]any)
	if len(alarms) < 1 || len(alarms) > maxAlarms {
		c.say(path+"/alarms", "has %d alarms; a widget takes 1 to %d", len(alarms), maxAlarms)
	}
	for i, alarm := range alarms {
		if text, _ := alarm.(string); !alarmARN.MatchString(text) {
			c.say(fmt.Sprintf("%s/alarms/%d", path, i), "%v is no alarm's ARN", alarm)
		}
	}
}

func (c *checker) metric(path string, p map[string]any) {
	c.only(path, p, "accountId", "annotations", "end", "legend", "liveData", "metrics", "period", "region", "setPeriodToTimeRange",
		"singleValueFullPrecision", "sparkline", "stacked", "start", "stat", "table", "timezone", "title", "trend", "view", "yAxis")
	c.text(path+"/region", p["region"], true)
	c.text(path+"/title", p["title"], false)
	c.oneOf(path+"/view", p["view"], "timeSeries", "singleValue", "gauge", "bar", "pie", "table")
	c.period(path+"/period", p["period"])
	c.stat(path+"/stat", p["stat"])
	if legend, ok := p["legend"].(map[string]any); ok {
		c.oneOf(path+"/legend/position", legend["position"], "right", "bottom", "hidden")
	}
	if axes, ok := p["yAxis"].(map[string]any); ok {
		c.only(path+"/yAxis", axes, "left", "right")
	}
	metrics, _ := p["metrics"].([]any)
	annotations, _ := p["annotations"].(map[string]any)
	if len(metrics) == 0 && annotations["alarms"] == nil {
		c.say(path+"/metrics", "has no metric, and the widget no alarm")
	}
	if len(metrics) > maxMetrics {
		c.say(path+"/metrics", "has %d metrics; a widget takes %d", len(metrics), maxMetrics)
	}
	ids, reads := map[string]bool{}, map[string][]string{}
	var before []string
	for i, metric := range metrics {
		before = c.one(fmt.Sprintf("%s/metrics/%d", path, i), metric, before, ids, reads)
	}
	for place, wanted := range reads {
		for _, id := range wanted {
			if !ids[id] {
				c.say(place, "its expression reads %s, which no metric of the widget is", id)
			}
		}
	}
	slices.Sort(c.problems)
}

// maxMetrics is how many metrics and expressions a widget has.
const maxMetrics = 500

func (c *checker) period(path string, value any) {
	n, isNumber := value.(float64)
	if value != nil && (!isNumber || n <= 0 || math.Mod(n, 60) != 0 && !slices.Contains([]float64{1, 5, 10, 30}, n)) {
		c.say(path, "%v is neither 1, 5, 10 or 30 seconds nor minutes", value)
	}
}

var statistic = regexp.MustCompile(`^(SampleCount|Average|Sum|Minimum|Maximum|IQM|(p|tm|wm|tc|ts)\d{1,2}(\.\d+)?|(TM|WM|PR|TC|TS)\([^()]+\))$`)

func (c *checker) stat(path string, value any) {
	if text, _ := value.(string); value != nil && !statistic.MatchString(text) {
		c.say(path, "%v is no statistic", value)
	}
}

var idForm = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)

// one checks a metric, [namespace, name, dimension, value, ..., {properties}], or an
// expression, [{expression, ...}]. It returns the texts of the metric, which . of the
// next stands for.
func (c *checker) one(path string, value any, before []string, ids map[string]bool, reads map[string][]string) []string {
	list, _ := value.([]any)
	if len(list) == 0 {
		c.say(path, "is no array of a namespace and a metric, or of an expression")
		return before
	}
	rendering, hasRendering := list[len(list)-1].(map[string]any)
	if hasRendering {
		list = list[:len(list)-1]
		c.rendering(path, rendering, len(list) == 0, ids, reads)
	}
	if len(list) == 0 {
		return before
	}
	var texts []string
	for i, part := range list {
		text, isText := part.(string)
		switch {
		case !isText || text == "":
			c.say(path, "%v is no text", part)
		case text == "..." || text == "." && i >= len(before):
			c.say(path, "%q stands for nothing here", text)
		case text == ".":
			text = before[i]
		}
		texts = append(texts, text)
	}
	if len(texts) < 2 || len(texts)%2 != 0 {
		c.say(path, "has %d texts: a namespace, a metric, and a name and a value for each dimension make an even number", len(texts))
	}
	if len(texts) > 2+2*30 {
		c.say(path, "has more than 30 dimensions")
	}
	return texts
}

func (c *checker) rendering(path string, r map[string]any, alone bool, ids map[string]bool, reads map[string][]string) {
	c.only(path, r, "accountId", "color", "expression", "id", "label", "period", "region", "stat", "visible", "yAxis")
	c.period(path+"/period", r["period"])
	c.stat(path+"/stat", r["stat"])
	c.oneOf(path+"/yAxis", r["yAxis"], "left", "right")
	if id, given := r["id"]; given {
		text, _ := id.(string)
		if !idForm.MatchString(text) || ids[text] {
			c.say(path+"/id", "%v is no ID, or another metric's", id)
		}
		ids[text] = true
	}
	text, isExpression := r["expression"].(string)
	if isExpression != alone {
		c.say(path, "an expression stands alone, and a metric has its namespace and name")
	}
	if !isExpression {
		return
	}
	expression, err := metricmath.Parse(text)
	if err != nil {
		c.say(path+"/expression", "%v", err)
		return
	}
	reads[path] = expression.IDs()
}
