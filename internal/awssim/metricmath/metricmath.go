// Package metricmath evaluates expressions of CloudWatch's metric math, as far as
// alarms here use them: numbers, IDs of metrics, arithmetic, comparisons, AND, OR, IF
// and FILL. What else there is is refused as not simulated.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
package metricmath

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Expression is a parsed expression.
type Expression struct {
	root node
	ids  []string
}

// IDs are those of the metrics that the expression reads, in the order of their
// first use.
func (e *Expression) IDs() []string { return slices.Clone(e.ids) }

// At is the expression's value at one time, from the values that metrics have then;
// exists is false where a metric that it needs has none, or where it divides by zero.
func (e *Expression) At(values map[string]float64) (value float64, exists bool) {
	return e.root(values)
}

// node is a part of an expression: its value, if there is one.
type node func(values map[string]float64) (float64, bool)

// Parse reads an expression.
func Parse(expression string) (*Expression, error) {
	p := &parser{rest: expression}
	root, err := p.binary(0)
	if err == nil && p.skip() != "" {
		err = fmt.Errorf("%q is left over", p.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no expression of metric math: %w", expression, err)
	}
	return &Expression{root, p.ids}, nil
}

type parser struct {
	rest string
	ids  []string
}

func (p *parser) skip() string {
	p.rest = strings.TrimLeft(p.rest, " \t\n")
	return p.rest
}

func (p *parser) takes(token string) bool {
	rest, ok := strings.CutPrefix(p.skip(), token)
	if ok {
		p.rest = rest
	}
	return ok
}

// levels are the operators, from those that bind least to those that bind most.
var levels = [][]string{
	{"||", "OR "}, {"&&", "AND "}, {"==", "!=", "<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/"},
}

func (p *parser) binary(level int) (node, error) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for {
		i := slices.IndexFunc(levels[level], p.takes)
		if i < 0 {
			return left, nil
		}
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		left = apply(levels[level][i], left, right)
	}
}

// apply has no value where one of its operands has none.
func apply(operator string, left, right node) node {
	return func(values map[string]float64) (float64, bool) {
		a, known := left(values)
		b, alsoKnown := right(values)
		if !known || !alsoKnown || operator == "/" && b == 0 {
			return 0, false
		}
		return calculate(operator, a, b), true
	}
}

func calculate(operator string, a, b float64) float64 {
	switch operator {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	case "<":
		return truth(a < b)
	case ">":
		return truth(a > b)
	case "<=":
		return truth(a <= b)
	case ">=":
		return truth(a >= b)
	case "==":
		return truth(a == b)
	case "!=":
		return truth(a != b)
	case "&&", "AND ":
		return truth(a != 0 && b != 0)
	default:
		return truth(a != 0 || b != 0)
	}
}

func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

func (p *parser) unary() (node, error) {
	if !p.takes("-") {
		return p.operand()
	}
	operand, err := p.operand()
	if err != nil {
		return nil, err
	}
	return apply("-", constant(0), operand), nil
}

func constant(number float64) node {
	return func(map[string]float64) (float64, bool) { return number, true }
}

var (
	numberForm = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)?`)
	idForm     = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*`)
	callForm   = regexp.MustCompile(`^[A-Z_]+\(`)
)

func (p *parser) operand() (node, error) {
	if p.takes("(") {
		inner, err := p.binary(0)
		if err == nil && !p.takes(")") {
			err = fmt.Errorf("a parenthesis is not closed before %q", p.rest)
		}
		return inner, err
	}
	p.skip()
	if call := callForm.FindString(p.rest); call != "" {
		p.rest = p.rest[len(call):]
		return p.call(strings.TrimSuffix(call, "("))
	}
	if id := idForm.FindString(p.rest); id != "" {
		p.rest = p.rest[len(id):]
		if !slices.Contains(p.ids, id) {
			p.ids = append(p.ids, id)
		}
		return func(values map[string]float64) (float64, bool) { value, ok := values[id]; return value, ok }, nil
	}
	digits := numberForm.FindString(p.rest)
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return nil, fmt.Errorf("neither a number nor an ID of a metric is at the beginning of %q", p.rest)
	}
	p.rest = p.rest[len(digits):]
	return constant(number), nil
}

// call reads a function's arguments: IF(condition, then, otherwise) and FILL(metric,
// number).
func (p *parser) call(function string) (node, error) {
	var arguments []node
	for {
		argument, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		if arguments = append(arguments, argument); p.takes(",") {
			continue
		}
		if !p.takes(")") {
			return nil, fmt.Errorf("the arguments of %s are not closed before %q", function, p.rest)
		}
		break
	}
	switch {
	case function == "IF" && len(arguments) == 3:
		return func(values map[string]float64) (float64, bool) {
			condition, known := arguments[0](values)
			switch {
			case !known:
				return 0, false
			case condition != 0:
				return arguments[1](values)
			default:
				return arguments[2](values)
			}
		}, nil
	case function == "FILL" && len(arguments) == 2:
		return func(values map[string]float64) (float64, bool) {
			if value, known := arguments[0](values); known {
				return value, true
			}
			return arguments[1](values)
		}, nil
	}
	return nil, fmt.Errorf("%s with %d arguments is not simulated", function, len(arguments))
}
