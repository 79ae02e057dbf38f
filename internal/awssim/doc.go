// Package awssim simulates AWS accounts behind Pulumi's provider protocol.
//
// A [Simulator] holds a set of accounts. [Simulator.Serve] offers it to the real
// Pulumi engine as the providers "aws" and "docker": the engine attaches when
// PULUMI_DEBUG_PROVIDERS names the ports ([Server.DebugProviders]), and a program
// written against pulumi-aws runs unchanged. What it created is then read with
// [Simulator.Resources].
//
// The simulator is strict where AWS is: names and kinds of properties come by
// reflection from the SDK's own structs, values are held to the patterns,
// lengths and ranges of AWS's API models, references must lead to a resource
// of the same account and region, immutable properties replace, deletes fail
// while something depends on the resource, quotas hold. It imports none of the
// packages of the programs that run against it, so that it cannot share their
// mistakes.
//
// The packages below it:
//   - engine: the protocol, the store and its journal, differences, faults, and
//     the form in which types and functions are declared
//   - view: the types' tokens, and what services read of each other's resources
//   - ec2, elbv2, ecs, ecr, docker, iam, acm, route53, apigateway, ram, logs,
//     appautoscaling, sts, tagging: a service each
//   - reachability, issuance, publicuse, iampolicy: rules across services
package awssim
