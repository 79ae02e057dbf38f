package nginxconf

// Metric is a metric that is made of the lines of the access log.
type Metric struct {
	// Name is the metric's name.
	Name string
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
func Metrics() []Metric {
	count := func(name, pattern string) Metric { return Metric{name, pattern, "1", "Count"} }
	const clientError, serverError = "($.status >= 400) && ($.status < 500)", "($.status >= 500)"
	return []Metric{
		count(MetricRequests, "{ $.status = * }"),
		count(MetricProxyClientErrors, "{ "+clientError+" && "+ofProxy+" }"),
		count(MetricProxyServerErrors, "{ "+serverError+" && "+ofProxy+" }"),
		count(MetricAPIClientErrors, "{ "+clientError+" && "+ofAPI+" }"),
		count(MetricAPIServerErrors, "{ "+serverError+" && "+ofAPI+" }"),
		{MetricLatency, "{ $.seconds = * }", "$.seconds", "Seconds"},
	}
}
