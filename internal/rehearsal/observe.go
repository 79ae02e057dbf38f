package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/cloudwatch"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/rehearsal/faults"
	"github.com/portico-iac/portico/internal/rehearsal/live"
	"github.com/portico-iac/portico/mapping"
)

// Observation is what CloudWatch's alarms did while clients called a mapping's rows and
// something broke.
//
// Its minutes are simulated: one is as long as its requests take. NGINX, its log's lines
// and its own timeouts are real, so that a timeout of seconds is many minutes.
type Observation struct {
	// Minutes is how many simulated minutes passed after the fault.
	Minutes int `json:"minutes"`
	// Requests is how many were sent after the fault, and Answered how many of them
	// were answered by anything.
	Requests int `json:"requests"`
	Answered int `json:"answered"`
	// Expected are the alarms that the fault has to raise, sorted.
	Expected []string `json:"expected"`
	// Raised are the alarms that began, in the order of their names.
	Raised []RaisedAlarm `json:"raised"`
	// Log counts the lines that the log received after the fault, by what they say:
	// "480 times 502 of the proxy".
	Log []string `json:"log"`
}

// RaisedAlarm is an alarm that began.
type RaisedAlarm struct {
	// Name is the alarm's, without the environment's prefix.
	Name string `json:"name"`
	// Minutes is how long after the fault it began, CloudWatch's own delays left out.
	// It is negative for one that began before, such as 30 days before a certificate's
	// end.
	Minutes int `json:"minutes"`
}

// AsExpected reports whether the expected alarms began after the fault, or before it if
// they are about a certificate's end, and no others.
func (o *Observation) AsExpected() bool {
	var kinds []string
	for _, alarm := range o.Raised {
		if kind := kindOf(alarm.Name); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		if alarm.Minutes < 0 && kindOf(alarm.Name) != certificateAlarm {
			return false
		}
	}
	slices.Sort(kinds)
	return slices.Equal(kinds, o.Expected)
}

// certificateAlarm begins the names of alarms about certificates, and kindOf is an
// alarm's name without that of its certificate.
const certificateAlarm = "certificate"

func kindOf(alarm string) string {
	if strings.HasPrefix(alarm, certificateAlarm+"-") {
		return certificateAlarm
	}
	return alarm
}

// alarmsKey is the setting that has the stack create alarms.
const alarmsKey = "portico:alarms"

// config is the shared stack's settings. With a fault there are alarms, since the
// rehearsal says which of them begin; nothing receives what they tell.
func (r *rehearsal) config() map[string]any {
	if r.Fault == "" || r.Config[alarmsKey] != nil {
		return r.Config
	}
	config := maps.Clone(r.Config)
	if config == nil {
		config = map[string]any{}
	}
	partition, _ := aws.PartitionOf(r.initial.region)
	config[alarmsKey] = map[string]any{"topicArn": fmt.Sprintf("arn:%s:sns:%s:%s:rehearsal", partition.ID, r.initial.region, r.initial.shared)}
	return config
}

// meet has clients call the rows before and after the fault.
func (r *rehearsal) meet(ctx context.Context, rows []mapping.Row) (*Observation, error) {
	here := awssim.Filter{Account: string(r.initial.shared), Region: r.initial.region}
	if prefixOf(r.whole, here) == "" {
		return nil, nil // no log, so no proxy
	}
	fault, err := faults.Find(r.Fault)
	if err != nil {
		return nil, err
	}
	served := slices.DeleteFunc(slices.Clone(rows), func(row mapping.Row) bool { return row.Retired })
	begin := time.Now()
	x, err := observeAccounts(ctx, r.whole, here.Account, here.Region, served, aMinute)
	if err != nil {
		return nil, err
	}
	found, err := x.fault(ctx, r.simulator, fault, r.injected)
	if err := errors.Join(err, x.close(ctx)); err != nil {
		return nil, err
	}
	fmt.Fprintf(r.Progress, "%d simulated minutes of requests passed (%.1f s)\n", minutesBefore+minutesAfter, time.Since(begin).Seconds())
	return found, nil
}

// Before a fault pass as many minutes as an alarm looks back over at most in which
// nothing is published; after it as many as the slowest alarm takes.
const (
	minutesBefore = 6
	minutesAfter  = 20
	aMinute       = 40
)

// observed is a data path that is observed.
type observed struct {
	*observer
	path        *live.Path
	environment *live.Environment
	load        *minuteLoad
	dir         string
}

// observeAccounts makes accounts live, and publishes what they have to say from then on.
func observeAccounts(ctx context.Context, simulator *awssim.Simulator, account, region string, rows []mapping.Row, requests int) (_ *observed, err error) {
	environment, clients, err := environmentOf(simulator, account, region)
	if err != nil {
		return nil, fmt.Errorf("read the simulated accounts: %w", err)
	}
	x := &observed{observer: &observer{account: account, region: region, now: simulator.Now().UTC().Truncate(time.Minute)}, environment: environment}
	x.anew()
	if err := x.follows(simulator, environment); err != nil {
		return nil, err
	}
	if x.dir, err = os.MkdirTemp("", "portico-observed-"); err != nil {
		return nil, fmt.Errorf("make a directory for the proxy: %w", err)
	}
	x.path, err = live.Start(ctx, *environment, live.Options{Dir: x.dir, Logged: x.logged, Passed: x.passed})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the simulated accounts live: %w", err), os.RemoveAll(x.dir))
	}
	x.load = newMinuteLoad(x.path, clients[environment.VPCID], rows, requests)
	return x, nil
}

// close ends the path.
func (x *observed) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
	defer cancel()
	x.load.http.CloseIdleConnections()
	return errors.Join(x.path.Close(ctx), os.RemoveAll(x.dir))
}

// change makes the path what accounts are now, and what acts on it. If nothing of the
// accounts can be made live any more, the path ends at the load balancers.
func (x *observed) change(ctx context.Context, simulator *awssim.Simulator, injected *faults.Injected) error {
	environment, _, err := environmentOf(simulator, x.account, x.region)
	if err != nil {
		cut := *x.environment
		cut.LoadBalancers, cut.Tasks = nil, nil
		environment = &cut
	}
	if injected != nil {
		injected.ActOn(environment)
	}
	if err := x.follows(simulator, environment); err != nil {
		return err
	}
	x.environment = environment
	if err := x.path.Update(ctx, *environment); err != nil {
		return err
	}
	// Connections outlive the security group rules that let them through, by as much as
	// an hour (keepalive_time). That hour has passed.
	x.path.Network().Cut()
	return nil
}

// pass lets minutes pass.
func (x *observed) pass(ctx context.Context, minutes int) {
	for range minutes {
		at := x.begins()
		x.load.minute(ctx, at)
		x.healthy(ctx, x.path, x.environment)
	}
}

// NGINX writes a line at the latest after a second (flush=1s in entrypoint.sh).
const (
	logFlush = 1300 * time.Millisecond
	// lateAnswers is how long the last minutes' requests have for their answers, beside
	// what an endpoint delays them.
	lateAnswers = 2 * time.Second
)

// settle waits for answers and for lines that are still to come.
func (x *observed) settle() {
	longest := lateAnswers
	for _, endpoint := range x.environment.Endpoints {
		longest = max(longest, lateAnswers+2*endpoint.Delay)
	}
	x.load.wait(longest)
	lines, since := x.lines(), time.Now()
	for time.Since(since) < logFlush {
		time.Sleep(logFlush / 10)
		if now := x.lines(); now != lines {
			lines, since = now, time.Now()
		}
	}
}

// fault has minutes pass before and after something breaks.
func (x *observed) fault(ctx context.Context, simulator *awssim.Simulator, fault faults.Fault, injected *faults.Injected) (*Observation, error) {
	x.anew()
	x.load.patience = firstPatience
	x.pass(ctx, minutesBefore)
	before, sent, answered := x.now, x.load.sent, x.load.answers()
	if err := x.change(ctx, simulator, injected); err != nil {
		return nil, err
	}
	x.pass(ctx, minutesAfter)
	x.settle()
	found := &Observation{Minutes: minutesAfter, Requests: x.load.sent - sent, Answered: x.load.answers() - answered, Expected: append([]string{}, fault.Alarms...)}
	found.Log = said(x.seen(before.Add(time.Minute)))
	if err := x.publish(); err != nil {
		return nil, err
	}
	var err error
	found.Raised, err = x.raised(before.Add(time.Minute))
	return found, err
}

// raised are the alarms that began, and when they did after a fault.
func (x *observed) raised(fault time.Time) ([]RaisedAlarm, error) {
	here := awssim.Filter{Account: x.account, Region: x.region}
	raised := []RaisedAlarm{}
	prefix := prefixOf(x.simulator, here)
	for _, alarm := range view.All[view.MetricAlarm](x.simulator, here) {
		if alarm.Tags["Name"] == "" {
			continue // it scales the service, and tells no one
		}
		from := x.began
		if alarm.MetricName == "DaysToExpiry" {
			from = from.Add(-monthAgo)
		}
		changes, err := cloudwatch.History(alarm, x.metrics, from, x.now.Add(time.Minute))
		if err != nil {
			return nil, err
		}
		for _, change := range changes {
			if change.State == cloudwatch.Alarm {
				name := strings.TrimPrefix(alarm.Tags["Name"], prefix+"-")
				raised = append(raised, RaisedAlarm{name, int(change.Time.Sub(fault).Minutes())})
				break
			}
		}
	}
	return raised, nil
}

// prefixOf is the environment's, by the namespace of its log's metrics.
func prefixOf(simulator *awssim.Simulator, here awssim.Filter) string {
	for _, filter := range view.All[view.MetricFilter](simulator, here) {
		return strings.TrimPrefix(filter.Transformation.Namespace, "Portico/")
	}
	return ""
}
