// Package components holds the cloud resources that Portico consists of, as
// Pulumi component resources. They put private REST APIs of Amazon API Gateway
// behind custom domain names, and can be used in any Pulumi program in Go.
//
// # Components
//
// In the account that owns the VPC:
//
//   - [Network] is a VPC and its private subnets, created or existing.
//   - [ResolverInbound] is where DNS servers outside the VPC ask for its names.
//   - [FlowLogs] record the connections of a VPC.
//   - [SecurityGroups] are the groups of the load balancer, the proxy's tasks and
//     their endpoints, with the rules between them.
//   - [Endpoints] are the VPC endpoints of API Gateway, CloudWatch Logs, ECR and S3.
//   - [Certificates] are certificates of ACM: issued, imported or existing.
//   - [LoadBalancer] is an internal load balancer with a TLS listener.
//   - [LogBucket] takes load balancers' logs.
//   - [Repository] and [Image] are the proxy's image in ECR.
//   - [Cluster], [TaskRoles] and [Service] run the proxy on Fargate.
//   - [LogMetrics] are metrics that CloudWatch makes of the proxy's log, and [Alarms]
//     tell a topic when something is wrong.
//   - [Zones] are private hosted zones with alias records.
//
// For custom domains that need no proxy, in the same account:
//
//   - [ExecuteAPIEndpoint] is an endpoint that clients or a load balancer reach.
//   - [ALBRouting] forwards hosts from a load balancer to such an endpoint.
//   - [AccessAssociations] connect PRIVATE custom domains with such an endpoint.
//
// In an account that owns APIs:
//
//   - [PrivateAPI] is a private API's resource policy, with its deployments.
//   - [CustomDomain] is a custom domain of API Gateway with its base path mappings.
//   - [DomainShare] shares PRIVATE custom domains with other accounts.
//
// # Constructors
//
// Every component has a constructor of one shape:
//
//	NewX(ctx *pulumi.Context, name string, args *XArgs, opts ...pulumi.ResourceOption) (*X, error)
//
// The component's type token is portico:index:X. Its children have it as their
// parent, are named after it (name, or name-role), and inherit the providers that
// the caller hands to it:
//
//	components.NewZones(ctx, "portico", args, pulumi.Providers(awsProvider))
//
// In every Args type, plain Go fields decide which resources exist, so that a
// preview shows them all; pulumi Inputs carry the rest. A field's comment says
// whether it is required, its default and its bounds. No component reads files,
// configuration or the environment, and none creates a resource inside an apply.
//
// # Order
//
// Where one component needs another's resources without using their outputs, the
// caller says so, with the Resources method that every component has:
//
//	components.NewService(ctx, "portico", args, pulumi.DependsOn(balancer.Resources()))
//
// [NewService] depends on its load balancers, endpoints and security groups. What
// takes addresses in subnets depends on [Endpoints.StaticEndpoints]. The comment of
// a constructor names such dependencies.
//
// # Errors
//
// Mistakes in arguments are [ArgumentError], all of them joined, before anything is
// registered. An existing resource that was named and doesn't serve is an
// [ExistingResourceError], a public hosted zone that isn't there a
// [PublicZoneError], and a deployment that ECS rolled back a [RollbackError]. All
// are found with errors.As, also in the error of a program's run.
package components

// ProxyPort is the port on which the proxy's container listens, TLS only. A
// port above 1023 lets it run without root.
const ProxyPort = 8443

// ProxyProtocolPort is the port on which the proxy's container listens behind a
// Network Load Balancer as well: a header of the proxy protocol, version 2, comes
// before TLS there.
const ProxyProtocolPort = 8444
