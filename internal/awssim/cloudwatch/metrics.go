package cloudwatch

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-iac/portico/internal/awssim/logs"
)

// Metrics are the values of metrics, aggregated by the minute, as CloudWatch keeps what
// is published at its standard resolution:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html.
// The zero value has none. Its methods may be called at the same time.
type Metrics struct {
	mu     sync.Mutex
	series map[string]map[time.Time]aggregate
}

// aggregate is what CloudWatch keeps of a minute's values.
type aggregate struct {
	count, sum, least, most float64
}

func (a aggregate) with(b aggregate) aggregate {
	if a.count == 0 {
		return b
	}
	return aggregate{a.count + b.count, a.sum + b.sum, min(a.least, b.least), max(a.most, b.most)}
}

// statistic is one of CloudWatch's, by its name; others have no value.
func (a aggregate) statistic(name string) (value float64, exists bool) {
	if a.count == 0 {
		return 0, false
	}
	value, exists = map[string]float64{
		"SampleCount": a.count, "Sum": a.sum, "Average": a.sum / a.count, "Minimum": a.least, "Maximum": a.most,
	}[name]
	return value, exists
}

// seriesOf names a metric: values with other dimensions are another metric's.
func seriesOf(namespace, name string, dimensions map[string]string) string {
	parts := []string{namespace, name}
	for _, dimension := range slices.Sorted(maps.Keys(dimensions)) {
		parts = append(parts, dimension, dimensions[dimension])
	}
	return strings.Join(parts, "\x00")
}

// Put adds values.
func (m *Metrics) Put(data ...logs.Datum) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.series == nil {
		m.series = make(map[string]map[time.Time]aggregate)
	}
	for _, d := range data {
		series := seriesOf(d.Namespace, d.Name, d.Dimensions)
		if m.series[series] == nil {
			m.series[series] = make(map[time.Time]aggregate)
		}
		minute := d.Time.UTC().Truncate(time.Minute)
		m.series[series][minute] = m.series[series][minute].with(aggregate{1, d.Value, d.Value, d.Value})
	}
}

// within is what a metric was in the minutes from one time up to another.
func (m *Metrics) within(series string, from, to time.Time) aggregate {
	m.mu.Lock()
	defer m.mu.Unlock()
	var whole aggregate
	kept := m.series[series]
	if len(kept) == 0 {
		return whole
	}
	for minute := from.UTC().Truncate(time.Minute); minute.Before(to); minute = minute.Add(time.Minute) {
		if one, ok := kept[minute]; ok {
			whole = whole.with(one)
		}
	}
	return whole
}
