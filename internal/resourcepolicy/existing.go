package resourcepolicy

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// DocumentError says that an existing policy can't be read, so that merging
// into it could lose what its owner meant.
type DocumentError struct {
	APIID  string // empty: unknown
	Reason string
	// Begins is how the document begins.
	Begins string
	Err    error // of the JSON decoder; may be nil
}

func (e *DocumentError) Error() string {
	id := e.APIID
	if id == "" {
		id = "ID"
	}
	begins := ""
	if e.Begins != "" {
		begins = fmt.Sprintf(" (it begins with %q)", e.Begins)
	}
	return fmt.Sprintf("read existing resource policy: %s%s: give it as `aws apigateway get-rest-api --rest-api-id %s --query policy --output text` prints it, "+
		"and if that is what this is, correct or remove the API's policy first", e.Reason, begins, id)
}

func (e *DocumentError) Unwrap() error { return e.Err }

// maxWrappings bounds how often a policy may be quoted, escaped or wrapped. The
// AWS CLI's whole answer needs three: the answer, the string in it, the
// escaping that API Gateway stores policies with.
const maxWrappings = 6

// decodeExisting decodes an existing policy in any form in which the AWS CLI,
// an SDK or a shell hands it out:
//
//   - a JSON document;
//   - escaped, {\"Version\":\"2012-10-17\"…, as GetRestApi returns it and
//     --output text prints it, slashes escaped too
//     (hashicorp/terraform-provider-aws 4397, 4606);
//   - that as a JSON or YAML string, as --query policy prints it;
//   - the whole answer of get-rest-api in JSON or YAML, or of get-rest-apis;
//   - None, null, "" or nothing, where the API has no policy;
//   - with a byte order mark, CRLF line ends, or in UTF-16, as PowerShell writes
//     files.
//
// The value is nil where there is no policy.
func decodeExisting(data []byte, apiID string) (any, error) {
	text, err := decodeText(data)
	if err != nil {
		return nil, err
	}
	for range maxWrappings {
		text = strings.TrimSpace(text)
		switch text {
		case "", "null", "None":
			return nil, nil
		}
		value, err := decode([]byte(text))
		if err != nil {
			var ok bool
			if value, ok = unwrap(text); !ok {
				return nil, err // of the document as it was given
			}
		}
		if value, err = policyOf(value, apiID); err != nil {
			return nil, err
		}
		inner, isText := value.(string)
		if !isText {
			return value, nil
		}
		text = inner
	}
	return nil, fmt.Errorf("it is escaped more than %d times", maxWrappings)
}

// decodeText reads UTF-8 or, by its byte order mark, UTF-16.
func decodeText(data []byte) (string, error) {
	if rest, ok := bytes.CutPrefix(data, []byte{0xEF, 0xBB, 0xBF}); ok {
		data = rest
	}
	if rest, ok := bytes.CutPrefix(data, []byte{0xFF, 0xFE}); ok {
		return decodeUTF16(rest, binary.LittleEndian)
	}
	if rest, ok := bytes.CutPrefix(data, []byte{0xFE, 0xFF}); ok {
		return decodeUTF16(rest, binary.BigEndian)
	}
	if !utf8.Valid(data) {
		return "", errors.New("it isn't UTF-8")
	}
	return string(data), nil
}

func decodeUTF16(data []byte, order binary.ByteOrder) (string, error) {
	if len(data)%2 != 0 {
		return "", errors.New("it begins like UTF-16 and ends in half a character")
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units)), nil
}

// unwrap takes one layer of escaping off a text that isn't JSON, or reads a YAML
// string, or an answer of API Gateway's in YAML.
func unwrap(text string) (any, bool) {
	// Line ends stay line ends: JSON has them between its tokens only.
	lines := strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(text)
	var inner string
	if json.Unmarshal([]byte(`"`+lines+`"`), &inner) == nil && inner != text {
		return inner, true
	}
	var value any
	if strings.HasPrefix(text, "{") || yaml.Unmarshal([]byte(text), &value) != nil {
		return nil, false
	}
	switch v := value.(type) {
	case string:
		return v, v != text
	case map[string]any:
		_, isAnswer := policyIn(v)
		return v, isAnswer
	}
	return nil, value == nil
}

// policyOf finds the policy in what a document holds: the policy, or an answer
// of API Gateway's with the policy in it.
func policyOf(value any, apiID string) (any, error) {
	if list, ok := value.([]any); ok && len(list) == 1 {
		// --query "items[?id=='a1b2c3d4e5'].policy"; "[policy]" prints [null] of an API without a policy.
		if text, ok := list[0].(string); ok || list[0] == nil {
			return text, nil
		}
	}
	members, ok := value.(map[string]any)
	if !ok {
		return value, nil
	}
	if _, isPolicy := members["Statement"]; isPolicy {
		return value, nil
	}
	if items, ok := members["items"].([]any); ok {
		return policyAmong(items, apiID)
	}
	policy, ok := policyIn(members)
	if !ok {
		return value, nil
	}
	if id, ok := memberOf(members, "id"); ok && apiID != "" && id != apiID {
		return nil, fmt.Errorf("it is an answer about REST API %v and not about %s", id, apiID)
	}
	return policy, nil
}

// policyIn is the policy in an answer about one REST API, or in one that was
// cut down to the policy.
func policyIn(members map[string]any) (policy any, ok bool) {
	policy, has := memberOf(members, "policy")
	if has && len(members) == 1 {
		return policy, true
	}
	_, identified := memberOf(members, "id")
	_, named := memberOf(members, "name")
	_, dated := memberOf(members, "createdDate")
	return policy, identified && (has || named || dated)
}

// policyAmong finds the policy of an API in the answer of get-rest-apis.
func policyAmong(items []any, apiID string) (any, error) {
	for _, item := range items {
		if members, ok := item.(map[string]any); ok {
			if id, _ := memberOf(members, "id"); id == apiID {
				policy, _ := memberOf(members, "policy")
				return policy, nil
			}
		}
	}
	return nil, fmt.Errorf("it is a list of REST APIs without %s", apiID)
}

// memberOf finds a member by its name without regard to case: the AWS CLI writes
// "policy", other clients "Policy".
func memberOf(members map[string]any, name string) (any, bool) {
	if value, ok := members[name]; ok {
		return value, true
	}
	for key, value := range members {
		if strings.EqualFold(key, name) {
			return value, true
		}
	}
	return nil, false
}

// beginning is how a document begins, for a message.
func beginning(data []byte) string {
	const shown = 40
	text, err := decodeText(data)
	if err != nil {
		return ""
	}
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > shown {
		return string(runes[:shown]) + "…"
	}
	return string(runes)
}
