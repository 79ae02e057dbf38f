// Package ec2 simulates VPCs, subnets, routes, security groups and VPC
// endpoints.
package ec2
