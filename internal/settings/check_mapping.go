package settings

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/mapping"
)

// CheckMapping holds an environment's mapping to the settings of its stacks: the
// regions of the rows to the shared stack's, and the roles of ACCOUNTS to the
// settings of the provider stacks that would assume them, by their names. shared may
// be nil. The error is of type mapping.Errors.
func CheckMapping(rows *mapping.Mapping, shared *Shared, stacks iter.Seq2[string, *Provider]) error {
	var refused mapping.Errors
	if shared != nil && aws.IsRegion(shared.AWS.Region) {
		refused = wrongRegions(rows, shared.AWS.Region)
	}
	for name, stack := range stacks {
		account, known := stack.AccountIn(rows)
		if !known {
			continue
		}
		var one mapping.Errors
		if _, err := stack.RoleOf(account, name); errors.As(err, &one) {
			refused = append(refused, one...)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	slices.SortStableFunc(refused, func(a, b *mapping.Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return refused
}

// CheckRegion reports the rows whose APIs a shared stack's endpoints don't reach. The
// error is of type mapping.Errors.
func CheckRegion(rows *mapping.Mapping, region string) error {
	if wrong := wrongRegions(rows, region); len(wrong) > 0 {
		return wrong
	}
	return nil
}

func wrongRegions(rows *mapping.Mapping, region string) mapping.Errors {
	var wrong mapping.Errors
	for _, row := range rows.Rows {
		if row.Retired || row.API.Region == region {
			continue
		}
		wrong = append(wrong, &mapping.Error{
			File: row.Pos.File, Line: row.Pos.Line, Column: row.Pos.Column, Path: row.Path() + ".PRIVATE_API_URL", Team: row.Team,
			Message: fmt.Sprintf("the API is in %s, and a VPC endpoint of %s (portico:aws.region) reaches APIs of its own region only", row.API.Region, region),
			Fix:     "correct the URL, or put the row into the mapping of a stack in " + row.API.Region,
		})
	}
	return wrong
}
