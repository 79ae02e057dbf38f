// Package awssim simulates AWS accounts behind Pulumi's provider protocol.
//
// A [Simulator] holds what stands in a set of accounts. [Simulator.Serve]
// offers it to the real Pulumi engine as the providers "aws" and "docker": the
// engine attaches when PULUMI_DEBUG_PROVIDERS names the ports
// ([Server.DebugProviders]), and a program written against pulumi-aws runs
// unchanged. What it created is then read with [Simulator.Resources].
//
// The simulator is strict where AWS is: names and kinds of properties come by
// reflection from the SDK's own structs, values are held to the patterns,
// lengths and ranges of AWS's API models, references must lead to a resource
// of the same account and region, immutable properties replace, deletes fail
// while something depends on the resource, quotas hold. It knows nothing of
// the programs that run against it and imports none of their packages, so that
// it cannot share their mistakes.
//
// Each AWS service has a file of its own, in which a [typeSpec] or a
// [functionSpec] states the rules of one type or function as data. Rules
// across resources have files of their own: reachability.go, issuance.go,
// steadystate.go, policyeffect.go, publicuse.go, targethealth.go.
package awssim
