// Package reference turns the files of the reference implementation, AWS's CDK
// and Terraform sample "Implementing custom domain names for Amazon API Gateway
// private endpoints", into Portico's: its proxy-config.yaml into a mapping, its
// vars.yaml into the settings of Pulumi stacks. Where Portico behaves otherwise
// than the sample did, a comment says so beside the row or key concerned, and
// only there. Defects of the sample are numbered D1 to D53, as in the project's
// tests.
package reference
