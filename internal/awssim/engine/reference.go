package engine

import (
	"slices"
)

// Refers states that a property names another resource of the same account and
// region, or of the same account where the other's type is global. An empty
// name is none.
type Refers struct {
	To   string // the type token it leads to
	Key  string // the target's property it equals; "" is its ID
	Code string // AWS's error code when nothing is there

	// Or is other types that it may lead to.
	Or []string

	// Shared lets it lead to what another account shares with the caller.
	Shared bool

	// Holds is what the reference means to a delete of its target.
	Holds hold

	// SameVPCAs is the path of another reference of the type: the targets of both
	// are in one VPC, or that one is the VPC of this one. VPCCode is AWS's error
	// code when they are not.
	SameVPCAs, VPCCode string

	at string
}

func (r Refers) declare(t *Type, path string) {
	r.at = path
	t.refs = append(t.refs, r)
}

type hold int

// What happens when the target of a reference is to be deleted.
const (
	Blocks   hold = iota // the target cannot be deleted: DependencyViolation
	Cascades             // the target takes this resource with it
	Ignored              // AWS does not care
)

// Ref is the resource that an input refers to. Where it refers to none, the
// result is a resource without properties, so that rules need not ask.
func (op *Op) Ref(path string) *Resource {
	if all := op.Refs(path); len(all) > 0 {
		return all[0]
	}
	return &Resource{Properties: Object{}}
}

// Refs is the resources that an input refers to, in the order of the inputs.
func (op *Op) Refs(path string) []*Resource { return op.refsOf(path, op.Inputs) }

func (op *Op) refsOf(path string, o Object) []*Resource {
	var found []*Resource
	for _, ref := range op.spec.refs {
		if ref.at != path {
			continue
		}
		for _, at := range ValuesAt(o, path) {
			text, _ := at.Value.(string)
			if r := op.target(ref, text); r != nil {
				found = append(found, r)
			}
		}
	}
	return found
}

// target is the resource that a reference's value leads to, or nil.
func (op *Op) target(ref Refers, value string) *Resource {
	for _, token := range ref.types() {
		if r := op.FindBy(token, ref.Key, value); r != nil {
			return r
		}
	}
	if ref.Shared {
		return op.See(ref.To, value)
	}
	return nil
}

func (r Refers) types() []string { return append([]string{r.To}, r.Or...) }

// checkReferences holds every declared reference to a resource that the
// caller can see, and to the VPC of others.
func (op *Op) checkReferences() error {
	for _, ref := range op.spec.refs {
		for _, at := range ValuesAt(op.Inputs, ref.at) {
			value, _ := at.Value.(string)
			if value == "" {
				return op.Refuse(ref.Code, "The %s '' does not exist: the property %s is empty", resourceName(ref.To), at.Path)
			}
			target := op.target(ref, value)
			if target == nil {
				if other := op.See(ref.To, value); other != nil {
					return op.Refuse("UnauthorizedOperation", "This operation does not support shared VPCs: the %s '%s' belongs to account %s (property %s)",
						resourceName(ref.To), value, other.Account, at.Path)
				}
				return op.Refuse(ref.Code, "The %s '%s' does not exist in account %s%s (property %s)",
					resourceName(ref.To), value, op.Account, inRegion(op.Region), at.Path)
			}
			if err := op.checkVPC(ref, at.Path, target); err != nil {
				return err
			}
		}
	}
	return nil
}

// Against holds a property's values to the accounts: holds is asked for each
// known value at the path, in creations and updates, after all references were
// found.
func Against(holds func(op *Op, path string, value any) error) Rule {
	return rule(func(t *Type, path string) { t.against = append(t.against, against{path, holds}) })
}

type against struct {
	path  string
	holds func(op *Op, path string, value any) error
}

func (op *Op) checkAgainst() error {
	for _, rule := range op.spec.against {
		for _, at := range ValuesAt(op.Inputs, rule.path) {
			if err := rule.holds(op, at.Path, at.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkVPC holds a reference's target to the VPC of another's.
func (op *Op) checkVPC(ref Refers, path string, target *Resource) error {
	if ref.SameVPCAs == "" {
		return nil
	}
	for _, other := range op.Refs(ref.SameVPCAs) {
		if own, want := vpcOf(target), vpcOf(other); own != want {
			return op.Refuse(ref.VPCCode, "The %s %s is in VPC %s, which is not %s, the VPC of %s: they belong to different networks (property %s)",
				resourceName(ref.To), target.ID, own, want, ref.SameVPCAs, path)
		}
	}
	return nil
}

// vpcOf is the VPC that a resource is in, or is.
func vpcOf(r *Resource) string {
	if vpc := r.Properties.Text("vpcId"); vpc != "" {
		return vpc
	}
	return r.ID
}

// use is one resource's reference to another.
type use struct {
	by   *Resource
	hold hold
}

// uses is the references to the resource that is about to go.
func (op *Op) uses() []use {
	var found []use
	for _, spec := range op.Simulator.Catalog.Types {
		for _, ref := range spec.refs {
			if !slices.Contains(ref.types(), op.Token) || ref.Holds == Ignored {
				continue
			}
			own := op.ID
			if ref.Key != "" {
				own = op.Before.Properties.Text(ref.Key)
			}
			users := op.All(spec.Token)
			if ref.Shared {
				users = op.Everywhere(spec.Token)
			}
			for _, other := range users {
				for _, at := range ValuesAt(other.Properties, ref.at) {
					if at.Value == own && other != op.Before {
						found = append(found, use{other, ref.Holds})
					}
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b use) int { return compareResources(a.by, b.by) })
	return found
}
