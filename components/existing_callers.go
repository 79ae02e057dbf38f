package components

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
)

// Callers are what opens connections to an existing endpoint, or to existing tasks.
type Callers string

// The callers.
const (
	// ProxyTasks are the tasks of the proxy.
	ProxyTasks Callers = "the proxy's tasks"
	// LoadBalancerItself is the load balancer, in front of an endpoint or of the tasks.
	LoadBalancerItself Callers = "the load balancer"
	// AnyCaller is who the owner admits.
	AnyCaller Callers = "any caller"
)

// createdGroups end the names of the security groups that NewSecurityGroups creates,
// by their members.
var createdGroups = map[Callers]string{ProxyTasks: "-tasks", LoadBalancerItself: "-load-balancer"}

// ExistingGroup is a security group that exists and is given to the proxy's endpoint
// or to its tasks. It may admit one other group alone.
type ExistingGroup struct {
	// ID is the group. Required.
	ID string
	// Callers are who it may admit: ProxyTasks where it is the endpoint's,
	// LoadBalancerItself where it is the tasks'. Required.
	Callers Callers
	// CallersGroupID is the security group of these. Default: it is made by this
	// installation.
	CallersGroupID string
}

// check is what the group is held to.
func (g ExistingGroup) check() callerCheck {
	if g.Callers == ProxyTasks {
		return tasksAlone([]string{g.ID}, nil, g.CallersGroupID)
	}
	return tellsCallersAlone(g.ID, nil, g.CallersGroupID)
}

// checkAlone refuses what existing security groups admit beside one group. The answer
// decides on who may call: a preview goes on without it, and an update does not.
func (c *vpcCheck) checkAlone(k callerCheck, members Callers) {
	all, err := k.callers(c.ctx, c.option)
	switch {
	case err != nil && c.ctx.DryRun():
		c.NotAsked = append(c.NotAsked, k.notRead(err))
	case err != nil:
		c.Errors = append(c.Errors, err)
	}
	for _, caller := range all {
		if caller.isGroup && (caller.source == k.known || k.known == "" && c.mayBeCreated(caller.source, members)) {
			continue
		}
		c.Errors = append(c.Errors, k.refuse(caller))
	}
}

// mayBeCreated reports whether a security group is the one of the callers that this
// installation has created; true also where that is not known.
func (c *vpcCheck) mayBeCreated(id string, members Callers) bool {
	found, err := ec2.LookupSecurityGroup(c.ctx, &ec2.LookupSecurityGroupArgs{Id: &id}, c.option)
	switch {
	case err == nil:
		return c.isOwn(found.Tags) && strings.HasSuffix(found.Tags["Name"], createdGroups[members])
	case isNone(err):
		return false
	}
	c.notAsked("ec2:DescribeSecurityGroups", fmt.Sprintf("whether security group %s is that of %s", id, members), err)
	return true
}
