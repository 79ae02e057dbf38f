package aws

// AWS's quotas as an account has them before AWS raises any. The settings'
// portico:quotas replace them; they are written here and nowhere else.
const (
	// QuotaNamesPerCertificate is how many domain names an ACM certificate has
	// (ACM user guide, quotas).
	QuotaNamesPerCertificate = 10
	// QuotaCertificatesPerLoadBalancer is how many certificates a load balancer
	// has, not counting the default certificate (Elastic Load Balancing user
	// guides, quotas of ALBs and NLBs).
	QuotaCertificatesPerLoadBalancer = 25
	// QuotaRulesPerLoadBalancer is how many listener rules an Application Load
	// Balancer has, not counting default rules (the same).
	QuotaRulesPerLoadBalancer = 100
	// QuotaTargetsPerALB and QuotaTargetsPerNLB are how many targets a load
	// balancer has (the same). With cross-zone load balancing an NLB has as many
	// as it otherwise has in one zone.
	QuotaTargetsPerALB = 1000
	QuotaTargetsPerNLB = 500
	// QuotaHostedZones is how many hosted zones an account has (Route 53
	// developer guide, quotas).
	QuotaHostedZones = 500
	// QuotaRecordsPerZone is how many records a hosted zone has, its own NS and
	// SOA included (the same).
	QuotaRecordsPerZone = 10_000
	// QuotaVPCsPerZone is with how many VPCs a private hosted zone is associated
	// (the same). Route 53 Profiles have no such quota.
	QuotaVPCsPerZone = 300
	// QuotaVPCAuthorizationsPerZone is how many authorizations a hosted zone has
	// to associate VPCs of other accounts (the same).
	QuotaVPCAuthorizationsPerZone = 1000
	// QuotaSecurityGroupRules is how many inbound rules a security group has
	// (VPC user guide, quotas).
	QuotaSecurityGroupRules = 60
	// QuotaPrivateDomains is how many private custom domain names an account has
	// in a region (API Gateway developer guide, quotas).
	QuotaPrivateDomains = 50
	// QuotaRegionalDomains is how many public custom domain names an account has
	// in a region (the same).
	QuotaRegionalDomains = 120
	// QuotaAssociations is how many domain name access associations an account
	// has in a region (the same).
	QuotaAssociations = 100
	// QuotaResourcePolicySize is the length of a resource policy of API Gateway
	// in characters: "API Gateway resource policy", adjustable
	// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
	QuotaResourcePolicySize = 8192
)
