package engine

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Resource is one resource of a simulated account.
type Resource struct {
	Account string // 12 digits
	Region  string // "" for global services
	Type    string // Pulumi's type token
	ID      string
	ARN     string `json:",omitempty"`

	// Properties is what the provider shows: inputs and outputs.
	Properties Object

	// Hidden is what the service knows and the provider doesn't show, such as
	// the policy that a stage was last deployed with.
	Hidden Object `json:",omitempty"`
}

type scope struct{ account, region, token string }

func (r *Resource) scope() scope { return scope{r.Account, r.Region, r.Type} }

// store holds the resources and, with a directory, a journal of every change.
// A change is one line, written before the change is acknowledged: killing the
// process loses nothing that a caller was told, and a line that was cut short
// never took effect.
type store struct {
	resources map[scope]map[string]*Resource
	births    map[string]int  // how many resources an origin has brought forth, for IDs
	seeded    map[string]bool // what of the Setup has been laid out already
	passed    time.Duration   // how far the accounts' time is ahead of the real one
	journal   *os.File        // nil: in memory only
}

// change is one line of the journal: everything that one operation did.
type change struct {
	Put    []*Resource    `json:",omitempty"`
	Remove []*Resource    `json:",omitempty"`
	Births map[string]int `json:",omitempty"`
	Seeded []string       `json:",omitempty"`
	Passed time.Duration  `json:",omitempty"`
}

const journalName = "accounts.jsonl"

func newStore() *store {
	return &store{resources: map[scope]map[string]*Resource{}, births: map[string]int{}, seeded: map[string]bool{}}
}

// openStore reads the journal of dir, writes it anew as one line, and goes on
// appending to that.
func openStore(dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create state directory: %w", err)
	}
	s, path := newStore(), filepath.Join(dir, journalName)
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read simulated accounts: %w", err)
	}
	lines := bufio.NewReader(bytes.NewReader(data))
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break // the end, or a line cut short
		}
		var c change
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("read simulated accounts: %s:%d: %w; delete the directory to begin anew", path, number, err)
		}
		s.apply(&c)
	}
	return s, s.compact(path)
}

func (s *store) compact(path string) error {
	whole := change{Births: s.births, Seeded: slices.Sorted(maps.Keys(s.seeded)), Passed: s.passed}
	for _, resources := range s.resources {
		for _, r := range resources {
			whole.Put = append(whole.Put, r)
		}
	}
	slices.SortFunc(whole.Put, compareResources)
	next, err := os.CreateTemp(filepath.Dir(path), journalName+".*")
	if err != nil {
		return fmt.Errorf("write simulated accounts: %w", err)
	}
	s.journal = next
	if err := s.record(&whole); err != nil {
		return errors.Join(err, next.Close(), os.Remove(next.Name()))
	}
	if err := os.Rename(next.Name(), path); err != nil {
		return fmt.Errorf("write simulated accounts: %w", errors.Join(err, next.Close()))
	}
	return nil
}

// commit records and applies a change; with an error nothing was changed.
func (s *store) commit(c *change) error {
	if s.journal != nil {
		if err := s.record(c); err != nil {
			return err
		}
	}
	s.apply(c)
	return nil
}

func (s *store) record(c *change) error {
	line, err := json.Marshal(c)
	if err == nil {
		_, err = s.journal.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write simulated accounts: %w", err)
	}
	return nil
}

func (s *store) apply(c *change) {
	for _, r := range c.Remove {
		delete(s.resources[r.scope()], r.ID)
	}
	for _, r := range c.Put {
		if s.resources[r.scope()] == nil {
			s.resources[r.scope()] = map[string]*Resource{}
		}
		s.resources[r.scope()][r.ID] = r
	}
	maps.Copy(s.births, c.Births)
	s.passed += c.Passed
	for _, key := range c.Seeded {
		s.seeded[key] = true
	}
}

func (s *store) close() error {
	if s.journal == nil {
		return nil
	}
	return s.journal.Close()
}

// in is the resources of a scope, sorted by ID.
func (s *store) in(sc scope) []*Resource {
	return slices.SortedFunc(maps.Values(s.resources[sc]), compareResources)
}

func compareResources(a, b *Resource) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region),
		cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
}

// Filter chooses resources; empty fields choose all.
type Filter struct{ Account, Region, Type, ID string }

// Resources is the resources of the simulated accounts, sorted by account,
// region, type and ID. The result is the caller's own copy.
func (s *Simulator) Resources(f Filter) []Resource {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*Resource
	matches := func(want, have string) bool { return want == "" || want == have }
	for sc, resources := range s.store.resources {
		if !matches(f.Account, sc.account) || !matches(f.Region, sc.region) || !matches(f.Type, sc.token) {
			continue
		}
		for id, r := range resources {
			if matches(f.ID, id) {
				found = append(found, r)
			}
		}
	}
	slices.SortFunc(found, compareResources)
	copies := make([]Resource, len(found))
	for i, r := range found {
		copies[i] = r.Clone()
	}
	return copies
}

// Clone is a deep copy of the resource.
func (r *Resource) Clone() Resource {
	c := *r
	c.Properties = r.Properties.Clone()
	if r.Hidden != nil {
		c.Hidden = r.Hidden.Clone()
	}
	return c
}

// MadeByAWS marks in Hidden what AWS makes with the resource that it refers
// to and takes away with it, as a VPC's main route table.
const MadeByAWS = "belongsToVPC"
