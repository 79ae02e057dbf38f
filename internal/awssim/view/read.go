package view

import (
	"encoding/json"
	"fmt"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

// Meta is what is known of every resource.
type Meta struct{ Account, Region, ID, ARN string }

func (m *Meta) set(r *engine.Resource) { *m = Meta{r.Account, r.Region, r.ID, r.ARN} }

// Typed is a view of one resource type. Its members are named as in this
// package's language, and tagged with the names of Pulumi's SDK.
type Typed interface {
	token() string
	set(r *engine.Resource)
}

// Reader has resources: the simulator.
type Reader interface {
	Resources(engine.Filter) []engine.Resource
}

// All is the resources of a type that a filter chooses, sorted by account,
// region and ID. The filter's type is the view's.
func All[T any, P interface {
	*T
	Typed
}](accounts Reader, f engine.Filter) []T {
	f.Type = P(new(T)).token()
	found := accounts.Resources(f)
	views := make([]T, len(found))
	for i := range found {
		views[i] = Of[T, P](&found[i])
	}
	return views
}

// Of is a resource as its type's view.
func Of[T any, P interface {
	*T
	Typed
}](r *engine.Resource) T {
	var v T
	whole := r.Properties.Clone()
	if r.Hidden != nil {
		whole["hidden"] = map[string]any(r.Hidden)
	}
	data, err := json.Marshal(whole)
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		// The store holds nothing that the SDK's types would not.
		panic(fmt.Sprintf("view %s %s: %v", r.Type, r.ID, err))
	}
	P(&v).set(r)
	return v
}
