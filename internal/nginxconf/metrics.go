package nginxconf

// Metric is what a filter makes of the lines of the access log. Several of one name are
// one metric.
type Metric struct {
	// Name is the metric's name.
	Name string
	// Filter tells the filters of a metric apart.
	Filter string
	// Pattern is a JSON filter pattern of CloudWatch Logs for the lines that count.
	Pattern string
	// Value is what a line adds: a number, or a selector of a field that is one.
	Value string
	// Unit is CloudWatch's.
	Unit string
}

// The names of the metrics.
const (
	MetricRequests          = "Requests"
	MetricProxyClientErrors = "Proxy4xx"
	MetricProxyServerErrors = "Proxy5xx"
	MetricAPIClientErrors   = "API4xx"
	MetricAPIServerErrors   = "API5xx"
	MetricLatency           = "Latency"
)

// Whose answer a line is about. Every answer of API Gateway has a request ID in the
// form of a UUID, and no answer of the proxy's own has one.
const (
	ofProxy = `($.request_id != "*-*")`
	ofAPI   = `($.request_id = "*-*")`
)

// Metrics are those of the proxy as a whole, by the fields of log.conf. An error is
// the proxy's own where the API gave no answer: a request that is refused, a caller
// that hung up (499), an API that could not be reached (502) or that exceeded its
// time (504).
//
// With a sampled log (PORTICO_LOG_SAMPLE) a line counts as often as it says. Lines that
// don't say count once, since tasks whose log is not sampled yet write such lines.
func Metrics(sampled bool) []Metric {
	const clientError, serverError = "($.status >= 400) && ($.status < 500)", "($.status >= 500)"
	counted := []struct{ name, lines string }{
		{MetricRequests, "$.status = *"},
		{MetricProxyClientErrors, clientError + " && " + ofProxy},
		{MetricProxyServerErrors, serverError + " && " + ofProxy},
		{MetricAPIClientErrors, clientError + " && " + ofAPI},
		{MetricAPIServerErrors, serverError + " && " + ofAPI},
	}
	var metrics []Metric
	for _, c := range counted {
		if !sampled {
			metrics = append(metrics, Metric{c.name, c.name, "{ " + c.lines + " }", "1", "Count"})
			continue
		}
		metrics = append(metrics,
			Metric{c.name, c.name, "{ " + c.lines + " && ($.weight = *) }", "$.weight", "Count"},
			Metric{c.name, c.name + "-once", "{ " + c.lines + " && ($.weight NOT EXISTS) }", "1", "Count"})
	}
	// A filter takes no weight beside the seconds: those of the lines that are drawn from
	// all requests have the percentiles of all.
	timed := "{ $.seconds = * }"
	if sampled {
		timed = "{ ($.seconds = *) && (($.sampled = 1) || ($.sampled NOT EXISTS)) }"
	}
	return append(metrics, Metric{MetricLatency, MetricLatency, timed, "$.seconds", "Seconds"})
}
