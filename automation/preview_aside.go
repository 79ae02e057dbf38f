package automation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/portico-iac/portico/internal/settings"
)

const (
	backendVariable    = "PULUMI_BACKEND_URL"
	passphraseVariable = "PULUMI_CONFIG_PASSPHRASE"
)

// previewAside previews a stack that the state's backend does not have and does not let
// this run create, as a role that only reads: in a backend in a temporary directory,
// which has a copy of the shared stack. refused is the answer of the environment's
// backend.
func (r *run) previewAside(ctx context.Context, s Stack, w *watch, refused error, follow func(*auto.Stack) error) error {
	dir, err := os.MkdirTemp("", "portico-preview-")
	if err != nil {
		return errors.Join(refused, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	aside := r.with(r.op)
	environment := *r.Environment
	environment.Env = asideEnv(r.Env, dir)
	aside.Environment = &environment

	kept, err := keepSettings(s)
	if err != nil {
		return errors.Join(refused, err)
	}
	defer kept() // a new stack writes its salt into its settings file
	workspace, err := aside.workspace(ctx, s)
	if err != nil {
		return err
	}
	stack, err := aside.create(ctx, s, workspace)
	if err != nil {
		return refused // it says more of the environment's backend
	}
	w.note(fmt.Sprintf("the state's backend does not have the stack, and does not let this preview create it (%s): previewed in a backend of a temporary directory", firstLine(printed(refused))))
	if s.Name != r.Shared.Name {
		if err := r.copyShared(ctx, aside); err != nil {
			w.note("the shared stack is not copied there, so that its outputs are missing: " + printed(err))
		}
	}
	return follow(stack.Stack)
}

// asideEnv is an environment of the Pulumi CLI with a backend in a directory. A
// passphrase is given where there is none: nothing that the backend holds is kept.
func asideEnv(env map[string]string, dir string) map[string]string {
	aside := maps.Clone(env)
	if aside == nil {
		aside = map[string]string{}
	}
	aside[backendVariable] = "file://" + filepath.ToSlash(dir)
	for _, variable := range []string{passphraseVariable, passphraseVariable + "_FILE"} {
		if _, given := os.LookupEnv(variable); given || aside[variable] != "" {
			return aside
		}
	}
	aside[passphraseVariable] = "preview"
	return aside
}

// copyShared copies the shared stack's state, where there is one, to another backend.
func (r *run) copyShared(ctx context.Context, aside *run) error {
	shared := r.Shared
	from, err := r.workspace(ctx, shared)
	if err != nil {
		return err
	}
	state, err := from.ExportStack(ctx, shared.Name)
	if err != nil {
		return err
	}
	kept, err := keepSettings(shared)
	if err != nil {
		return err
	}
	defer kept()
	to, err := aside.workspace(ctx, shared)
	if err != nil {
		return err
	}
	if _, err := aside.create(ctx, shared, to); err != nil {
		return err
	}
	return to.ImportStack(ctx, shared.Name, state)
}

// keepSettings reads a stack's settings file. The result writes it as it was, if it has
// changed.
func keepSettings(s Stack) (func(), error) {
	written, err := settings.Source{Project: settings.Project{Files: settings.Dir(s.Dir), Shown: s.Dir}, Stack: s.Name}.WrittenStack()
	if err != nil || written.Name == "" {
		return func() {}, err
	}
	path := filepath.Join(s.Dir, filepath.FromSlash(written.Name))
	before, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return func() {
		if now, err := os.ReadFile(path); err == nil && !bytes.Equal(now, before) {
			_ = os.WriteFile(path, before, 0o600) // it exists, and keeps its mode
		}
	}, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
