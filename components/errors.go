package components

import (
	"errors"
	"fmt"
	"strings"
)

// ArgumentError reports an argument that a component can't be created with. A
// constructor that returns one has registered nothing. Several are joined:
// errors.As finds the first, and the message has them all.
type ArgumentError struct {
	// Component is the component's type, such as "LoadBalancer", and Name its
	// logical name.
	Component, Name string
	// Argument is the field of the Args type, or "name" for the logical name.
	Argument string
	// Problem says what is wrong with it, and Fix what to write instead.
	Problem, Fix string
}

// Error implements error.
func (e *ArgumentError) Error() string {
	return fmt.Sprintf("create %s %q: %s: %s: %s", e.Component, e.Name, e.Argument, e.Problem, e.Fix)
}

// ExistingResourceError reports a resource that was named to be used, and that
// exists but doesn't serve. Constructors return one in a preview too.
type ExistingResourceError struct {
	// Kind is what the resource is, such as "VPC", "subnet", "endpoint" or
	// "hosted zone".
	Kind string
	// ID is the resource's ID or ARN.
	ID string
	// AccountID is the account that was asked; empty where the stack's own is
	// meant anyhow.
	AccountID string
	// Purpose is what it was to be used for; empty where Kind says it.
	Purpose string
	// Problem says why it doesn't serve, and Fix what to do about it.
	Problem, Fix string
}

// Error implements error.
func (e *ExistingResourceError) Error() string {
	purpose := ""
	if e.Purpose != "" {
		purpose = " for " + e.Purpose
	}
	account := ""
	if e.AccountID != "" {
		account = " of account " + e.AccountID
	}
	return fmt.Sprintf("use %s %s%s%s: %s: %s", e.Kind, e.ID, account, purpose, e.Problem, e.Fix)
}

// PublicZoneError reports a public hosted zone that the account doesn't have in
// which it was looked up.
type PublicZoneError struct {
	// Name is the domain of the zone that was named. Empty: none was, and neither
	// ValidatedName nor a parent domain has a zone.
	Name string
	// ValidatedName is the name on a certificate that the zone is to validate.
	// Empty: the zone was looked up for another purpose.
	ValidatedName string
	// Elsewhere reports whether the account is that of one of
	// [PublicZonesArgs.ZoneProviders], or the zone's ID was named.
	Elsewhere bool
	// ID is the zone's ID, where it is known.
	ID string
	// Several reports that the account has several zones of the name.
	Several bool
	// Parent is the zone above, where that one does not lead to this zone.
	Parent string
	// NameServers are the zone's own.
	NameServers []string
	// Delegated are those to which Parent leads; nil: to none.
	Delegated []string
}

// Error implements error.
func (e *PublicZoneError) Error() string {
	switch {
	case e.Several:
		return fmt.Sprintf("find public hosted zone %s: the account has several of that name: name the ID of the one that the domain's registrar, or the zone above, delegates to", e.Name)
	case e.Parent != "":
		delegated := "has no NS record of that name"
		if len(e.Delegated) > 0 {
			delegated = "delegates the name to " + strings.Join(e.Delegated, ", ")
		}
		return fmt.Sprintf("validate %s in public hosted zone %s (%s): its name servers are %s, and the zone %s above it %s, so that ACM would not find the record there and wait for 75 minutes: correct the delegation, or name the zone that answers",
			e.ValidatedName, e.Name, e.ID, strings.Join(e.NameServers, ", "), e.Parent, delegated)
	case e.Elsewhere && e.ID != "":
		return fmt.Sprintf("find public hosted zone %s: the zone %s is not the public zone of that name: correct the ID", e.Name, e.ID)
	case e.Elsewhere:
		return fmt.Sprintf("find public hosted zone %s: the account that is named for it has no such zone: name the account that has it", e.Name)
	case e.Name == "":
		return fmt.Sprintf("find the public hosted zone of %s: the account has none of that name or of a parent domain: create one, name the zone, or name the account that has it", e.ValidatedName)
	}
	return fmt.Sprintf("find public hosted zone %s, which is to validate %s: the account has no such zone: correct its name, or name the account that has it", e.Name, e.ValidatedName)
}

// RollbackError reports a deployment of a Service that ECS rolled back. The
// update fails with it in [Service.TaskDefinitionARN].
type RollbackError struct {
	// Service is the ECS service's name.
	Service string
	// Wanted is the ARN of the task definition that was to run, and Running that
	// of the one that runs.
	Wanted, Running string
	// LogGroup is the name of the proxy's log.
	LogGroup string
}

// Error implements error.
func (e *RollbackError) Error() string {
	return fmt.Sprintf("deploy %s: ECS rolled the deployment back, the service %s runs %s: look at the stopped tasks' reasons, the alarms, and the lines of log group %s with a status of 500 or more, correct what is wrong, then run `pulumi up` again",
		e.Wanted, e.Service, e.Running, e.LogGroup)
}

// arguments collects what is wrong with a component's arguments.
type arguments struct {
	component, name string
	wrong           []error
}

// require adds a mistake where ok is false.
func (a *arguments) require(ok bool, argument, problem, fix string) {
	if !ok {
		a.wrong = append(a.wrong, &ArgumentError{Component: a.component, Name: a.name, Argument: argument, Problem: problem, Fix: fix})
	}
}

// given requires arguments that have no default.
func (a *arguments) given(ok bool, argument string) {
	a.require(ok, argument, "not set", "it has no default: set it")
}

// err joins the mistakes.
func (a *arguments) err() error { return errors.Join(a.wrong...) }

var (
	_ error = (*ArgumentError)(nil)
	_ error = (*ExistingResourceError)(nil)
	_ error = (*PublicZoneError)(nil)
	_ error = (*RollbackError)(nil)
)
