package sbom_test

import (
	"bytes"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/sbom"
)

func archive() sbom.Archive {
	return sbom.Archive{Name: "portico_1.2.3_linux_arm64.tar.gz", SHA256: strings.Repeat("2c", 32), Build: &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "github.com/portico-iac/portico", Version: "v1.2.3"},
		Deps: []*debug.Module{
			{Path: "gopkg.in/yaml.v3", Version: "v3.0.1", Sum: "h1:fxVm/GzAzEWqLHuvctI91KS9hhNmmWOoWu0XTYJS7CA="},
			{Path: "github.com/Azure/go-ansiterm", Version: "v0.0.0-20250102033503-faa5f7b0171c"},
			{Path: "example.com/fork", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/ours", Version: "v1.0.1+incompatible"}},
		},
		Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "2026-11-28T15:10:26+01:00"}},
	}}
}

func TestTheDocumentOfAnArchiveNamesTheModulesOfItsProgram(t *testing.T) {
	data, err := sbom.WriteArchive(archive())
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	require.NoError(t, err)
	require.NoError(t, schema(t).Validate(document), "%s", data)
	p := parse(t, data)
	requireReferences(t, p, "SPDXRef-Archive")
	require.Equal(t, "2026-11-28T14:10:26Z", p.Creation.Created)

	require.Equal(t, strings.Repeat("2c", 32), p.Packages[0].Checksums[0].ChecksumValue)
	var locators []string
	for _, one := range p.Packages {
		locators = append(locators, one.ExternalRefs[0].ReferenceLocator)
	}
	require.Equal(t, []string{
		"pkg:golang/github.com/portico-iac/portico@v1.2.3",
		"pkg:golang/stdlib@1.26.8",
		"pkg:golang/example.com/ours@v1.0.1%2Bincompatible",
		"pkg:golang/github.com/azure/go-ansiterm@v0.0.0-20250102033503-faa5f7b0171c",
		"pkg:golang/gopkg.in/yaml.v3@v3.0.1",
	}, locators)
	require.Equal(t, "go.sum: h1:fxVm/GzAzEWqLHuvctI91KS9hhNmmWOoWu0XTYJS7CA=", p.Packages[4].Comment)

	again, err := sbom.WriteArchive(archive())
	require.NoError(t, err)
	require.Equal(t, data, again)
}

func TestTheDocumentOfAnArchiveHasNoTimeWhereNoneIsRecorded(t *testing.T) {
	given := archive()
	given.Build.Settings = nil
	data, err := sbom.WriteArchive(given)
	require.NoError(t, err)
	require.Equal(t, "1970-01-01T00:00:00Z", parse(t, data).Creation.Created)

	given.Build.Settings = []debug.BuildSetting{{Key: "vcs.time", Value: "yesterday"}}
	_, err = sbom.WriteArchive(given)
	require.ErrorContains(t, err, "write bill of materials of portico_1.2.3_linux_arm64.tar.gz: time of the commit")
}
