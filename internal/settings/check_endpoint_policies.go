package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// MaxEndpointPolicy is how many characters the policy of a VPC endpoint may have.
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
const MaxEndpointPolicy = 20480

// readPolicies reads the policies of endpoints from their files into Document, and
// reports the mistakes.
func (e *Endpoints) readPolicies(m *mistakes, read readFile, image Image) {
	for _, one := range []struct {
		key      string
		endpoint *APIEndpoint
	}{{"executeApi", &e.ExecuteAPI}, {"alb", &e.ALB}, {"native", &e.Native}} {
		key, c := "endpoints."+one.key+".policy", one.endpoint
		if !known(c.Policy) {
			continue
		}
		m.check(c.Endpoint() == (Endpoint{}), key, "the endpoint exists, and its policy is its owner's", "take it out, or id and lookup")
		if c.Policy == PolicyOfRows {
			m.check(image.URI == "", key, "the image is built already (image.uri), and which rows it serves isn't known", "write the path of a policy's file, or take image.uri out")
			continue
		}
		c.Document = readEndpointPolicy(m, key, read, c.Policy)
	}
}

// readEndpointPolicy is the policy of a file, without spaces; "" where it is none.
func readEndpointPolicy(m *mistakes, key string, read readFile, path string) string {
	const fix = "write " + PolicyOfRows + ", or the path of a JSON file relative to the project's directory"
	data, err := read(path)
	if err != nil {
		m.add(key, strconv.Quote(path)+" is no file that can be read", fix)
		return ""
	}
	var document struct{ Statement []struct{ Effect string } }
	if err := json.Unmarshal(data, &document); err != nil || len(document.Statement) == 0 {
		m.add(key, strconv.Quote(path)+" is no policy", "write a JSON object with a list of statements, Statement")
		return ""
	}
	for i, statement := range document.Statement {
		m.check(statement.Effect == "Allow" || statement.Effect == "Deny", key, fmt.Sprintf("statement %d of %s has the effect %q", i+1, path, statement.Effect), "write Allow or Deny")
	}
	var text bytes.Buffer
	if err := json.Compact(&text, data); err != nil {
		return ""
	}
	m.check(text.Len() <= MaxEndpointPolicy, key, fmt.Sprintf("%s has %d characters without spaces, and AWS takes %d", path, text.Len(), MaxEndpointPolicy), "write a shorter one")
	return text.String()
}
