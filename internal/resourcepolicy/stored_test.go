package resourcepolicy

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// asStored spells a policy as API Gateway hands it back: names and sets in any
// order, lists of one as the bare value, short ARNs in full, accounts as their
// root's ARN, and all of it escaped once more.
func asStored(t require.TestingT, policy []byte, random *rand.Rand) []byte {
	if len(policy) == 0 {
		return nil
	}
	value, err := decodeExisting(policy, "")
	require.NoError(t, err)
	var out strings.Builder
	respell(&out, value, random, "")
	quoted, err := json.Marshal(out.String())
	require.NoError(t, err)
	return quoted[1 : len(quoted)-1]
}

func respell(out *strings.Builder, value any, random *rand.Rand, name string) {
	switch v := value.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		out.WriteString("{")
		for i, name := range names {
			if i > 0 {
				out.WriteString(",")
			}
			out.Write(encodeValue(name))
			out.WriteString(":")
			respell(out, v[name], random, name)
		}
		out.WriteString("}")
	case []any:
		if len(v) == 1 && name != "Statement" {
			respell(out, v[0], random, name)
			return
		}
		if texts(v) != nil && len(texts(v)) == len(v) {
			random.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		}
		out.WriteString("[")
		for i, item := range v {
			if i > 0 {
				out.WriteString(",")
			}
			respell(out, item, random, name)
		}
		out.WriteString("]")
	case string:
		if rest, ok := strings.CutPrefix(v, "execute-api:/"); ok && strings.HasSuffix(name, "Resource") {
			v = prefix + rest
		}
		if name == "AWS" && len(v) == 12 {
			v = "arn:aws:iam::" + v + ":root"
		}
		out.Write(encodeValue(v))
	default:
		out.Write(encodeValue(v))
	}
}

// ownersDocuments draws policies that people might have written.
func ownersDocuments() *rapid.Generator[[]byte] {
	set := func(values ...string) *rapid.Generator[any] {
		return rapid.Custom(func(t *rapid.T) any {
			list := rapid.SliceOfN(rapid.SampledFrom(values), 1, 3).Draw(t, "values")
			if len(list) == 1 && rapid.Bool().Draw(t, "bare") {
				return list[0]
			}
			return list
		})
	}
	statement := rapid.Custom(func(t *rapid.T) any {
		s := map[string]any{
			"Effect":   rapid.SampledFrom([]string{"Allow", "Deny"}).Draw(t, "effect"),
			"Action":   set("execute-api:Invoke", "execute-api:*").Draw(t, "action"),
			"Resource": set("execute-api:/*", "execute-api:/prod/GET/a&b", "*", prefix+"dev/*").Draw(t, "resource"),
		}
		if sid := rapid.SampledFrom([]string{"", "Mine", "PorticoAllow3", "PorticoDenyHosts", "PorticoNativeDenyDomains", "PorticoALBDeny"}).Draw(t, "sid"); sid != "" {
			s["Sid"] = sid
		}
		if rapid.Bool().Draw(t, "everybody") {
			s["Principal"] = "*"
		} else {
			s["Principal"] = map[string]any{"AWS": set("333333333333", "444444444444", "arn:aws:iam::333333333333:role/r").Draw(t, "principal")}
		}
		if rapid.Bool().Draw(t, "condition") {
			s["Condition"] = map[string]any{
				"StringNotEquals": map[string]any{"aws:SourceVpce": set(theirs, another).Draw(t, "endpoints")},
				"NumericLessThan": map[string]any{"aws:EpochTime": json.Number("1.50")},
			}
		}
		if rapid.Bool().Draw(t, "unknown") {
			s["Comment"] = []any{map[string]any{"b": nil, "a": true}, "x"}
		}
		return s
	})
	return rapid.Custom(func(t *rapid.T) []byte {
		if rapid.IntRange(0, 9).Draw(t, "empty") == 0 {
			return nil
		}
		d := map[string]any{"Statement": rapid.SliceOfN(statement, 0, 4).Draw(t, "statements")}
		if rapid.Bool().Draw(t, "version") {
			d["Version"] = rapid.SampledFrom([]string{"2012-10-17", "2008-10-17"}).Draw(t, "which version")
		}
		if rapid.Bool().Draw(t, "id") {
			d["Id"] = "owner's"
		}
		return encodeValue(d)
	})
}

func TestMergingAgainChangesNothingHoweverThePolicyIsHandedBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r := requests(0).Draw(t, "request")
		r.Existing = ownersDocuments().Draw(t, "existing")
		r.Form = rapid.SampledFrom([]DenyForm{DenyNotResource, DenyVerbs}).Draw(t, "form")
		first, err := Merge(r)
		require.NoError(t, err)

		for _, handedBack := range [][]byte{first.Policy, asStored(t, first.Policy, random)} {
			r.Existing = handedBack
			again, err := Merge(r)
			require.NoError(t, err)
			require.Equal(t, string(first.Policy), string(again.Policy))
			same, err := equivalent(first.Policy, handedBack, api)
			require.NoError(t, err)
			require.True(t, same)
			canonical, err := Canonical(handedBack, api)
			require.NoError(t, err)
			require.Equal(t, Digest(first.Policy, "", ""), Digest(canonical, "", ""), "the doctor compares digests")
		}
	})
}

// TestTheOwnersStatementsKeepTheirMeaningAndOrder compares them with what the
// owner wrote, spelt alike by a function of the test's.
func TestTheOwnersStatementsKeepTheirMeaningAndOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := requests(0).Draw(t, "request")
		r.Existing = ownersDocuments().Draw(t, "existing")
		result, err := Merge(r)
		require.NoError(t, err)
		want := statementsOf(t, r.Existing)
		require.Equal(t, want, statementsOf(t, result.Policy)[:len(want)])
		require.Equal(t, len(want), result.OwnerStatements)
	})
}

func statementsOf(t require.TestingT, policy []byte) []string {
	all := []string{}
	if len(policy) == 0 {
		return all
	}
	var d struct{ Statement []map[string]json.RawMessage }
	require.NoError(t, json.Unmarshal(policy, &d))
	for _, s := range d.Statement {
		spelt := map[string]any{}
		for name, raw := range s {
			spelt[name] = asSets(raw)
		}
		text, err := json.Marshal(spelt)
		require.NoError(t, err)
		all = append(all, string(text))
	}
	return all
}

// asSets spells every list of strings, and every string, as a sorted set of
// full ARNs; other values keep their bytes, numbers above all.
func asSets(raw json.RawMessage) any {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) == nil && members != nil {
		spelt := map[string]any{}
		for name, raw := range members {
			spelt[name] = asSets(raw)
		}
		return spelt
	}
	var list []string
	var text string
	switch {
	case json.Unmarshal(raw, &list) == nil:
	case json.Unmarshal(raw, &text) == nil:
		list = []string{text}
	default:
		return raw
	}
	for i, v := range list {
		v = strings.Replace(v, "execute-api:/", prefix, 1)
		if len(v) == 12 && strings.Trim(v, "0123456789") == "" {
			v = "arn:aws:iam::" + v + ":root"
		}
		list[i] = v
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func TestStatementsOfTheOwnerComeFirstWithNumbersAndUnknownNamesKept(t *testing.T) {
	r := request(Grant{Host: "a.example.com", Stage: "prod"})
	r.Existing = []byte(`{"Remark": {"z":1.0,"a":12345678901234567890}, "Statement": [
	  {"Note":"<b>","Resource":["execute-api:/z","execute-api:/a"],"Effect":"Deny","Sid":"Z","Principal":{"AWS":["333333333333"]},"Action":["execute-api:Invoke"],
	   "Condition":{"NumericLessThan":{"aws:EpochTime":1.50}}},
	  {"Effect":"Allow","Sid":"A","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}], "Id":"i", "Version":"2008-10-17"}`)
	result, err := Merge(r)
	require.NoError(t, err)
	want := `{"Version":"2008-10-17","Id":"i","Remark":{"a":12345678901234567890,"z":1.0},"Statement":[` +
		`{"Sid":"Z","Effect":"Deny","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"execute-api:Invoke","Resource":["` + prefix + `a","` + prefix + `z"],"Condition":{"NumericLessThan":{"aws:EpochTime":1.50}},"Note":"<b>"},` +
		`{"Sid":"A","Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"},` +
		`{"Sid":"PorticoAllow1",`
	require.Equal(t, want, string(result.Policy)[:len(want)])
}

// TestADigestKnowsNoOrderOfSets has what a property test found: rows whose paths begin
// alike may be written in another order than that of their ARNs.
func TestADigestKnowsNoOrderOfSets(t *testing.T) {
	r := Request{
		Partition: "aws", Region: "us-east-1", AccountID: "222222222222", APIID: "a1b2c3d4e5", VPCEndpointID: "vpce-0aaaaaaaaaaaaaaaa",
		NativeEndpointIDs: []string{"vpce-0ffffffffffffffff"}, MaxSize: 1 << 20, Form: DenyNotResource,
		Grants: []Grant{
			{Host: "a.example.com", Stage: "dev", Path: "/a", Source: "APIS[0]"},
			{Host: "a.example.com", Stage: "dev", Path: "/a!", Source: "APIS[1]"},
		},
	}
	merged, err := Merge(r)
	require.NoError(t, err)
	canonical, err := Canonical(merged.Policy, API{Partition: "aws", Region: r.Region, AccountID: r.AccountID, APIID: r.APIID})
	require.NoError(t, err)
	require.NotEqual(t, string(merged.Policy), string(canonical), "the order differs")
	require.Equal(t, Digest(merged.Policy, "", ""), Digest(canonical, "", ""))
}
