package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/portico-iac/portico/internal/awssim"
	"github.com/portico-iac/portico/internal/awssim/acm"
	"github.com/portico-iac/portico/internal/awssim/cloudwatch"
	"github.com/portico-iac/portico/internal/awssim/logs"
	"github.com/portico-iac/portico/internal/awssim/view"
	"github.com/portico-iac/portico/internal/rehearsal/live"
)

// observer publishes to CloudWatch what a live data path has to say: the lines that the
// proxy's tasks log, what the load balancers pass and how healthy their targets are, and
// when certificates expire. Its minutes are as short as a minute's requests take.
//
// CPUUtilization, MemoryUtilization, PacketsDropped and the connections that load
// balancers reject are of AWS's own machines, and are not published.
type observer struct {
	account, region string

	mu        sync.Mutex
	metrics   *cloudwatch.Metrics
	simulator *awssim.Simulator
	began     time.Time
	now       time.Time
	// unreached are the network interfaces of tasks that do not reach CloudWatch Logs.
	unreached map[string]error
	group     string // of the proxy's log
	events    []logs.Event
	// balancers and groups are what CloudWatch calls load balancers and target groups, by
	// their names.
	balancers map[string]elbMetrics
	groups    map[string]string
}

// elbMetrics is a load balancer's namespace, its metric of what arrives, and its
// dimension.
type elbMetrics struct{ namespace, arrivals, dimension string }

// follows has the observer publish for accounts as they are now, and as they are made
// live.
func (o *observer) follows(simulator *awssim.Simulator, environment *live.Environment) error {
	services, err := simulator.Services(o.account, o.region)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.simulator, o.unreached, o.balancers, o.groups = simulator, map[string]error{}, map[string]elbMetrics{}, map[string]string{}
	network := simulator.Network(o.account, o.region)
	for _, task := range environment.Tasks {
		if err := network.ReachesService(endpointOf(task.Interface), "logs"); err != nil {
			o.unreached[task.Interface.Name] = err
		}
	}
	for _, service := range services {
		for _, container := range service.Containers {
			if container.LogGroup != "" {
				o.group = container.LogGroup
			}
		}
	}
	here := awssim.Filter{Account: o.account, Region: o.region}
	for _, balancer := range view.All[view.LoadBalancer](simulator, here) {
		name := elbMetrics{"AWS/ApplicationELB", "RequestCount", balancer.ARN[strings.Index(balancer.ARN, ":loadbalancer/")+len(":loadbalancer/"):]}
		if balancer.Type == "network" {
			name.namespace, name.arrivals = "AWS/NetworkELB", "NewFlowCount"
		}
		o.balancers[balancer.Name] = name
	}
	for _, group := range view.All[view.TargetGroup](simulator, here) {
		o.groups[group.Name] = group.ARN[strings.LastIndex(group.ARN, ":")+1:]
	}
	return nil
}

// passed publishes a request or a connection that a load balancer passes.
func (o *observer) passed(p live.Passage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	balancer, group := o.balancers[p.LoadBalancer], o.groups[p.TargetGroup]
	for _, dimensions := range []map[string]string{
		{"LoadBalancer": balancer.dimension}, {"LoadBalancer": balancer.dimension, "TargetGroup": group},
	} {
		o.metrics.Put(logs.Datum{Namespace: balancer.namespace, Name: balancer.arrivals, Dimensions: dimensions, Time: o.now, Value: 1, Unit: "Count"})
	}
}

// traceTime is when a request began, by its trace ID.
var traceTime = regexp.MustCompile(`Root=1-([0-9a-f]{8})-`)

// logged delivers a line of a task. Its time is that of the request that it is about,
// since a line waits for others for as long as many of these minutes.
func (o *observer) logged(task live.Task, line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unreached[task.Interface.Name] != nil {
		return
	}
	at := o.now
	if found := traceTime.FindStringSubmatch(line); found != nil {
		if seconds, err := strconv.ParseInt(found[1], 16, 64); err == nil {
			at = time.Unix(seconds, 0).UTC()
		}
	}
	o.events = append(o.events, logs.Event{Time: at, Message: line})
}

// summaryOf says what a line of the log is about: "502 of the proxy".
func summaryOf(line string) string {
	var about struct {
		Status    int    `json:"status"`
		RequestID string `json:"request_id"`
	}
	if json.Unmarshal([]byte(line), &about) != nil || about.Status == 0 {
		return "other lines"
	}
	if about.RequestID == "" {
		return fmt.Sprintf("%d of the proxy", about.Status)
	}
	return fmt.Sprintf("%d of the API", about.Status)
}

// lines is how many lines were delivered.
func (o *observer) lines() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.events)
}

// seen counts what the log says from a time on, by what was answered and by whom.
func (o *observer) seen(from time.Time) map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := map[string]int{}
	for _, event := range o.events {
		if !event.Time.Before(from) {
			seen[summaryOf(event.Message)]++
		}
	}
	return seen
}

// anew forgets what was published before the next minute.
func (o *observer) anew() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.metrics, o.began = new(cloudwatch.Metrics), o.now.Add(time.Minute)
	o.events = nil
}

// begins is the next minute, which it returns.
func (o *observer) begins() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(time.Minute)
	return o.now
}

// healthCheck bounds how long a target may take to answer a minute's health check.
const healthCheck = time.Second

// healthy publishes how healthy the targets are. A task that is not run, since a service
// has more than are, is as healthy as those that are.
func (o *observer) healthy(ctx context.Context, path *live.Path, environment *live.Environment) {
	checking, cancel := context.WithTimeout(ctx, healthCheck)
	defer cancel()
	path.CheckHealth(checking)
	found := map[string][2]float64{} // healthy, and not
	for _, target := range path.Health() {
		counts := found[target.TargetGroup]
		if target.Reason == nil {
			counts[0]++
		} else {
			counts[1]++
		}
		found[target.TargetGroup] = counts
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, balancer := range environment.LoadBalancers {
		for _, listener := range balancer.Listeners {
			counts, registered := found[listener.TargetGroup.Name]
			if !registered {
				continue
			}
			if counts[1] == 0 {
				counts[0] += float64(o.notRun(environment))
			} else {
				counts[1] += float64(o.notRun(environment))
			}
			dimensions := map[string]string{"LoadBalancer": o.balancers[balancer.Name].dimension, "TargetGroup": o.groups[listener.TargetGroup.Name]}
			for i, name := range []string{"HealthyHostCount", "UnHealthyHostCount"} {
				o.metrics.Put(logs.Datum{Namespace: o.balancers[balancer.Name].namespace, Name: name, Dimensions: dimensions, Time: o.now, Value: counts[i], Unit: "Count"})
			}
		}
	}
}

// notRun is how many tasks of the proxy are not run.
func (o *observer) notRun(environment *live.Environment) int {
	services, err := o.simulator.Services(o.account, o.region)
	if err != nil {
		return 0 // follows has read them without an error
	}
	tasks := 0
	for _, service := range services {
		tasks += len(service.Tasks)
	}
	return max(tasks-len(environment.Tasks), 0)
}

// monthAgo is how long before its requests the observer looks at certificates, whose
// alarms begin 30 days before their end.
const monthAgo = 40 * 24 * time.Hour

// publish publishes what the log's metric filters make of its lines, and when
// certificates expire.
func (o *observer) publish() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	filters := logs.FiltersOf(o.simulator, o.account, o.region, o.group)
	data, err := logs.Extract(filters, o.events)
	if err != nil {
		return err
	}
	o.metrics.Put(data...)
	o.metrics.Put(acm.DaysToExpiry(o.simulator, o.account, o.region, o.began.Add(-monthAgo), o.now)...)
	o.events = nil
	return nil
}

// said is what a log said, most often first: "480 times 200 of the API".
func said(seen map[string]int) []string {
	about := slices.SortedFunc(maps.Keys(seen), func(a, b string) int {
		if seen[a] != seen[b] {
			return seen[b] - seen[a]
		}
		return strings.Compare(a, b)
	})
	var lines []string
	for _, what := range about {
		lines = append(lines, fmt.Sprintf("%d times %s", seen[what], what))
	}
	return lines
}

// traceField is the header that tells the log when a request began.
func traceField(at time.Time, n int) http.Header {
	return http.Header{"X-Amzn-Trace-Id": {fmt.Sprintf("Root=1-%08x-%024x", at.Unix(), n)}}
}
