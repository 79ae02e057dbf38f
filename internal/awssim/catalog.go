package awssim

import (
	"sync"

	"github.com/portico-iac/portico/internal/awssim/acm"
	"github.com/portico-iac/portico/internal/awssim/apigateway"
	"github.com/portico-iac/portico/internal/awssim/appautoscaling"
	"github.com/portico-iac/portico/internal/awssim/cloudwatch"
	"github.com/portico-iac/portico/internal/awssim/docker"
	"github.com/portico-iac/portico/internal/awssim/ec2"
	"github.com/portico-iac/portico/internal/awssim/ecr"
	"github.com/portico-iac/portico/internal/awssim/ecs"
	"github.com/portico-iac/portico/internal/awssim/elbv2"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/iam"
	"github.com/portico-iac/portico/internal/awssim/kms"
	"github.com/portico-iac/portico/internal/awssim/logs"
	"github.com/portico-iac/portico/internal/awssim/ram"
	"github.com/portico-iac/portico/internal/awssim/route53"
	"github.com/portico-iac/portico/internal/awssim/route53resolver"
	"github.com/portico-iac/portico/internal/awssim/s3"
	"github.com/portico-iac/portico/internal/awssim/servicequotas"
	"github.com/portico-iac/portico/internal/awssim/sts"
	"github.com/portico-iac/portico/internal/awssim/tagging"
)

// simulated is every service there is.
var simulated = sync.OnceValue(func() *engine.Catalog {
	catalog := engine.NewCatalog(
		ec2.VPCs(),
		ec2.VPCEndpoints(),
		ec2.SecurityGroups(),
		elbv2.Service(),
		acm.Service(),
		route53.Service(), route53resolver.Service(),
		sts.Service(), tagging.Service(), servicequotas.Service(),
		iam.Service(), kms.Service(),
		logs.Service(), cloudwatch.Service(),
		appautoscaling.Service(),
		ecr.Service(),
		docker.Service(),
		ecs.Service(),
		apigateway.RESTAPIService(), apigateway.CustomDomainService(),
		ram.Service(),
		s3.Service(),
	)
	for token, all := range behaviours {
		catalog.Types[token].Behaviours = all
	}
	return catalog
})
