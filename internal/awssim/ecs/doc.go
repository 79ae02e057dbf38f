// Package ecs simulates clusters, task definitions and services on Fargate.
package ecs
