package sbom_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // as SPDX has it
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/sbom"
)

var (
	digest = "sha256:" + strings.Repeat("0a", 32)
	origin = sbom.Origin{Version: "v1.2.3", Created: time.Date(2026, 5, 4, 3, 2, 1, 0, time.FixedZone("", 3600))}
)

func image() sbom.Image {
	return sbom.Image{
		Base: "public.ecr.aws/nginx/nginx-unprivileged:1.30@" + digest, Dockerfile: "Dockerfile", ContextDigest: strings.Repeat("1b", 32),
		Files: []sbom.File{{"nginx.conf", []byte("events {}\n")}, {"Dockerfile", []byte("FROM x\n")}, {"entrypoint.sh", []byte("exec nginx\n")}, {"routes.conf", []byte("map {}\n")}, {"headers.conf", []byte("# none\n")}},
	}
}

func write(t *testing.T, image sbom.Image, origin sbom.Origin) []byte {
	t.Helper()
	data, err := sbom.Write(image, origin)
	require.NoError(t, err)
	return data
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open("testdata/spdx-2.3.schema.json")
	require.NoError(t, err)
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("spdx.json", document))
	compiled, err := compiler.Compile("spdx.json")
	require.NoError(t, err)
	return compiled
}

// parsed is a document as SPDX's readers see it.
type parsed struct {
	Namespace string `json:"documentNamespace"`
	Creation  struct {
		Created  string
		Creators []string
	} `json:"creationInfo"`
	Describes []string `json:"documentDescribes"`
	Packages  []struct {
		ID               string `json:"SPDXID"`
		Name             string
		VersionInfo      string
		FilesAnalyzed    bool
		VerificationCode struct {
			Value string `json:"packageVerificationCodeValue"`
		} `json:"packageVerificationCode"`
		Checksums    []struct{ Algorithm, ChecksumValue string }
		ExternalRefs []struct{ ReferenceLocator string }
		Comment      string
	}
	Files []struct {
		ID        string `json:"SPDXID"`
		FileName  string
		Checksums []struct{ Algorithm, ChecksumValue string }
	}
	Relationships []struct{ SpdxElementID, RelationshipType, RelatedSpdxElement string }
}

func parse(t *testing.T, data []byte) parsed {
	t.Helper()
	var p parsed
	require.NoError(t, json.Unmarshal(data, &p))
	return p
}

func TestTheDocumentIsSPDX(t *testing.T) {
	for name, base := range map[string]string{"by tag and digest": image().Base, "by digest": "nginx@" + digest, "by tag": "registry.example.com:5000/team/nginx:1.30"} {
		t.Run(name, func(t *testing.T) {
			given := image()
			given.Base = base
			data := write(t, given, origin)
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			require.NoError(t, err)
			require.NoError(t, schema(t).Validate(document), "%s", data)
			requireReferences(t, parse(t, data), "SPDXRef-Image")
		})
	}
}

// requireReferences holds that identifiers are unique, and relationships lead to
// elements that exist.
func requireReferences(t *testing.T, p parsed, described string) {
	t.Helper()
	elements := map[string]bool{"SPDXRef-DOCUMENT": true}
	add := func(id string) {
		require.Regexp(t, `^SPDXRef-[A-Za-z0-9.-]+$`, id)
		require.False(t, elements[id], id)
		elements[id] = true
	}
	for _, one := range p.Packages {
		add(one.ID)
	}
	for _, one := range p.Files {
		add(one.ID)
	}
	related := map[string]bool{}
	for _, r := range p.Relationships {
		require.True(t, elements[r.SpdxElementID], r.SpdxElementID)
		require.True(t, elements[r.RelatedSpdxElement], r.RelatedSpdxElement)
		related[r.SpdxElementID], related[r.RelatedSpdxElement] = true, true
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(elements)), slices.Collect(maps.Keys(related)), "every element has its place")
	require.Equal(t, []string{described}, p.Describes)
}

func TestTheDocumentHasEachFilesHashesAndTheBase(t *testing.T) {
	p := parse(t, write(t, image(), origin))
	sums := map[string]string{}
	for _, f := range p.Files {
		require.Equal(t, "SHA256", f.Checksums[1].Algorithm)
		sums[f.FileName] = f.Checksums[0].ChecksumValue
	}
	want := map[string]string{}
	var added []string
	for _, f := range image().Files {
		sum := fmt.Sprintf("%x", sha1.Sum(f.Data)) //nolint:gosec // as SPDX has it
		if want["./"+f.Name] = sum; f.Name != "Dockerfile" {
			added = append(added, sum)
		}
	}
	require.Equal(t, want, sums)
	slices.Sort(added)
	code := sha1.Sum([]byte(strings.Join(added, ""))) //nolint:gosec // as SPDX has it
	require.Equal(t, hex.EncodeToString(code[:]), p.Packages[1].VerificationCode.Value)
	for _, r := range p.Relationships {
		if r.SpdxElementID == "SPDXRef-Added" {
			require.NotContains(t, r.RelatedSpdxElement, "Dockerfile", "it isn't in the image")
		}
	}

	base := p.Packages[2]
	require.Equal(t, "public.ecr.aws/nginx/nginx-unprivileged", base.Name)
	require.Equal(t, strings.TrimPrefix(digest, "sha256:"), base.Checksums[0].ChecksumValue)
	require.Equal(t, "pkg:oci/nginx-unprivileged@sha256%3A"+strings.Repeat("0a", 32)+"?repository_url=public.ecr.aws/nginx/nginx-unprivileged&tag=1.30", base.ExternalRefs[0].ReferenceLocator)
	require.Equal(t, "sha256:"+image().ContextDigest, p.Packages[0].VersionInfo)
	require.Equal(t, "2026-05-04T02:02:01Z", p.Creation.Created)
	require.Equal(t, []string{"Tool: portico-v1.2.3"}, p.Creation.Creators)
}

func TestABaseByTagIsSaidToBeUnknown(t *testing.T) {
	given := image()
	given.Base = "nginx:1.30"
	base := parse(t, write(t, given, origin)).Packages[2]
	require.Equal(t, "docker.io/library/nginx", base.Name)
	require.Empty(t, base.Checksums)
	require.Contains(t, base.Comment, "no digest")
}

// The same input gives the same bytes, and each other input a namespace of its own.
func TestTheDocumentFollowsFromItsInput(t *testing.T) {
	first := write(t, image(), origin)
	turned := image()
	slices.Reverse(turned.Files)
	require.Equal(t, string(first), string(write(t, turned, origin)))
	namespaces := map[string]bool{parse(t, first).Namespace: true}
	for name, change := range map[string]func(*sbom.Image, *sbom.Origin){
		"base":    func(i *sbom.Image, _ *sbom.Origin) { i.Base = "nginx:1.31" },
		"file":    func(i *sbom.Image, _ *sbom.Origin) { i.Files[0].Data = []byte("events {} ") },
		"time":    func(_ *sbom.Image, o *sbom.Origin) { o.Created = o.Created.Add(time.Second) },
		"version": func(_ *sbom.Image, o *sbom.Origin) { o.Version = "(devel) 0123" },
	} {
		given, by := image(), origin
		change(&given, &by)
		other := parse(t, write(t, given, by)).Namespace
		require.False(t, namespaces[other], name)
		namespaces[other] = true
	}
}

func TestABaseThatIsNoReferenceIsRefused(t *testing.T) {
	given := image()
	given.Base = "nginx\nx"
	_, err := sbom.Write(given, origin)
	require.ErrorContains(t, err, "base image")
}
