package page

// Page is what a page shows. Parts that are empty are left out.
type Page struct {
	// Kind is the heading: "Rehearsal" or "Preview".
	Kind string
	// Environment and Mapping are the environment's name and the mapping's path.
	Environment, Mapping string
	// Since is the revision that the environment is compared with; empty: none.
	Since string
	// OK decides the colour of the verdict.
	OK bool
	// Verdict is what came out, a sentence without its full stop.
	Verdict string
	// Figures are the numbers at the top.
	Figures []Figure
	// Findings are what is wrong, or should be watched.
	Findings []Finding
	Stacks   []Stack
	// Ahead are the steps that follow an update, a sentence for each.
	Ahead []string
	// Tables are further lists of what changes.
	Tables []Table
	// Balancer is the type of the proxy's load balancers: ALB or NLB.
	Balancer string
	Rows     []Row
	Probes   []Probe
	Policies []Policy
	// PoliciesNote says what the policies leave out.
	PoliciesNote string
	Limits       []Limit
	Bill         []BillItem
	// BillNote says which prices the bill has, and what it leaves out.
	BillNote string
	// Notes end the page.
	Notes []string
	// Version is the program's.
	Version string
}

// Figure is a number with its name.
type Figure struct {
	Name, Value string
	// Bad shows the number as one that is wrong.
	Bad bool
}

// Finding is something that is wrong, or that a reader should know.
type Finding struct {
	// Wrong tells what is wrong from what is to be watched.
	Wrong   bool
	Subject string
	Text    string
	// Fix is what to do; empty: nothing is known.
	Fix string
}

// Stack is the outcome of a stack's run.
type Stack struct {
	Name, Account string
	Resources     int
	// Seconds is the wall time.
	Seconds float64
	// Outcome is what changed, or that nothing was run.
	Outcome string
	// Error is why the run failed; empty: it did not.
	Error string
}

// Table is a list of its own. Each of Lines has a cell for each of Head.
type Table struct {
	Title, Note string
	Head        []string
	Lines       [][]string
}

// Row is a row of the mapping.
type Row struct {
	// Number is the row's place in the mapping, from 1. 0: the row is gone from it.
	Number int
	// Place is its file and line.
	Place                    string
	Host, BasePath           string
	API, Stage, Path, Region string
	// Account is the number, with its name if the mapping has one; empty: the row
	// names none.
	Account                  string
	Team, Owner, Description string
	// Methods is nil if every verb is allowed.
	Methods []string
	// FrontDoor is nginx, alb or native.
	FrontDoor string
	// Seconds is how long an answer may take.
	Seconds int
	// Zone is the private hosted zone, and Certificate the name in a load balancer's
	// certificate that covers the host; empty: there is none.
	Zone, Certificate string
	Retired           bool
	// Change is what becomes of the row: "added"; empty: nothing. Was is where it led
	// before, and Differences what else differs.
	Change, Was string
	Differences []string
}

// Probe is a question to the data path and its answer.
type Probe struct {
	// Row is the Number of the row that it is about; 0: it is about none.
	Row                                  int
	Name, Method, URL, Want, Got, Detail string
	OK                                   bool
	// Step is the step of the path that it shows: one of the Step constants.
	Step Step
}

// Step is a step of a request's path, by which probes are drawn into pictures.
type Step string

// The steps, of which each front door has some.
const (
	StepName     Step = "name"
	StepBalancer Step = "balancer"
	StepProxy    Step = "proxy"
	StepEndpoint Step = "endpoint"
	StepDomain   Step = "domain"
	StepAPI      Step = "api"
)

// Policy is the resource policy of an API before and after.
type Policy struct {
	Account, API, Region string
	// Size, Before and Max are in characters, as API Gateway counts them. Before and
	// Size are 0 for a policy that is absent.
	Before, Size, Max int
	// Note says what the lines don't show.
	Note string
	// Lines are the policy's, each after one of " ", "+" and "-".
	Lines []string
}

// Limit is how much of a quota is used.
type Limit struct {
	What string
	// Compared reports that Before is known.
	Compared          bool
	Before, Used, Max int
	// Of has the limit; empty: the environment.
	Of string
}

// Near reports whether at least four fifths of the quota are used.
func (l Limit) Near() bool { return 5*l.Used >= 4*l.Max }

// BillItem is a line of what the environment costs a month.
type BillItem struct {
	What, For string
	Count     int
	USD       float64
}
