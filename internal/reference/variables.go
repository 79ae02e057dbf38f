package reference

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/mapping"
)

// variables are what a vars.yaml says, checked.
type variables struct {
	// given are the names that have a value; see has.
	given map[string]bool

	environment, app string
	// environmentText and appText are the names as they were written.
	environmentText, appText string
	// createVPC is CREATE_VPC, or what EXTERNAL_VPC_ID says without it.
	createVPC         bool
	cidr              string
	publicSubnets     bool
	vpcID             string
	subnetIDs         []string
	loadBalancerGroup string
	endpointGroup     string
	tasksGroup        string
	endpointID        string
	loadBalancerType  string
	architecture      string
	image             string
	cpuPercent        int
	minimum, maximum  int
	// placeholders are the variables of an existing network whose values name
	// nothing, in a file that creates the network.
	placeholders []string
}

// has reports whether a variable has a value.
func (v *variables) has(name string) bool { return v.given[name] }

// names are the variables that some version of the reference reads.
var names = []string{
	"APP_ENVIRONMENT", "APP_NAME", "CREATE_VPC", "ELB_TYPE", "EXTERNAL_ALB_SG_ID", "EXTERNAL_ENDPOINT_SG_ID",
	"EXTERNAL_FARGATE_SG_ID", "EXTERNAL_PRIVATE_SUBNETS_ID", "EXTERNAL_VPC_ENDPOINT_ID", "EXTERNAL_VPC_ID",
	"PROXY_CONFIG_PATH", "PUBLIC_SUBNETS", "TASK_IMAGE", "TASK_IMAGE_TAG", "TASK_PLATFORM", "TASK_SCALE_CPU_PCT",
	"TASK_SCALE_MAX", "TASK_SCALE_MIN", "VPC_CIDR",
}

// The reference's defaults, by its README.
const (
	defaultEnvironment = "dev"
	defaultApp         = "reverse-proxy"
	defaultCIDR        = "10.0.0.0/16"
	defaultType        = "NLB"
	defaultMinimum     = 1
	defaultMaximum     = 4
	defaultPercent     = 80
)

// maxNameLength is how long app and environment may be together: the name of a
// load balancer has room for no more beside what Portico and Pulumi add.
const maxNameLength = 18

// varsReader reads a vars.yaml and collects its mistakes.
type varsReader struct {
	file   string
	values map[string]*yaml.Node
	paths  map[string]string
	errs   mapping.Errors
}

func readVariables(d Document) (*variables, mapping.Errors) {
	r := &varsReader{file: d.Name, values: map[string]*yaml.Node{}, paths: map[string]string{}}
	r.read(d.Data)
	v := r.variables()
	return v, sorted(r.errs)
}

func (r *varsReader) report(at *yaml.Node, path, message, fix string) {
	r.errs = append(r.errs, mistake(r.file, at, path, message, fix))
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// read finds the variables in the file: under VARIABLES, as a map or a list of
// maps, or at the top.
func (r *varsReader) read(data []byte) {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return
	} else if err != nil {
		at := &yaml.Node{}
		text := strings.TrimPrefix(err.Error(), "yaml: ")
		if match := yamlLine.FindStringSubmatch(text); match != nil {
			at.Line, _ = strconv.Atoi(match[1])
			text = strings.Replace(text, match[0], "", 1)
		}
		r.report(at, "", "the file is no YAML: "+text, "write NAME: value lines below VARIABLES")
		return
	}
	top := document.Content[0]
	if isNull(top) {
		return
	}
	if top.Kind != yaml.MappingNode {
		r.report(top, "", "the file is "+kind(top)+" where a map belongs", "write NAME: value lines below VARIABLES")
		return
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], target(top.Content[i+1])
		if !strings.EqualFold(key.Value, "VARIABLES") {
			r.variable(key, value, "")
			continue
		}
		switch {
		case value.Kind == yaml.MappingNode:
			r.variablesOf(value, "VARIABLES")
		case value.Kind == yaml.SequenceNode:
			for n, item := range value.Content {
				r.item(target(item), fmt.Sprintf("VARIABLES[%d]", n))
			}
		case !isNull(value):
			r.report(value, "VARIABLES", "is "+kind(value)+" where the variables belong", "write NAME: value lines")
		}
	}
}

func (r *varsReader) item(item *yaml.Node, path string) {
	switch {
	case item.Kind == yaml.MappingNode:
		r.variablesOf(item, path)
	case !isNull(item):
		r.report(item, path, "is "+kind(item)+" where a map belongs", "write NAME: value lines")
	}
}

func (r *varsReader) variablesOf(m *yaml.Node, path string) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		r.variable(m.Content[i], target(m.Content[i+1]), path)
	}
}

// variable notes one variable. The CDK writes their names in capitals, and
// Terraform in small letters.
func (r *varsReader) variable(key, value *yaml.Node, path string) {
	name := strings.ToUpper(key.Value)
	if path != "" {
		path += "."
	}
	path += key.Value
	if !slices.Contains(names, name) {
		fix := "take it out"
		if near := nearestName(name); near != "" {
			fix = "did you mean " + near + "?"
		}
		r.report(key, path, "the reference reads no such variable", fix)
		return
	}
	if first, twice := r.values[name]; twice {
		r.report(key, path, fmt.Sprintf("set on line %d already", first.Line), "keep one")
		return
	}
	r.values[name], r.paths[name] = value, path
}

// nearestName is the variable that a misspelt name probably means: one that
// begins with it, or the one with the fewest letters changed.
func nearestName(name string) string {
	nearest, distance := "", 2+len(name)/4
	for _, known := range names {
		if strings.HasPrefix(known, name) {
			return known
		}
		if d := levenshtein.ComputeDistance(name, known); d < distance {
			nearest, distance = known, d
		}
	}
	return nearest
}

// target follows an alias.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// isNull reports whether a value means none. The reference hands its
// variables through a shell, where "null" and "" are what is left of nothing.
func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.ShortTag() == "!!null" || slices.Contains([]string{"", "null", "NULL", "None"}, strings.TrimSpace(n.Value)))
}

func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(n.Value)
}

// text is a variable's scalar value; "" where it has none.
func (r *varsReader) text(name string) (string, *yaml.Node) {
	n := r.values[name]
	switch {
	case n == nil || isNull(n):
		return "", nil
	case n.Kind != yaml.ScalarNode:
		r.wrong(name, "is "+kind(n)+" where one value belongs", "write one value")
		return "", nil
	}
	return strings.TrimSpace(n.Value), n
}

func (r *varsReader) wrong(name, message, fix string) {
	r.report(r.values[name], r.paths[name], message, fix)
}

func (r *varsReader) flag(name string, otherwise bool) bool {
	text, n := r.text(name)
	if n == nil {
		return otherwise
	}
	switch strings.ToLower(text) {
	case "true":
		return true
	case "false":
		return false
	}
	r.wrong(name, strconv.Quote(text)+" is neither true nor false", "write true or false")
	return otherwise
}

func (r *varsReader) number(name string, otherwise, low, high int) int {
	text, n := r.text(name)
	if n == nil {
		return otherwise
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < low || number > high {
		r.wrong(name, strconv.Quote(text)+" is out of range", fmt.Sprintf("write a whole number from %d to %d", low, high))
		return otherwise
	}
	return number
}

func (r *varsReader) word(name, otherwise string, known map[string]string) string {
	text, n := r.text(name)
	if n == nil {
		return otherwise
	}
	if word, ok := known[strings.ToUpper(text)]; ok {
		return word
	}
	var words []string
	for _, word := range known {
		words = append(words, word)
	}
	slices.Sort(words)
	r.wrong(name, strconv.Quote(text)+" is unknown", "write "+strings.Join(slices.Compact(words), " or "))
	return otherwise
}

var notNamePart = regexp.MustCompile(`[^a-z0-9]+`)

// name reads a name in the form that Portico's names have: lower-case letters
// and digits, with single hyphens between them.
func (r *varsReader) name(name, otherwise string) (canonical, written string) {
	text, n := r.text(name)
	if n == nil {
		return otherwise, otherwise
	}
	canonical = strings.Trim(notNamePart.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if canonical == "" || canonical[0] < 'a' || canonical[0] > 'z' || canonical == "internal" && name == "APP_NAME" {
		r.wrong(name, strconv.Quote(text)+" makes no name", "write letters, digits and hyphens, beginning with a letter; not internal")
		return otherwise, text
	}
	return canonical, text
}

// id reads the ID of a resource of an existing network.
func (r *varsReader) id(v *variables, name, prefix string) string {
	text, n := r.text(name)
	if n == nil {
		return ""
	}
	if aws.IsResourceID(prefix, text) {
		return text
	}
	r.noID(v, name, n, r.paths[name], prefix)
	return ""
}

// noID notes a placeholder where the network is created anyway, and a mistake
// where the value is needed.
func (r *varsReader) noID(v *variables, name string, at *yaml.Node, path, prefix string) {
	if v.createVPC {
		if !slices.Contains(v.placeholders, name) {
			v.placeholders = append(v.placeholders, name)
		}
		return
	}
	r.report(at, path, kind(at)+" is not such an ID", "write "+prefix+"- and 8 or 17 hexadecimal digits, or write null")
}

// subnets reads EXTERNAL_PRIVATE_SUBNETS_ID: a list, or a text that holds one
// as the shell hands it on.
func (r *varsReader) subnets(v *variables) []string {
	const name = "EXTERNAL_PRIVATE_SUBNETS_ID"
	n := r.values[name]
	if n == nil || isNull(n) {
		return nil
	}
	var items []*yaml.Node
	switch n.Kind {
	case yaml.SequenceNode:
		items = n.Content
	case yaml.ScalarNode:
		for word := range strings.SplitSeq(strings.Trim(n.Value, "[] "), ",") {
			items = append(items, &yaml.Node{Kind: yaml.ScalarNode, Value: strings.Trim(word, `"' `), Line: n.Line, Column: n.Column})
		}
	default:
		r.wrong(name, "is a map where a list belongs", `write ["subnet-...", "subnet-..."]`)
		return nil
	}
	var ids []string
	for i, item := range items {
		switch item = target(item); {
		case item.Kind != yaml.ScalarNode:
			r.report(item, fmt.Sprintf("%s[%d]", r.paths[name], i), "is "+kind(item)+" where an ID belongs", "write subnet- and 8 or 17 hexadecimal digits")
		case isNull(item):
		case aws.IsResourceID("subnet", item.Value):
			if !slices.Contains(ids, item.Value) {
				ids = append(ids, item.Value)
			}
		default:
			r.noID(v, name, item, fmt.Sprintf("%s[%d]", r.paths[name], i), "subnet")
		}
	}
	return ids
}

// variables reads every variable.
func (r *varsReader) variables() *variables {
	v := &variables{given: map[string]bool{}}
	for name, n := range r.values {
		v.given[name] = !isNull(n) && (n.Kind != yaml.SequenceNode || len(n.Content) > 0)
	}
	v.environment, v.environmentText = r.name("APP_ENVIRONMENT", defaultEnvironment)
	v.app, v.appText = r.name("APP_NAME", defaultApp)
	if total := len(v.app) + len(v.environment); total > maxNameLength {
		at, path := r.longest("APP_NAME", "APP_ENVIRONMENT")
		r.report(at, path, fmt.Sprintf("%s-%s is too long for a load balancer's name", v.app, v.environment),
			fmt.Sprintf("write APP_NAME and APP_ENVIRONMENT of at most %d characters together", maxNameLength))
	}
	v.createVPC = r.flag("CREATE_VPC", !v.has("EXTERNAL_VPC_ID"))
	v.publicSubnets = r.flag("PUBLIC_SUBNETS", false)
	v.vpcID = r.id(v, "EXTERNAL_VPC_ID", "vpc")
	v.subnetIDs = r.subnets(v)
	v.loadBalancerGroup = r.id(v, "EXTERNAL_ALB_SG_ID", "sg")
	v.endpointGroup = r.id(v, "EXTERNAL_ENDPOINT_SG_ID", "sg")
	v.tasksGroup = r.id(v, "EXTERNAL_FARGATE_SG_ID", "sg")
	v.endpointID = r.id(v, "EXTERNAL_VPC_ENDPOINT_ID", "vpce")
	v.cidr = r.cidr(v)
	r.network(v)
	v.loadBalancerType = r.word("ELB_TYPE", defaultType, map[string]string{"ALB": "ALB", "NLB": "NLB"})
	v.architecture = r.word("TASK_PLATFORM", "ARM64", map[string]string{
		"ARM64": "ARM64", "LINUX/ARM64": "ARM64", "X86_64": "X86_64", "AMD64": "X86_64", "LINUX/AMD64": "X86_64",
	})
	v.image, _ = r.text("TASK_IMAGE")
	if tag, n := r.text("TASK_IMAGE_TAG"); n != nil {
		v.image += ":" + tag
	}
	if _, n := r.text("PROXY_CONFIG_PATH"); n == nil {
		v.given["PROXY_CONFIG_PATH"] = false
	}
	v.cpuPercent = r.number("TASK_SCALE_CPU_PCT", defaultPercent, 1, 100)
	v.minimum = r.number("TASK_SCALE_MIN", defaultMinimum, 1, 5000)
	v.maximum = r.number("TASK_SCALE_MAX", max(defaultMaximum, v.minimum), 1, 5000)
	if v.maximum < v.minimum {
		r.wrong("TASK_SCALE_MAX", fmt.Sprintf("%d is below TASK_SCALE_MIN, %d", v.maximum, v.minimum), "write the minimum or more")
	}
	return v
}

// longest is the place of the first of these variables that has a value.
func (r *varsReader) longest(names ...string) (*yaml.Node, string) {
	for _, name := range names {
		if n := r.values[name]; n != nil && !isNull(n) {
			return n, r.paths[name]
		}
	}
	return &yaml.Node{}, ""
}

// network reports what an existing network lacks.
func (r *varsReader) network(v *variables) {
	if v.createVPC {
		return
	}
	at, path := r.longest("CREATE_VPC", "EXTERNAL_VPC_ID")
	if !v.has("EXTERNAL_VPC_ID") {
		r.report(at, path, "the VPC is not created, and EXTERNAL_VPC_ID names none", "write EXTERNAL_VPC_ID, or CREATE_VPC: true")
	}
	if len(v.subnetIDs) >= 2 || r.mentions("EXTERNAL_PRIVATE_SUBNETS_ID") {
		return
	}
	if n := r.values["EXTERNAL_PRIVATE_SUBNETS_ID"]; n != nil {
		at, path = n, r.paths["EXTERNAL_PRIVATE_SUBNETS_ID"]
	}
	r.report(at, path, fmt.Sprintf("%d private subnets of the existing VPC are named", len(v.subnetIDs)),
		"write at least two in EXTERNAL_PRIVATE_SUBNETS_ID, each in a zone of its own")
}

// mentions reports whether a mistake of a variable was reported already.
func (r *varsReader) mentions(name string) bool {
	return slices.ContainsFunc(r.errs, func(e *mapping.Error) bool {
		return r.paths[name] != "" && strings.HasPrefix(e.Path, r.paths[name])
	})
}

// cidr reads VPC_CIDR, from /16 to /23: a smaller VPC has no room for two
// subnets with Portico's endpoints, a larger one AWS doesn't make.
func (r *varsReader) cidr(v *variables) string {
	text, n := r.text("VPC_CIDR")
	if n == nil || !v.createVPC {
		return defaultCIDR
	}
	cidr, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !cidr.Addr().Is4():
		r.wrong("VPC_CIDR", strconv.Quote(text)+" is not an IPv4 range", "write it in CIDR notation, for instance 10.0.0.0/16")
	case cidr != cidr.Masked():
		r.wrong("VPC_CIDR", text+" has host bits set", "write "+cidr.Masked().String())
	case cidr.Bits() < 16 || cidr.Bits() > 23:
		r.wrong("VPC_CIDR", fmt.Sprintf("a /%d doesn't fit", cidr.Bits()), "write a range from /16 to /23")
	}
	return text
}
