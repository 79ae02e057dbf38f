package dashboardbody

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheExamplesOfThePageAreTaken is AWS's example of a metric and a text widget, and one
// with an expression.
func TestTheExamplesOfThePageAreTaken(t *testing.T) {
	for _, body := range []string{
		`{"widgets":[{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"metrics":[["AWS/EC2","CPUUtilization","InstanceId","i-012345"]],
			"period":300,"stat":"Average","region":"us-east-1","title":"EC2 Instance CPU"}},
			{"type":"text","x":0,"y":7,"width":3,"height":3,"properties":{"markdown":"Hello world"}}]}`,
		`{"periodOverride":"inherit","widgets":[{"type":"metric","properties":{"region":"us-east-1","view":"timeSeries","stacked":false,"yAxis":{"left":{"min":0}},
			"metrics":[["N","Errors",{"id":"e","visible":false,"stat":"Sum"}],[".","Requests",{"id":"r","yAxis":"right"}],[{"expression":"100 * e / r","label":"%"}]]}}]}`,
		`{"widgets":[]}`,
	} {
		require.Empty(t, Problems(body), body)
	}
}

func TestWhatADashboardCanNotBe(t *testing.T) {
	metric := func(properties string) string {
		return `{"widgets":[{"type":"metric","properties":{"region":"us-east-1",` + properties + `}}]}`
	}
	one := `"metrics":[["N","M"]]`
	for body, want := range map[string]string{
		`[]`:                              "the body is not a JSON object",
		`{"widget":[]}`:                   "widget is no property",
		`{}`:                              "/widgets: is missing",
		`{"widgets":[1]}`:                 "/widgets/0: is no object",
		`{"widgets":[{"type":"metric"}]}`: "/widgets/0/properties: is missing",
		`{"widgets":[{"type":"pie","properties":{}}]}`:                                        "/widgets/0/type: pie is not one of",
		`{"widgets":[{"type":"text","x":24,"properties":{"markdown":"a"}}]}`:                  "/widgets/0/x: 24 is not a whole number from 0 to 23",
		`{"widgets":[{"type":"text","x":12,"width":18,"properties":{"markdown":"a"}}]}`:       "x and width make 30",
		`{"widgets":[{"type":"text","height":1.5,"properties":{"markdown":"a"}}]}`:            "/widgets/0/height: 1.5",
		`{"widgets":[{"type":"text","properties":{}}]}`:                                       "/widgets/0/properties/markdown",
		`{"widgets":[{"type":"metric","properties":{` + one + `}}]}`:                          "/widgets/0/properties/region",
		`{"widgets":[{"type":"log","properties":{"region":"us-east-1","query":"fields a"}}]}`: "names no log group",
		`{"widgets":[{"type":"alarm","properties":{"alarms":["proxy-5xx"]}}]}`:                "proxy-5xx is no alarm's ARN",
		metric(`"title":"a"`):                                           "has no metric",
		metric(`"metrics":[["N"]]`):                                     "has 1 texts",
		metric(`"metrics":[["N","M","D"]]`):                             "has 3 texts",
		metric(`"metrics":[["N","M",1]]`):                               "1 is no text",
		metric(`"metrics":[[".","M"]]`):                                 `"." stands for nothing`,
		metric(one + `,"stat":"Mean"`):                                  "Mean is no statistic",
		metric(one + `,"period":45`):                                    "45 is neither",
		metric(one + `,"view":"line"`):                                  "line is not one of",
		metric(one + `,"Title":"a"`):                                    "Title is no property",
		metric(`"metrics":[["N","M",{"yAxis":"top"}]]`):                 "top is not one of",
		metric(`"metrics":[["N","M",{"id":"M"}]]`):                      "M is no ID",
		metric(`"metrics":[["N","M",{"id":"a"}],["N","O",{"id":"a"}]]`): "a is no ID, or another metric's",
		metric(`"metrics":[[{"expression":"100 * errors"}]]`):           "reads errors, which no metric of the widget is",
		metric(`"metrics":[[{"expression":"100 *"}]]`):                  "no expression of metric math",
		metric(`"metrics":[["N","M",{"expression":"1 + 1"}]]`):          "an expression stands alone",
		`{"widgets":[` + strings.TrimSuffix(strings.Repeat(`{"type":"text","properties":{"markdown":"a"}},`, 501), ",") + `]}`: "has 501 widgets",
	} {
		found := Problems(body)
		require.NotEmpty(t, found, body)
		require.Contains(t, strings.Join(found, "\n"), want, fmt.Sprintf("%.200s", body))
	}
}
