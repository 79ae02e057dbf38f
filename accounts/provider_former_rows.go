package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/portico-iac/portico/components"
	"github.com/portico-iac/portico/internal/apipolicy"
	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/outputs"
	"github.com/portico-iac/portico/internal/resourcepolicy"
	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

// The proxy may serve rows that the mapping no longer has, or has otherwise, until
// what takes their requests over is admitted. Meanwhile the policies admit both
// (docs/design/changes.md).

// addFormerAPIs works out what the policies have to admit through the proxy, and adds
// the APIs and stages to which served rows lead, and no row of the mapping; and those
// of which the last run's statements are to be taken back. Their rows are retired
// ones. APIs and stages that exist no longer are left out.
func (s *providerStack) addFormerAPIs() error {
	through := s.migration.ThroughProxy(s.rows.Rows, s.migration.Reported())
	s.admission = s.migration.Admission(through, s.owns, s.ctx.DryRun())
	served, err := s.servedRows()
	if err != nil {
		return err
	}
	rows, left := s.withoutStages(served), s.leftRows(served)
	exists, err := s.stagesOf(append(slices.Clone(rows), left...))
	if err != nil {
		return err
	}
	for _, row := range rows {
		if exists[keyOf(row)] {
			s.addRetired(row)
		}
	}
	for _, row := range left {
		if exists[keyOf(row)] {
			s.addRetired(row)
			s.takenBack = append(s.takenBack, keyOf(row))
		}
	}
	return nil
}

// servedRows are the stack's rows that the proxy serves, as retired rows.
func (s *providerStack) servedRows() ([]mapping.Row, error) {
	var served []mapping.Row
	for _, row := range s.admission.Served {
		former, err := row.Row()
		if err != nil {
			return nil, fmt.Errorf("read output served of stack %s: %w", s.config.Shared.Stack, err)
		}
		former.Retired, former.Index = true, formerIndex
		served = append(served, former)
	}
	return served, nil
}

// formerIndex is the Index of rows that the mapping doesn't have.
const formerIndex = -1

func keyOf(row mapping.Row) stageKey { return stageKey{row.API.ID, string(row.API.Stage)} }

// owns reports whether a row is of the stack's account: by its own account, or by
// its API.
func (s *providerStack) owns(row outputs.ServedRow) bool {
	if row.Account != "" {
		return row.Account == s.account.ID
	}
	api, err := mapping.ParsePrivateAPI(row.URL)
	if err != nil {
		return false
	}
	_, managed := s.own.Stages[api.ID]
	return managed || slices.Contains(s.config.APIs, string(api.ID)) || s.hasAPI(api.ID)
}

func (s *providerStack) hasAPI(id mapping.APIID) bool {
	return slices.ContainsFunc(s.apis, func(api topology.API) bool { return api.ID == id })
}

// withoutStages are the rows, one a stage, whose stage no row of the stack's has.
func (s *providerStack) withoutStages(rows []mapping.Row) []mapping.Row {
	known := map[stageKey]bool{}
	for _, api := range s.apis {
		for _, row := range api.Rows {
			known[keyOf(row)] = true
		}
	}
	var missing []mapping.Row
	for _, row := range rows {
		if !known[keyOf(row)] {
			known[keyOf(row)] = true
			missing = append(missing, row)
		}
	}
	return missing
}

// leftRows are retired rows, one a stage, for the stages on which the last run's
// statements are in effect, and to which no row leads any more. A stage of another
// account's API isn't among them: that account's stack has the policy.
func (s *providerStack) leftRows(served []mapping.Row) []mapping.Row {
	var left []mapping.Row
	partition, _ := aws.PartitionOf(s.config.AWS.Region)
	for id, stages := range s.own.Stages {
		if !s.hasAPI(id) && slices.ContainsFunc(s.allAPIs, func(api topology.API) bool { return api.ID == id && api.Region == s.config.AWS.Region }) {
			continue
		}
		for _, stage := range stages {
			api := mapping.PrivateAPI{ID: id, Region: s.config.AWS.Region, Partition: partition.ID, DNSSuffix: partition.DNSSuffix, Stage: stage}
			left = append(left, mapping.Row{Index: formerIndex, API: api, Retired: true, FrontDoor: mapping.FrontDoorNGINX})
		}
	}
	slices.SortFunc(left, func(a, b mapping.Row) int { return strings.Compare(a.API.URL(), b.API.URL()) })
	return slices.DeleteFunc(s.withoutStages(left), func(row mapping.Row) bool {
		return slices.ContainsFunc(served, func(other mapping.Row) bool { return keyOf(other) == keyOf(row) })
	})
}

// addRetired adds a retired row to the stack's APIs.
func (s *providerStack) addRetired(row mapping.Row) {
	for i := range s.apis {
		if api := &s.apis[i]; api.ID == row.API.ID {
			api.Rows = append(slices.Clone(api.Rows), row)
			return
		}
	}
	s.apis = append(slices.Clone(s.apis), topology.API{
		ID: row.API.ID, Region: row.API.Region, Partition: row.API.Partition, Account: s.account.ID, Rows: []mapping.Row{row},
	})
}

// stagesOf reports which of the rows' stages exist.
func (s *providerStack) stagesOf(rows []mapping.Row) (map[stageKey]bool, error) {
	var keys []stageKey
	for _, row := range rows {
		keys = append(keys, keyOf(row))
	}
	found, failures := s.askStages(keys)
	exists := map[stageKey]bool{}
	for i, key := range keys {
		switch err := failures[i]; {
		case errors.As(err, new(*components.ExistingResourceError)):
		case err != nil && !s.ctx.DryRun():
			return nil, err
		default:
			exists[key] = found[i] || err != nil // the update finds out
		}
	}
	return exists, nil
}

// servedGrants are what the rows allow that the proxy serves of an API, where that is
// something else than the mapping's rows do; nil: it isn't.
func (s *providerStack) servedGrants(api topology.API) []resourcepolicy.Grant {
	if s.endpoint(mapping.FrontDoorNGINX) == "" {
		return nil
	}
	byAddress := map[string]mapping.Row{}
	widens := false
	for _, row := range api.Rows {
		if !row.Retired {
			byAddress[outputs.Address(&row)] = row
			_, widened := slices.BinarySearch(s.admission.Widens, outputs.Address(&row))
			widens = widens || widened
		}
	}
	grants := []resourcepolicy.Grant{}
	for _, served := range s.admission.Served {
		row, err := served.Row()
		if err != nil || row.API.ID != api.ID {
			continue
		}
		_, widened := slices.BinarySearch(s.admission.Widens, served.Address())
		widens = widens || widened
		if same, found := byAddress[served.Address()]; found && !widened {
			row = same
		}
		grant := apipolicy.Grants([]mapping.Row{row})[0]
		if widened {
			grant.Source = "what is served of " + served.Address()
		}
		grants = append(grants, grant)
	}
	if !widens {
		return nil
	}
	return grants
}

// inBatches says of a policy that has no room for what the proxy serves beside what
// the mapping wants, which of the changed rows fit at a time.
func (s *providerStack) inBatches(api topology.API, request resourcepolicy.Request, too *resourcepolicy.SizeError) error {
	served := request.ServedGrants
	changed := slices.DeleteFunc(slices.Clone(request.Grants), func(grant resourcepolicy.Grant) bool {
		return slices.ContainsFunc(served, func(other resourcepolicy.Grant) bool {
			return other.Host == grant.Host && other.BasePath == grant.BasePath && other.Stage == grant.Stage && other.Path == grant.Path && slices.Equal(other.Methods, grant.Methods)
		})
	})
	alone := request
	alone.ServedGrants = nil
	if _, err := resourcepolicy.Merge(alone); err != nil {
		return err
	}
	var batches []string
	for len(changed) > 0 {
		fits := 0
		for fits < len(changed) {
			try := request
			try.Grants = slices.Concat(served, changed[:fits+1])
			try.ServedGrants = nil
			if _, err := resourcepolicy.Merge(try); err != nil {
				break
			}
			fits++
		}
		if fits == 0 {
			return fmt.Errorf("%w; until the proxy has changed over, the policy has to admit what it serves now as well, and not one changed row more has room: change no more rows of the API at a time than the policy has room for, or ask AWS to raise the quota first", too)
		}
		var names []string
		for _, grant := range changed[:fits] {
			names = append(names, grant.Host+grant.BasePath)
		}
		batches = append(batches, strings.Join(names, ", "))
		served = withGrants(served, changed[:fits])
		changed = changed[fits:]
	}
	if len(batches) == 0 {
		return too
	}
	return fmt.Errorf("%w; until the proxy has changed over, the policy has to admit what it serves now as well: change the rows in this order, an update for each line:\n  %s", too, strings.Join(batches, "\n  "))
}

// withGrants are grants with others in place of those of the same host and base path.
func withGrants(grants, by []resourcepolicy.Grant) []resourcepolicy.Grant {
	rest := slices.DeleteFunc(slices.Clone(grants), func(grant resourcepolicy.Grant) bool {
		return slices.ContainsFunc(by, func(other resourcepolicy.Grant) bool {
			return other.Host == grant.Host && other.BasePath == grant.BasePath
		})
	})
	return append(rest, by...)
}
