package resourcepolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Digest is the SHA-256 of what an environment has to do with in a policy, in
// hexadecimal. It leaves out the statements of other named environments, and in the list
// of endpoints that all environments keep those that others alone admit: so another
// environment's update leaves it as it is, while the loss of a statement, and a change of
// the owner's, doesn't. It is the same for every order of the policy's sets: of those that
// Merge writes and of their Canonical form.
func Digest(policy []byte, app, environment string) string {
	return digestFor(policy, environmentTag(app, environment))
}

// Recorded is a digest with the environment that it is of, for HasDigest.
func Recorded(digest, app, environment string) string {
	return digest + digestSeparator + environmentTag(app, environment)
}

const digestSeparator = "/"

// HasDigest reports whether a policy has the digest that is recorded. Of a digest alone it
// isn't known of which environment it is: it may be of any that has statements in the
// policy, or of one that has none.
func HasDigest(policy []byte, recorded string) bool {
	digest, tag, known := strings.Cut(recorded, digestSeparator)
	if known {
		return digestFor(policy, tag) == digest
	}
	tags := map[string]bool{"": true}
	if doc, err := parseDocument(policy, ""); err == nil {
		for _, members := range doc.canonical(API{}).statements {
			if _, id, ok := written(members); ok {
				tags[id.tag] = true
			}
		}
	}
	for tag := range tags {
		if digestFor(policy, tag) == digest {
			return true
		}
	}
	return false
}

func digestFor(policy []byte, tag string) string {
	// The ARNs are in full already, so that no API is needed.
	if doc, err := parseDocument(policy, ""); err == nil {
		policy = doc.canonical(API{}).withoutOthers(tag)
	}
	sum := sha256.Sum256(policy)
	return hex.EncodeToString(sum[:])
}

// withoutOthers writes a canonical document as if there were no other named environments.
func (d document) withoutOthers(tag string) []byte {
	own := document{members: d.members}
	var others division
	var admitted []string // by this environment
	var shared []statement
	granting := false
	for _, members := range d.statements {
		s, id, ok := written(members)
		switch {
		case ok && id.tag != "" && id.tag != tag:
			others.others = map[string][]statement{"": append(others.others[""], s)}
			continue
		case ok && id.shared():
			shared = append(shared, s)
			continue
		case ok && s.Effect == "Allow":
			admitted = append(admitted, s.endpoints()...)
			granting = granting || id.kind != allowEndpointsKind
		}
		own.statements = append(own.statements, members)
	}
	foreign := slices.DeleteFunc(others.endpoints(), func(id string) bool { return slices.Contains(admitted, id) })
	for i := range shared {
		shared[i] = shared[i].ofOne(foreign, granting)
	}
	return own.encode(shared)
}

// ofOne is the statement of all environments as one writes it that is alone: without the
// endpoints of others, and of the kind that follows from whether it has rows.
func (s statement) ofOne(foreign []string, granting bool) statement {
	listed := slices.DeleteFunc(slices.Clone(s.Condition["StringNotEquals"][sourceVPCE]), func(id string) bool {
		return slices.Contains(foreign, id)
	})
	kind := retiredKind
	if granting {
		kind = denyEndpointsKind
	}
	id, _ := parseSid(s.Sid)
	id.kind = kind
	s.Sid, s.Condition = id.String(), nil
	if len(listed) > 0 {
		s.Condition = conditions{"StringNotEquals": {sourceVPCE: listed}}
	}
	return s
}

const deploymentPrefix = "Portico: resource policy sha256:"

// DeploymentDescription is the description of a deployment that publishes a policy
// of a digest. No call of API Gateway reads the policy with which a stage was
// deployed; by the description it can be compared with the saved one.
func DeploymentDescription(digest string) string { return deploymentPrefix + digest }

// DeployedDigest is the digest in a deployment's description; false: the
// deployment is not Portico's.
func DeployedDigest(description string) (string, bool) {
	return strings.CutPrefix(description, deploymentPrefix)
}
