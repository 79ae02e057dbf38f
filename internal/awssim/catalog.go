package awssim

import "sync"

// simulated is every service there is.
var simulated = sync.OnceValue(func() *catalog {
	return newCatalog(
		ec2Service(),
		vpcEndpointService(),
		securityGroupService(),
		lbService(),
		acmService(),
		route53Service(),
		stsService(), taggingService(),
		iamService(),
		logsService(),
		appAutoScalingService(),
		ecrService(),
		dockerService(),
		ecsService(),
		apiGatewayService(), customDomainService(),
		ramService(),
	)
})
