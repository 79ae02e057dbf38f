// Package apigateway simulates REST APIs, their deployments and policies,
// and custom domain names of Amazon API Gateway.
package apigateway
