package resourcepolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// document is a policy document. Values are what encoding/json makes of them,
// numbers as json.Number.
type document struct {
	members    map[string]any // of the document, but for Statement
	statements []map[string]any
}

// The names of a document's and of a statement's elements, in the order in
// which they are written (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
var (
	documentElements  = []string{"Version", "Id", "Statement"}
	statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)

// parseDocument reads a policy as API Gateway holds it, hands it out, or as a
// person wrote it. An empty document, null and {} have no statements.
// apiID is the API whose policy it is, where that is known.
func parseDocument(data []byte, apiID string) (document, error) {
	value, err := decodeExisting(data, apiID)
	var doc document
	if err == nil && value != nil {
		doc, err = documentOf(value)
	}
	if err != nil {
		return document{}, &DocumentError{APIID: apiID, Reason: err.Error(), Begins: beginning(data), Err: err}
	}
	return doc, nil
}

// documentOf reads a decoded policy.
func documentOf(value any) (document, error) {
	members, ok := value.(map[string]any)
	if !ok {
		return document{}, errors.New("it is JSON but not an object, so not a policy")
	}
	if err := checkNames(members, documentElements); err != nil {
		return document{}, err
	}
	doc := document{members: members}
	list, present := members["Statement"]
	delete(members, "Statement")
	if !present {
		if name := foreignMember(members); name != "" {
			return document{}, fmt.Errorf("it has %q but no Statement, so it isn't a policy", name)
		}
		return doc, nil
	}
	var err error
	doc.statements, err = parseStatements(list)
	return doc, err
}

// parseStatements reads the value of Statement: a list, or one object.
func parseStatements(value any) ([]map[string]any, error) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	statements := make([]map[string]any, 0, len(list))
	for i, item := range list {
		s, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("Statement[%d] isn't an object", i)
		}
		if err := checkNames(s, statementElements); err != nil {
			return nil, fmt.Errorf("Statement[%d]: %w", i, err)
		}
		statements = append(statements, s)
	}
	return statements, nil
}

// checkNames refuses names that differ from an element's in case only: to
// take them for unknown would lose a statement, to take them for the element
// would be a guess.
func checkNames(members map[string]any, elements []string) error {
	for name := range members {
		for _, element := range elements {
			if name != element && strings.EqualFold(name, element) {
				return fmt.Errorf("the element %q has to be spelt %q", name, element)
			}
		}
	}
	return nil
}

// foreignMember names a member, the first in order, that no policy has.
func foreignMember(members map[string]any) string {
	var foreign []string
	for name := range members {
		if !slices.Contains(documentElements, name) {
			foreign = append(foreign, name)
		}
	}
	if len(foreign) == 0 {
		return ""
	}
	return slices.Min(foreign)
}

// maxDepth is deeper than any policy: a condition's values are at depth 6.
const maxDepth = 32

// decode decodes one JSON value. Unlike encoding/json it refuses a name that
// an object has twice, of which encoding/json would drop the first.
func decode(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	value, err := decodeValue(decoder, 0)
	if err != nil {
		return nil, fmt.Errorf("it isn't valid JSON: %w", unexpectedEnd(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it isn't valid JSON: more follows after the first value")
	}
	return value, nil
}

func decodeValue(decoder *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return decodeObject(decoder, depth)
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			item, err := decodeValue(decoder, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := decoder.Token()
		return list, err
	}
	return token, nil
}

func decodeObject(decoder *json.Decoder, depth int) (any, error) {
	members := map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("an object's name is %v", token)
		}
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("the name %q occurs twice in one object", name)
		}
		if members[name], err = decodeValue(decoder, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := decoder.Token()
	return members, err
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
