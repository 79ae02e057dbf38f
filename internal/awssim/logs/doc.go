// Package logs simulates log groups of CloudWatch Logs.
package logs
