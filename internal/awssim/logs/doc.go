// Package logs simulates log groups of CloudWatch Logs, and the metrics that filters make of
// their events.
package logs
