// Package cloudwatch simulates CloudWatch's alarms.
package cloudwatch
