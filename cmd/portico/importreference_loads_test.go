package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/portico-iac/portico/accounts"
	"github.com/portico-iac/portico/internal/newfiles"
	"github.com/portico-iac/portico/internal/reference"
	"github.com/portico-iac/portico/mapping"
)

// TestWhatIsImportedLoads imports every input of the importer's corpus, and the
// reference's own samples where they are, and has Portico read what comes out.
func TestWhatIsImportedLoads(t *testing.T) {
	paths, err := filepath.Glob("../../internal/reference/testdata/import/*.txtar")
	require.NoError(t, err)
	loaded := 0
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		files := map[string][]byte{}
		for _, f := range archive.Files {
			files[f.Name] = f.Data
		}
		if _, wrong := files["errors"]; wrong {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			requireImportLoads(t, files["proxy-config.yaml"], files["vars.yaml"])
		})
		loaded++
	}
	require.Positive(t, loaded)
	t.Run("the reference's samples", func(t *testing.T) {
		const samples = "../../../shared/samples"
		proxyConfig, err := os.ReadFile(filepath.Join(samples, "reference-proxy-config.yaml"))
		if err != nil {
			t.Skipf("they are not there: %v", err)
		}
		vars, err := os.ReadFile(filepath.Join(samples, "reference-vars.yaml"))
		require.NoError(t, err)
		requireImportLoads(t, proxyConfig, vars)
	})
}

func requireImportLoads(t *testing.T, proxyConfig, vars []byte) {
	t.Helper()
	result, err := reference.Import(reference.Document{Name: "proxy-config.yaml", Data: proxyConfig}, reference.Document{Name: "vars.yaml", Data: vars})
	require.NoError(t, err)
	requireLoads(t, result)
}

// requireLoads wants Portico to take what was written: the mapping, and the
// settings of every stack.
func requireLoads(t *testing.T, result *reference.Result) {
	t.Helper()
	dir := t.TempDir()
	_, err := newfiles.Write(dir, result.Files)
	require.NoError(t, err)
	for _, f := range result.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		stack, isSettings := strings.CutPrefix(filepath.Base(path), "Pulumi.")
		if !isSettings {
			_, err := mapping.Load(path)
			require.NoError(t, err, string(f.Data))
			continue
		}
		program := accounts.SharedIn(filepath.Dir(path))
		if strings.HasPrefix(f.Name, "accounts/provider/") {
			program = accounts.ProviderIn(filepath.Dir(path))
		}
		requireConfigured(t, program, strings.TrimSuffix(stack, ".yaml"), f.Data)
	}
}

// requireConfigured runs a role's program until it has read its configuration
// and the mapping: then it registers or reads its first resource.
func requireConfigured(t *testing.T, program pulumi.RunFunc, stack string, settings []byte) {
	t.Helper()
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(settings, &file))
	config := map[string]string{}
	for key, value := range file.Config {
		text, isText := value.(string)
		if !isText {
			data, err := json.Marshal(value)
			require.NoError(t, err)
			text = string(data)
		}
		config[key] = text
	}
	m := &begun{own: "organization/portico/" + stack}
	err := pulumi.RunErr(program, pulumi.WithMocks("portico", stack, m), func(info *pulumi.RunInfo) { info.Config = config })
	require.ErrorContains(t, err, errBegun.Error(), string(settings))
	require.Positive(t, m.asked.Load(), "%v\n%s", err, settings)
}

var errBegun = errors.New("the program has begun")

// begun is an engine that refuses everything. The stack's own earlier outputs,
// which a program reads before it knows what to make, are not there yet.
type begun struct {
	own   string
	asked atomic.Int64
}

func (m *begun) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if args.TypeToken == "pulumi:pulumi:Stack" {
		return args.Name, args.Inputs, nil
	}
	m.asked.Add(1)
	return "", nil, errBegun
}

func (m *begun) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token == "pulumi:pulumi:readStackOutputs" && args.Args["name"].StringValue() == m.own {
		return nil, fmt.Errorf("unknown stack %q", m.own)
	}
	m.asked.Add(1)
	return nil, errBegun
}
