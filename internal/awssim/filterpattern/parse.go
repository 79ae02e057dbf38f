package filterpattern

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxLength is how many characters a pattern has at most, by PutMetricFilter's
// reference.
const maxLength = 1024

// Parse reads a JSON filter pattern: { SELECTOR OPERATOR VALUE }, joined by && and ||,
// of which && binds more closely, and parentheses.
func Parse(pattern string) (*Pattern, error) {
	if len(pattern) > maxLength {
		return nil, fmt.Errorf("the pattern has %d characters; CloudWatch Logs takes %d", len(pattern), maxLength)
	}
	trimmed := strings.TrimSpace(pattern)
	if !strings.HasPrefix(trimmed, "{") || !strings.HasSuffix(trimmed, "}") {
		return nil, fmt.Errorf("%q is no JSON pattern in braces, and no others are simulated", pattern)
	}
	p := &parser{rest: trimmed[1 : len(trimmed)-1]}
	root, err := p.or()
	if err == nil && p.skip() != "" {
		err = fmt.Errorf("%q is left over", p.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no pattern: %w", pattern, err)
	}
	return &Pattern{root}, nil
}

// ParseSelector reads a selector such as $.users[0].id.
func ParseSelector(selector string) (Selector, error) {
	p := &parser{rest: selector}
	s, err := p.selector()
	if err == nil && p.rest != "" {
		err = fmt.Errorf("%q is left over", p.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("%q is no selector: %w", selector, err)
	}
	return s, nil
}

type parser struct{ rest string }

// skip leaves spaces out, and is what is left.
func (p *parser) skip() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	return p.rest
}

// takes reports whether a token is next, and goes past it.
func (p *parser) takes(token string) bool {
	rest, ok := strings.CutPrefix(p.skip(), token)
	if ok {
		p.rest = rest
	}
	return ok
}

// take goes past what an expression finds at the beginning.
func (p *parser) take(expression *regexp.Regexp) (string, bool) {
	found := expression.FindString(p.rest)
	p.rest = p.rest[len(found):]
	return found, found != ""
}

func (p *parser) or() (expression, error) {
	var joined either
	for {
		e, err := p.and()
		if err != nil {
			return nil, err
		}
		if joined = append(joined, e); !p.takes("||") {
			return joined, nil
		}
	}
}

func (p *parser) and() (expression, error) {
	var joined both
	for {
		e, err := p.one()
		if err != nil {
			return nil, err
		}
		if joined = append(joined, e); !p.takes("&&") {
			return joined, nil
		}
	}
}

func (p *parser) one() (expression, error) {
	if !p.takes("(") {
		return p.comparison()
	}
	e, err := p.or()
	if err == nil && !p.takes(")") {
		err = fmt.Errorf("a parenthesis is not closed before %q", p.rest)
	}
	return e, err
}

var (
	propertyName = regexp.MustCompile(`^[A-Za-z0-9_-]+`)
	elementIndex = regexp.MustCompile(`^[0-9]{1,9}`)
	stateWords   = regexp.MustCompile(`^(?:IS\s+(?:NULL|TRUE|FALSE)|NOT\s+EXISTS)\b`)
	operators    = regexp.MustCompile(`^(?:!=|>=|<=|=|>|<)`)
	numberForm   = regexp.MustCompile(`^[+-]?(?:[0-9]+(?:\.[0-9]+)?)(?:e[+-]?[0-9]+)?$`)
	quotedString = regexp.MustCompile(`^"(?:[^"\\]|\\["\\])*"`)
	// bareString has the characters of the page's examples without quotes: 123.123.*.
	bareString = regexp.MustCompile(`^[A-Za-z0-9_.*+-]+`)
)

func (p *parser) comparison() (expression, error) {
	selector, err := p.selector()
	if err != nil {
		return nil, err
	}
	p.skip()
	if words, ok := p.take(stateWords); ok {
		words = strings.Join(strings.Fields(words), " ")
		return state{selector, strings.TrimPrefix(words, "IS ")}, nil
	}
	operator, ok := p.take(operators)
	if !ok {
		return nil, fmt.Errorf("no operator is at the beginning of %q", p.rest)
	}
	p.skip()
	if quoted, ok := p.take(quotedString); ok {
		value := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
		return compareText(selector, operator, value)
	}
	value, ok := p.take(bareString)
	if !ok {
		return nil, fmt.Errorf("no value is at the beginning of %q", p.rest)
	}
	if numberForm.MatchString(value) {
		than, err := strconv.ParseFloat(value, 64)
		return number{selector, operator, than}, err
	}
	if strings.ContainsAny(value, "+-") {
		return nil, fmt.Errorf("%s has to be in double quotes", value)
	}
	return compareText(selector, operator, value)
}

// compareText is a comparison with a string. One with an empty string is not
// documented.
func compareText(selector Selector, operator, value string) (expression, error) {
	switch {
	case operator != "=" && operator != "!=":
		return nil, fmt.Errorf("%s compares numbers, and %q is none", operator, value)
	case value == "":
		return nil, fmt.Errorf("%s compares with an empty string, which CloudWatch Logs doesn't document", operator)
	}
	return text{selector, operator == "!=", value}, nil
}

func (p *parser) selector() (Selector, error) {
	if !p.takes("$") {
		return nil, fmt.Errorf("no selector, such as $.status, is at the beginning of %q", p.rest)
	}
	var s Selector
	for {
		switch {
		case strings.HasPrefix(p.rest, "."):
			p.rest = p.rest[1:]
			name, ok := p.take(propertyName)
			if !ok {
				return nil, fmt.Errorf("no name of a property is at the beginning of %q", p.rest)
			}
			s = append(s, step{name: name})
		case strings.HasPrefix(p.rest, "[") && len(s) > 0:
			p.rest = p.rest[1:]
			digits, ok := p.take(elementIndex)
			if !ok || !strings.HasPrefix(p.rest, "]") {
				return nil, fmt.Errorf("no number of an element and ] is at the beginning of %q", p.rest)
			}
			p.rest = p.rest[1:]
			element, err := strconv.Atoi(digits)
			if err != nil {
				return nil, err
			}
			s = append(s, step{element: element})
		case len(s) == 0:
			return nil, fmt.Errorf("no property is behind $, at %q", p.rest)
		default:
			return s, nil
		}
	}
}
