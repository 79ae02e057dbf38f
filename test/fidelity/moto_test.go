package fidelity

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
)

// moto is a Moto server, called through botocore.
type moto struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
	// ids are the runs' IDs and ARNs, and what Moto calls the same.
	ids map[string]string
}

type apiError struct {
	Code, Message string
	Status        int
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d): %s", e.Code, e.Status, e.Message) }

func startMoto(t *testing.T) *moto {
	t.Helper()
	command := exec.Command(filepath.Join(pythonBase(t), "bin", "python3"), "moto_driver.py")
	command.Env = []string{"PATH=/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true"}
	in, err := command.StdinPipe()
	require.NoError(t, err)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	var said strings.Builder
	command.Stderr = &said
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		require.NoError(t, in.Close())
		require.NoError(t, command.Wait(), said.String())
	})
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 64<<20)
	return &moto{t, in, scanner, map[string]string{}}
}

// call makes an API call.
func (m *moto) call(account, operation string, params map[string]any) (map[string]any, *apiError) {
	m.t.Helper()
	service, name, _ := strings.Cut(operation, ".")
	request, err := json.Marshal(map[string]any{"service": service, "operation": name, "params": params, "account": account, "region": region})
	require.NoError(m.t, err)
	_, err = m.in.Write(append(request, '\n'))
	require.NoError(m.t, err)
	require.True(m.t, m.out.Scan(), "the driver ended: %v", m.out.Err())
	var reply struct {
		Answer map[string]any
		Error  *apiError
	}
	require.NoError(m.t, json.Unmarshal(m.out.Bytes(), &reply))
	return reply.Answer, reply.Error
}

// renamed is a value with Moto's IDs in place of the run's.
func (m *moto) renamed(v any) any {
	switch v := v.(type) {
	case string:
		// The longest first: an ARN may hold an ID.
		names := slices.Collect(maps.Keys(m.ids))
		sort.Slice(names, func(i, j int) bool { return len(names[i]) > len(names[j]) })
		for _, name := range names {
			v = strings.ReplaceAll(v, name, m.ids[name])
		}
		return v
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = m.renamed(v[i])
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, value := range v {
			object[name] = m.renamed(value)
		}
		return object
	}
	return v
}

// create makes the calls that create a resource, and remembers Moto's names.
func (m *moto) create(oracle *models, c created) (string, *apiError) {
	m.t.Helper()
	made, params, err := callsFor(c.Type, c.Inputs.Clone(), c.Outputs, c.ID)
	require.NoError(m.t, err)
	for i, tr := range made {
		api, shape := oracle.input(m.t, tr.operation)
		sent, _ := api.refusals(shape, m.renamed(params[i]), "")
		answer, failed := m.call(c.Account, tr.operation, sent.(map[string]any))
		if failed != nil {
			return tr.operation, failed
		}
		for output, path := range tr.answers {
			is := c.Outputs.Text(output)
			if output == "id" {
				is = c.ID
			}
			values, err := at(answer, segmentsOf(path), nil)
			require.NoError(m.t, err)
			if len(values) == 1 && len(is) > 3 {
				text, _ := values[0].value.(string)
				m.ids[is] = strings.TrimPrefix(text, "/hostedzone/")
			}
		}
	}
	return "", nil
}

// giveMethod gives an API a method, without which no deployment of it is made.
func (m *moto) giveMethod(c created) {
	m.t.Helper()
	api := map[string]any{"restApiId": m.ids[c.ID]}
	answer, failed := m.call(c.Account, "apigateway.GetResources", api)
	require.Nil(m.t, failed)
	root, err := at(answer, segmentsOf("items[0].id"), nil)
	require.NoError(m.t, err)
	api["resourceId"], api["httpMethod"] = root[0].value, "ANY"
	integration := maps.Clone(api)
	api["authorizationType"], integration["type"] = "NONE", "MOCK"
	_, failed = m.call(c.Account, "apigateway.PutMethod", api)
	require.Nil(m.t, failed)
	_, failed = m.call(c.Account, "apigateway.PutIntegration", integration)
	require.Nil(m.t, failed)
}

// existingBefore are the resources that the accounts had before the first up and
// that the run's refer to, as if they had been created.
func (r *run) existingBefore() []created {
	known := map[string]bool{}
	for _, c := range r.created {
		known[c.Type+c.ID] = true
	}
	var before []created
	for _, kind := range []string{
		"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/vpcEndpoint:VpcEndpoint",
		"aws:acm/certificate:Certificate", "aws:route53/zone:Zone", "aws:apigateway/restApi:RestApi",
	} {
		for _, existing := range r.accounts.Resources(awssim.Filter{Type: kind}) {
			if !known[kind+existing.ID] && !existing.Hidden.Flag("belongsToVPC") {
				inputs := r.accounts.Catalog.Types[kind].InputsOf(existing.Properties, nil)
				before = append(before, created{"existing " + existing.ID, kind, existing.Account, existing.Region, existing.ID, inputs, existing.Properties})
			}
		}
	}
	return before
}

// TestMotoTakesTheCallsOfARunAndShowsWhatWasMeant makes the calls of whole runs
// to a Moto server, over HTTP, and reads the resources back.
func TestMotoTakesTheCallsOfARunAndShowsWhatWasMeant(t *testing.T) {
	oracle := loadModels(t)
	for _, name := range judged() {
		t.Run(name, func(t *testing.T) {
			r := runOf(t, name)
			server := startMoto(t)
			var refused []string
			count, lacking := 0, map[string]bool{}
			failed := func(c created, operation string, err *apiError) {
				if motoLacks[operation] {
					lacking[operation] = true
				} else if motoDiffers[operation] == "" {
					refused = append(refused, fmt.Sprintf("%s: %s: %v", c.URN, operation, err))
				}
			}
			for _, c := range slices.Concat(r.existingBefore(), r.created) {
				if translations[c.Type] == nil {
					continue
				}
				if operation, err := server.create(oracle, c); err != nil {
					failed(c, operation, err)
					continue
				}
				count++
				if c.Type == "aws:apigateway/restApi:RestApi" {
					server.giveMethod(c)
				}
				if wrong, operation, err := server.differences(c); err != nil {
					failed(c, operation, err)
				} else {
					refused = append(refused, wrong...)
				}
			}
			require.Empty(t, refused)
			require.Greater(t, count, 50)
			t.Logf("%d resources were created; Moto has no %v", count, slices.Sorted(maps.Keys(lacking)))
		})
	}
}

// differences is what Moto shows of a resource otherwise than the run meant it.
func (m *moto) differences(c created) (wrong []string, operation string, failure *apiError) {
	m.t.Helper()
	reading, ok := readings[c.Type]
	if !ok {
		return nil, "", nil
	}
	named := translation{operation: reading.operation, members: reading.members, constant: reading.constant}
	params, err := named.parameters(c.Inputs.Clone(), c.Outputs, c.ID)
	require.NoError(m.t, err)
	answer, failure := m.call(c.Account, reading.operation, m.renamed(params).(map[string]any))
	if failure != nil {
		return nil, reading.operation, failure
	}
	if only, more := asked[c.Type]; more {
		list, _ := answer[only.list].([]any)
		answer[only.list] = slices.DeleteFunc(list, func(v any) bool {
			one, _ := v.(map[string]any)
			return one[only.member] != c.Inputs[only.input]
		})
	}
	for _, input := range slices.Sorted(maps.Keys(reading.shows)) {
		meant, err := at(map[string]any(c.Inputs), segmentsOf(input), nil)
		require.NoError(m.t, err)
		if len(meant) == 0 || empty(meant[0].value) {
			continue
		}
		shown, err := at(answer, segmentsOf(reading.shows[input]), nil)
		require.NoError(m.t, err)
		if diff := cmp.Diff(texts(m, meant), texts(nil, shown)); diff != "" {
			wrong = append(wrong, fmt.Sprintf("%s: %s (-meant +shown):\n%s", c.URN, input, diff))
		}
	}
	return wrong, "", nil
}

// texts is values in a form in which they can be compared: sorted, documents by
// meaning.
func texts(m *moto, values []found) []string {
	var all []string
	for _, f := range values {
		v := f.value
		if m != nil {
			v = m.renamed(v)
		}
		if text, ok := v.(string); ok {
			var document any
			if strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &document) == nil {
				v = document
			} else {
				v = strings.TrimSuffix(strings.ReplaceAll(text, `\052`, "*"), ".")
			}
		}
		data, _ := json.Marshal(v) // it was read from JSON
		all = append(all, strings.Trim(string(data), `"`))
	}
	slices.Sort(all)
	return all
}
