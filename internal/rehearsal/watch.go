package rehearsal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// DefaultPace is how much of AWS's waits a rehearsal that is watched waits.
const DefaultPace = 0.01

// watchEvery is how often the mapping's files are looked at.
const watchEvery = 250 * time.Millisecond

// watch deploys each edit of the mapping while the path serves, until the context
// ends. An edit that is a mistake leaves the former mapping in place.
func (r *rehearsal) watch(ctx context.Context, path *live.Path) (err error) {
	server, err := r.simulator.Serve(ctx)
	if err != nil {
		return fmt.Errorf("serve the simulated accounts: %w", err)
	}
	f := &follower{
		simulator: r.simulator, shared: string(r.initial.shared), region: r.initial.region, path: path, pace: r.Pace,
		failed: func(err error) { fmt.Fprintln(r.Progress, err) },
	}
	following, stop := context.WithCancel(ctx)
	wait := f.follow(following)
	defer func() {
		stop()
		wait()
		err = errors.Join(err, server.Close())
	}()
	for last := r.files; ; {
		var ended bool
		if last, ended = nextEdit(ctx, r.Mapping, last); ended {
			return nil
		}
		report, wrong := r.bringUp(ctx, f, server.DebugProviders())
		if ctx.Err() != nil {
			return nil
		}
		if err := r.Edited(report, wrong); err != nil {
			return err
		}
	}
}

// nextEdit waits until the mapping's files differ from those of a fingerprint, and
// have stayed the same for a moment. ended reports that the context ended first.
func nextEdit(ctx context.Context, path string, last []byte) (now []byte, ended bool) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	var seen []byte
	for {
		select {
		case <-ctx.Done():
			return nil, true
		case <-ticker.C:
		}
		now := fingerprint(path)
		settled := bytes.Equal(now, seen)
		seen = now
		// Editors write in several steps, and some take the file away first.
		if settled && now != nil && !bytes.Equal(now, last) {
			return now, false
		}
	}
}

// fingerprint is a digest of the mapping's files; nil if one can't be read.
func fingerprint(path string) []byte {
	names := []string{path}
	if mapping.IsDirectory(path) {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil
		}
		names = nil
		for _, entry := range entries {
			if !entry.IsDir() {
				names = append(names, filepath.Join(path, entry.Name()))
			}
		}
		slices.Sort(names)
	}
	digest := sha256.New()
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil
		}
		fmt.Fprintf(digest, "%q %d\n", name, len(data)) // hash.Hash never returns an error
		digest.Write(data)
	}
	return digest.Sum(nil)
}

// bringUp deploys the mapping as it is now by the steps of `portico up`, and probes
// it. The error is mapping.Errors for a mapping with mistakes; what else keeps the
// edit from being deployed is an error too.
func (r *rehearsal) bringUp(ctx context.Context, f *follower, debugProviders string) (*Report, error) {
	m, err := mapping.Load(r.Mapping)
	if err != nil {
		return nil, err
	}
	edited := *r
	edited.initial.mapping, edited.Fault = m, ""
	setup, err := edited.initial.setup()
	if err != nil {
		return nil, err
	}
	if err := r.simulator.Add(setup); err != nil {
		return nil, fmt.Errorf("let the owners make the APIs of the new rows: %w", err)
	}
	environment, err := edited.environment(debugProviders)
	if err != nil {
		return nil, err
	}
	environment.Sleep = f.sleep
	before := edited.policies()
	deployed, err := r.up(ctx, environment)
	if err != nil {
		return nil, err
	}
	report, rows := edited.reportOn(deployed)
	if report.Deployed, err = edited.whatWasDeployed(before); err != nil {
		return nil, err
	}
	if !report.deployed() {
		return report, nil
	}
	r.initial.mapping = m
	if err := f.sleep(ctx, provisioning(r.simulator, r.initial.region)); err != nil {
		return nil, err
	}
	f.update(ctx)
	if err := edited.diagnose(ctx, deployed, report, rows); err != nil {
		return nil, err
	}
	now, clients := f.now()
	p := newProber(f.path, now, clients, m)
	report.Probes = ask(ctx, p.checks(rows))
	report.setOK()
	return report, nil
}
