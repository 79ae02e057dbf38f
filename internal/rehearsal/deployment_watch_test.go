package rehearsal

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/cloudwatch"
	"github.com/portico-iac/portico/internal/awssim/engine"
	"github.com/portico-iac/portico/internal/awssim/logs"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// logFlushed is how long a simulated minute lasts at least: NGINX writes a line of its
// log after a second at the latest (flush=1s).
const logFlushed = 1300 * time.Millisecond

// liveDeployments is what becomes of deployments when their images run: real NGINX takes
// the requests of clients, the metric filters read its lines, and the alarms that the
// stack has created read the metrics. A minute is as long as its lines take.
type liveDeployments struct {
	m *frontDoorChange
	// fault is put into the files of the next images; nil: none is.
	fault *imageFault

	logging sync.Mutex
	events  []logs.Event
	// now is the minute that the next lines are of.
	now time.Time

	// served are the deployments whose tasks have served.
	served []awssim.Deployment
	// failed counts the requests that failed while the last deployment's tasks served, of
	// sent.
	failed, sent int
}

// imageFault replaces text in a file of an image.
type imageFault struct{ file, old, new string }

// The faults: NGINX refuses the one's configuration, and with the other it expects the
// endpoint's certificate to have another name, and answers every request by 502.
var (
	cannotStart = &imageFault{"nginx.conf", "proxy_ssl_verify on;", "proxy_ssl_verify perhaps;"}
	answers502  = &imageFault{"entrypoint.sh", "proxy_ssl_name $endpoint;", "proxy_ssl_name wrong.example.com;"}
)

var _ awssim.DeploymentWatcher = (*liveDeployments)(nil)

// watchDeployments has the deployments of an environment run from now on.
func watchDeployments(m *frontDoorChange) *liveDeployments {
	d := &liveDeployments{m: m}
	m.logged = d.logged
	m.accounts.WatchDeployments(d)
	return d
}

// logged keeps a line that a task writes.
func (d *liveDeployments) logged(_ live.Task, line string) {
	d.logging.Lock()
	defer d.logging.Unlock()
	d.events = append(d.events, logs.Event{Time: d.now, Message: line})
}

// Start runs the deployment's image in a data path of its own, while the former tasks
// serve in the environment's.
func (d *liveDeployments) Start(deployment awssim.Deployment) []string {
	if d.m.follower == nil {
		return nil // no client calls yet
	}
	d.breakImage(deployment)
	environment, _, err := environmentOf(d.m.accounts, deployment.Account, deployment.Region)
	require.NoError(d.m.t, err)
	image, err := openAccount(d.m.accounts, deployment.Account, deployment.Region).image(deployment.Containers[0])
	require.NoError(d.m.t, err)
	for i := range environment.Tasks {
		environment.Tasks[i].Image, environment.Tasks[i].Environment = image, deployment.Containers[0].Environment
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	path, err := live.Start(ctx, *environment, live.Options{Dir: d.m.t.TempDir()})
	require.NoError(d.m.t, err)
	var reasons []string
	for _, target := range path.Health() {
		if target.Reason != nil && reasons == nil {
			reasons = []string{"Essential container in task exited: " + strings.Join(strings.Fields(path.TaskLog()), " ")}
		}
	}
	if err := path.Close(ctx); reasons == nil {
		require.NoError(d.m.t, err)
	}
	return reasons
}

// breakImage puts the fault into the image that a deployment runs.
func (d *liveDeployments) breakImage(deployment awssim.Deployment) {
	if d.fault == nil {
		return
	}
	replaced := 0
	err := d.m.accounts.Root(deployment.Account, deployment.Region).Edit("breaking an image", "fault", func(op *engine.Op) error {
		for _, r := range op.All(view.ImageType) {
			if !strings.Contains(deployment.Containers[0].Image, r.Properties.Text("digest")) {
				continue
			}
			broken := r.Clone()
			for _, file := range broken.Properties.Objects("files") {
				data, err := base64.StdEncoding.DecodeString(file.Text("data"))
				if err != nil {
					return err
				}
				if strings.HasSuffix(file.Text("path"), d.fault.file) && strings.Contains(string(data), d.fault.old) {
					file["data"] = base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(string(data), d.fault.old, d.fault.new)))
					replaced++
				}
			}
			op.Put(broken)
		}
		return nil
	})
	require.NoError(d.m.t, err)
	require.Equal(d.m.t, 1, replaced, "files of the image %s with %q", deployment.Containers[0].Image, d.fault.old)
}

// Serve has clients reach the new tasks for the minutes of the bake time, and evaluates the
// alarms after each.
func (d *liveDeployments) Serve(deployment awssim.Deployment) []string {
	if d.m.follower == nil {
		return nil
	}
	d.served = append(d.served, deployment)
	d.m.counting.Lock()
	failed, sent := len(d.m.failures), d.m.total
	d.m.counting.Unlock()
	begin := d.nextMinute(d.m.accounts.Now().Truncate(time.Minute))
	d.m.update(context.Background())
	metrics := new(cloudwatch.Metrics)
	var began []string
	for minute := range int(deployment.Bake / time.Minute) {
		time.Sleep(logFlushed)
		now := begin.Add(time.Duration(minute) * time.Minute)
		metrics.Put(d.published(deployment, now)...)
		began = d.begun(deployment, metrics, begin, now.Add(time.Minute))
		if len(began) > 0 {
			break
		}
	}
	for _, name := range began {
		require.NoError(d.m.t, d.m.accounts.SetAlarm(deployment.Account, deployment.Region, name, true))
	}
	d.m.counting.Lock()
	defer d.m.counting.Unlock()
	d.failed, d.sent = len(d.m.failures)-failed, d.m.total-sent
	return began
}

// nextMinute has the next lines be of a minute, and forgets those before.
func (d *liveDeployments) nextMinute(minute time.Time) time.Time {
	d.logging.Lock()
	defer d.logging.Unlock()
	d.now, d.events = minute, nil
	return minute
}

// published are the values of a minute: what the stack's metric filters make of the log,
// and what the health checks found.
func (d *liveDeployments) published(deployment awssim.Deployment, now time.Time) []logs.Datum {
	here := awssim.Filter{Account: deployment.Account, Region: deployment.Region}
	d.logging.Lock()
	data, err := logs.Extract(view.All[view.MetricFilter](d.m.accounts, here), d.events)
	d.logging.Unlock()
	require.NoError(d.m.t, err)
	d.nextMinute(now.Add(time.Minute))
	unhealthy := 0.0
	for _, target := range d.m.path.Health() {
		if target.Reason != nil {
			unhealthy++
		}
	}
	for _, alarm := range view.All[view.MetricAlarm](d.m.accounts, here) {
		if alarm.MetricName == "UnHealthyHostCount" {
			data = append(data, logs.Datum{Namespace: alarm.Namespace, Name: alarm.MetricName, Dimensions: alarm.Dimensions, Time: now, Value: unhealthy})
		}
	}
	return data
}

// begun are the alarms that a deployment watches, and that have begun by a time.
func (d *liveDeployments) begun(deployment awssim.Deployment, metrics *cloudwatch.Metrics, from, to time.Time) []string {
	var begun []string
	for _, alarm := range view.All[view.MetricAlarm](d.m.accounts, awssim.Filter{Account: deployment.Account, Region: deployment.Region}) {
		if !slices.Contains(deployment.Alarms, alarm.Name) {
			continue
		}
		changes, err := cloudwatch.History(alarm, metrics, from, to)
		require.NoError(d.m.t, err)
		if n := len(changes); n > 0 && changes[n-1].State == cloudwatch.Alarm {
			begun = append(begun, alarm.Name)
		}
	}
	return begun
}

// running is the task definition that the service runs, and its tasks' addresses.
func (d *liveDeployments) running() (definition string, addresses []string) {
	services, err := d.m.accounts.Services(string(sharedAccount), "us-east-1")
	require.NoError(d.m.t, err)
	require.Len(d.m.t, services, 1)
	for _, task := range services[0].Tasks {
		addresses = append(addresses, fmt.Sprint(task.Address))
	}
	return services[0].TaskDefinitionARN, slices.Sorted(slices.Values(addresses))
}
