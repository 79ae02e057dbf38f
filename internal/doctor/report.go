package doctor

// Step is a part of a request's path.
type Step string

// The steps, in the order in which they are looked at.
const (
	StepMapping         Step = "mapping"
	StepName            Step = "name"
	StepZoneAssociation Step = "zone association"
	StepLoadBalancer    Step = "load balancer"
	StepListener        Step = "listener"
	StepCertificate     Step = "certificate"
	StepRule            Step = "rule"
	StepQuotas          Step = "quotas"
	StepTasks           Step = "tasks"
	StepSecurityGroups  Step = "security groups"
	StepTargetHealth    Step = "target health"
	StepEndpoint        Step = "endpoint"
	StepEndpointPolicy  Step = "endpoint policy"
	StepDomain          Step = "custom domain"
	StepAssociation     Step = "access association"
	StepDomainPolicy    Step = "domain policy"
	StepBasePath        Step = "base path mapping"
	StepAPI             Step = "API"
	StepStage           Step = "stage"
	StepPolicy          Step = "policy"
	StepDeployedPolicy  Step = "deployed policy"
)

// Report is what was found about a host. Its JSON form is a contract: fields are
// added, never renamed or removed.
type Report struct {
	// OK reports that nothing wrong was found. What could not be read may be wrong.
	OK   bool   `json:"ok"`
	Host string `json:"host"`
	// Causes are what is wrong: the first cause first, then what follows from it.
	Causes []Cause `json:"causes"`
	// Unread is what could not be looked at.
	Unread []Unread `json:"unread"`
}

// Cause is one thing that is wrong.
type Cause struct {
	Step Step `json:"step"`
	// Account is the 12-digit number; empty where the mapping is wrong.
	Account string `json:"account"`
	// Resource is the ID, the ARN or the name of what is wrong.
	Resource string `json:"resource"`
	Problem  string `json:"problem"`
	// Fix says what to do.
	Fix string `json:"fix"`
}

// Unread is a step that could not be looked at.
type Unread struct {
	Step Step   `json:"step"`
	Why  string `json:"why"`
}
