// Package cloudwatch simulates CloudWatch's alarms, and the metrics that they watch.
package cloudwatch
