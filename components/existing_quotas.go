package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicequotas"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// QuotasCheckArgs describes what is to be made of which AWS allows an account so many in
// a region.
type QuotasCheckArgs struct {
	// AccountID and Region are where it is made. Required.
	AccountID, Region string
	// VPCs, ApplicationLoadBalancers and NetworkLoadBalancers are how many this
	// installation is to have. Default: 0, and nothing is asked.
	VPCs, ApplicationLoadBalancers, NetworkLoadBalancers int
	// Tags tell what belongs to this installation already.
	Tags Tags
	// Provider is the AWS provider of the account. Required.
	Provider pulumi.ProviderResource
}

// QuotaError reports that AWS would refuse a resource, since the account has as many as
// it may.
type QuotaError struct {
	// What is the resource, such as "VPC".
	What string
	// AccountID and Region are where it was to be made.
	AccountID, Region string
	// Quota is the quota's name, ServiceCode and QuotaCode are its codes in Service
	// Quotas.
	Quota, ServiceCode, QuotaCode string
	// New is how many were to be made, Existing how many there are, Limit how many
	// there may be.
	New, Existing, Limit int
}

// Error implements error.
func (e *QuotaError) Error() string {
	return fmt.Sprintf("create %s in %s of account %s: there are %d, and the quota %q allows %d: have the quota raised (aws service-quotas request-service-quota-increase --service-code %s --quota-code %s --desired-value %d), or delete what is not used",
		countOf(e.New, e.What), e.Region, e.AccountID, e.Existing, e.Quota, e.Limit, e.ServiceCode, e.QuotaCode, e.Existing+e.New)
}

var _ error = (*QuotaError)(nil)

// CheckQuotas asks whether the account takes what is to be made. It registers no
// resource.
func CheckQuotas(ctx *pulumi.Context, args *QuotasCheckArgs) *Findings {
	q := &quotaCheck{Findings: new(Findings), ctx: ctx, args: args, option: pulumi.Provider(args.Provider)}
	q.check(countedQuota{"VPC", "vpc", "L-F678F1CE", "ec2:DescribeVpcs", q.vpcs}, args.VPCs)
	q.check(countedQuota{"Application Load Balancer", "elasticloadbalancing", "L-53DA6B97", "elasticloadbalancing:DescribeLoadBalancers", q.balancers("loadbalancer/app/")},
		args.ApplicationLoadBalancers)
	q.check(countedQuota{"Network Load Balancer", "elasticloadbalancing", "L-69A177A2", "elasticloadbalancing:DescribeLoadBalancers", q.balancers("loadbalancer/net/")},
		args.NetworkLoadBalancers)
	return q.Findings
}

type quotaCheck struct {
	*Findings
	ctx    *pulumi.Context
	args   *QuotasCheckArgs
	option pulumi.InvokeOption
}

// countedQuota is a quota of what can be counted.
type countedQuota struct {
	what, service, code string
	// action is what the count needs.
	action string
	// count is how many have the tags; nil: how many there are.
	count func(Tags) (int, error)
}

func (q *quotaCheck) check(c countedQuota, wanted int) {
	if wanted == 0 {
		return
	}
	own, err := c.count(q.args.Tags)
	all := 0
	if err == nil && own < wanted {
		all, err = c.count(nil)
	}
	question := fmt.Sprintf("whether %s may have %s more", q.args.AccountID, countOf(wanted, c.what))
	if err != nil {
		q.NotAsked = append(q.NotAsked, NotAsked{c.action, question, err})
		return
	}
	if own >= wanted {
		return
	}
	quota, err := servicequotas.LookupServiceQuota(q.ctx, &servicequotas.LookupServiceQuotaArgs{ServiceCode: c.service, QuotaCode: &c.code}, q.option)
	if err != nil {
		q.NotAsked = append(q.NotAsked, NotAsked{"servicequotas:GetServiceQuota, servicequotas:GetAWSDefaultServiceQuota", question, err})
		return
	}
	if all+wanted-own > int(quota.Value) {
		q.Errors = append(q.Errors, &QuotaError{What: c.what, AccountID: q.args.AccountID, Region: q.args.Region, Quota: quota.QuotaName,
			ServiceCode: c.service, QuotaCode: c.code, New: wanted - own, Existing: all, Limit: int(quota.Value)})
	}
}

func (q *quotaCheck) vpcs(tags Tags) (int, error) {
	found, err := ec2.GetVpcs(q.ctx, &ec2.GetVpcsArgs{Tags: tags}, q.option)
	if err != nil {
		return 0, err
	}
	return len(found.Ids), nil
}

// balancers counts the load balancers of a type, which their ARNs tell.
func (q *quotaCheck) balancers(kind string) func(Tags) (int, error) {
	return func(tags Tags) (int, error) {
		found, err := lb.GetLbs(q.ctx, &lb.GetLbsArgs{Tags: tags}, q.option)
		if err != nil {
			return 0, err
		}
		count := 0
		for _, arn := range found.Arns {
			if strings.Contains(arn, kind) {
				count++
			}
		}
		return count, nil
	}
}
