package live

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Update makes the path what an environment describes. What is new comes up
// first and its targets become healthy, then names lead where they should, and
// what is gone ends last; open connections stay open. It returns when all but
// the end of old tasks is done; Close returns the errors of that.
func (p *Path) Update(ctx context.Context, environment Environment) error {
	p.updating.Lock()
	defer p.updating.Unlock()
	p.network.setReach(environment.Reach)
	if err := p.trust(&environment); err != nil {
		return err
	}
	if err := p.serve(&environment); err != nil {
		return err
	}
	if err := p.run(ctx, environment.Tasks); err != nil {
		return err
	}
	if err := p.balance(ctx, environment.LoadBalancers); err != nil {
		return err
	}
	p.resolvers.Store(newResolvers(&environment, p.negative))
	return p.retire(ctx, &environment)
}

// trust writes the certificates that clients trust.
func (p *Path) trust(environment *Environment) error {
	roots := clientRoots(p.authority, environment)
	p.roots.Store(&roots)
	// A client that reads the file meanwhile finds the certificates of before or of
	// after.
	next := p.clientCAFile + ".next"
	if err := os.WriteFile(next, roots, 0o644); err != nil {
		return fmt.Errorf("write what clients trust: %w", err)
	}
	if err := os.Rename(next, p.clientCAFile); err != nil {
		return fmt.Errorf("write what clients trust: %w", err)
	}
	return nil
}

// serve lets the endpoints answer.
func (p *Path) serve(environment *Environment) error {
	for _, endpoint := range environment.Endpoints {
		view := newEndpointView(environment, endpoint)
		x, ok := p.endpoints[endpoint.ID]
		if ok {
			x.view.Store(view)
		} else {
			var err error
			if x, err = startExecuteAPI(p.certificates, view); err != nil {
				return err
			}
			p.endpoints[endpoint.ID] = x
		}
		for _, one := range endpoint.Interfaces {
			p.network.Handle(one, executeAPIPort, x.listener.take)
		}
	}
	return nil
}

// run starts the tasks that don't run yet.
func (p *Path) run(ctx context.Context, tasks []Task) error {
	var started []*process
	for _, task := range tasks {
		key, err := task.key()
		if err != nil {
			return err
		}
		if p.processes[key] != nil {
			continue
		}
		process, err := p.tasks.start(task)
		if err != nil {
			return err
		}
		p.processes[key] = process
		started = append(started, process)
	}
	for _, process := range started {
		process.answer(ctx, p.network)
	}
	return nil
}

// key identifies a task with its image and its environment.
func (t Task) key() (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("identify task %s: %w", t.Interface.Name, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// balance lets the load balancers answer and waits for their targets' health.
func (p *Path) balance(ctx context.Context, described []LoadBalancer) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	p.balancers = described
	for _, loadBalancer := range described {
		b := &balancer{LoadBalancer: loadBalancer, network: p.network, certificates: p.certificates, health: p.health, listeners: p.listeners, passed: p.passed}
		// Targets that come in the place of others serve once they are healthy.
		for _, listener := range loadBalancer.Listeners {
			for _, group := range listener.groups() {
				p.health.wait(ctx, group, loadBalancer.Interfaces)
			}
		}
		if err := b.start(); err != nil {
			return err
		}
	}
	return nil
}

// retire ends what the environment no longer has.
func (p *Path) retire(ctx context.Context, environment *Environment) error {
	places := environment.places()
	p.network.keep(places)
	p.listeners.keep(places)
	p.health.keep(environment.LoadBalancers)
	tasks := make(map[string]bool)
	for _, task := range environment.Tasks {
		key, err := task.key()
		if err != nil {
			return err
		}
		tasks[key] = true
	}
	for key := range p.processes {
		if !tasks[key] {
			p.drain(context.WithoutCancel(ctx), key)
		}
	}
	endpoints := make(map[string]bool)
	for _, endpoint := range environment.Endpoints {
		endpoints[endpoint.ID] = true
	}
	var errs []error
	for id, x := range p.endpoints {
		if !endpoints[id] {
			delete(p.endpoints, id)
			errs = append(errs, x.close(ctx))
		}
	}
	return errors.Join(errs...)
}

// drainDelay is how long a task goes on after the load balancers have ceased to send it
// requests: ECS stops it after its targets' deregistration delay.
const drainDelay = time.Second

// drain ends a task once the connections have arrived that were on their way to it. Until
// then it answers at its address.
func (p *Path) drain(ctx context.Context, key string) {
	ending := p.processes[key]
	delete(p.processes, key)
	p.stopping.add(func() error {
		time.Sleep(drainDelay)
		ending.leave(p.network)
		return ending.stop(ctx)
	})
}

// stop ends a task, which may take as long as its connections do.
func (p *Path) stop(ctx context.Context, key string) {
	ending := p.processes[key]
	delete(p.processes, key)
	p.stopping.add(func() error { return ending.stop(ctx) })
}

// places are all at which endpoints and load balancers of the environment answer.
func (e *Environment) places() map[place]bool {
	all := make(map[place]bool)
	for _, endpoint := range e.Endpoints {
		for _, one := range endpoint.Interfaces {
			all[one.port(executeAPIPort)] = true
		}
	}
	for _, balancer := range e.LoadBalancers {
		for _, listener := range balancer.Listeners {
			for _, one := range balancer.Interfaces {
				all[one.port(listener.Port)] = true
			}
		}
	}
	return all
}

// endings are operations that run in the background until they end.
type endings struct {
	all sync.WaitGroup

	mu     sync.Mutex
	errors []error
}

// add waits for an end without holding up the caller.
func (e *endings) add(end func() error) {
	e.all.Go(func() {
		if err := end(); err != nil {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.errors = append(e.errors, err)
		}
	})
}

// wait is what went wrong, when all have ended.
func (e *endings) wait() error {
	e.all.Wait()
	return errors.Join(e.errors...)
}
