// Package elbv2 simulates load balancers, listeners, rules and target groups.
package elbv2
