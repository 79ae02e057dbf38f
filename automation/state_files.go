package automation

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/encoding"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"gopkg.in/yaml.v3"
)

// A backend of files (file://) is read without the CLI, which takes 0.2 s of a processor
// to start, and without the engine, which takes 0.15 s for each stack that it reads: it
// derives a key from the passphrase, as each stack has a salt of its own. What is read
// here is not encrypted.

// errAskCLI says that a state is not to be read here: the backend is another one, or its
// files aren't as they are known here.
var errAskCLI = errors.New("the state is not in a file whose form is known")

// stateFile is the state of a stack in a backend of files. The error is errNoStack if the
// backend has no such stack, and errAskCLI where it isn't known.
func (r *run) stateFile(s Stack) (apitype.UntypedDeployment, error) {
	dir, ok := r.stateFiles(s.Dir)
	if !ok {
		return apitype.UntypedDeployment{}, errAskCLI
	}
	var found []byte
	for _, compression := range []encoding.Compression{encoding.CompressionNone, encoding.CompressionGzip, encoding.CompressionZstd} {
		data, err := os.ReadFile(filepath.Join(dir, s.Name+".json"+compression.Ext()))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil || found != nil: // of two, the CLI knows which one counts
			return apitype.UntypedDeployment{}, errAskCLI
		default:
			found = data
		}
	}
	if found == nil {
		return apitype.UntypedDeployment{}, errNoStack
	}
	return stateIn(found)
}

// stateIn is the state in a checkpoint; errAskCLI: it is cut off, or of another version.
func stateIn(checkpoint []byte) (apitype.UntypedDeployment, error) {
	var file struct {
		Version    int
		Features   []string
		Checkpoint struct{ Latest json.RawMessage }
	}
	format := encoding.Compress(encoding.JSON, encoding.DetectCompression(checkpoint))
	err := format.Unmarshal(checkpoint, &file)
	if latest := file.Checkpoint.Latest; err != nil || file.Version < 3 || file.Version > 4 || len(latest) == 0 || string(latest) == "null" {
		return apitype.UntypedDeployment{}, errAskCLI
	}
	return apitype.UntypedDeployment{Version: file.Version, Features: file.Features, Deployment: file.Checkpoint.Latest}, nil
}

// stateFiles is the directory of a project's checkpoints, where the backend is one of
// files whose stacks are in their projects' directories.
func (r *run) stateFiles(projectDir string) (dir string, ok bool) {
	path, err := workspace.DetectProjectPathFrom(projectDir)
	if err != nil || path == "" {
		return "", false
	}
	project, err := r.project(path)
	if err != nil {
		return "", false
	}
	root, ok := directoryOf(r.backendURL(project), projectDir)
	if !ok {
		return "", false
	}
	root = filepath.Join(root, ".pulumi")
	var meta struct{ Version int }
	data, err := os.ReadFile(filepath.Join(root, "meta.yaml"))
	if err != nil || yaml.Unmarshal(data, &meta) != nil || meta.Version != 1 {
		return "", false // stacks that no project has, or a backend of another CLI
	}
	return filepath.Join(root, "stacks", project.Name.String()), true
}

// project reads a project's file once in a run: Pulumi validates it.
func (r *run) project(path string) (*workspace.Project, error) {
	if known, ok := r.projects.Load(path); ok {
		return known.(*workspace.Project), nil
	}
	project, err := workspace.LoadProject(path)
	if err == nil {
		r.projects.Store(path, project)
	}
	return project, err
}

// backendURL is the backend that the CLI takes: of the environment, of the project, or
// that where one has logged in. Empty: it isn't known.
func (r *run) backendURL(project *workspace.Project) string {
	url, given := r.Env["PULUMI_BACKEND_URL"]
	if !given {
		url = os.Getenv("PULUMI_BACKEND_URL")
	}
	if url == "" && project.Backend != nil {
		url = project.Backend.URL
	}
	_, otherHome := r.Env["PULUMI_HOME"]
	_, otherCredentials := r.Env["PULUMI_CREDENTIALS_PATH"]
	if url != "" || otherHome || otherCredentials {
		return url
	}
	credentials, err := workspace.GetStoredCredentials()
	if err != nil {
		return ""
	}
	return credentials.Current
}
