package ec2

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-iac/portico/internal/awssim/engine"
)

// ZoneID is the ID of a zone that an account calls by its name: "use1-az3" of
// "us-east-1a". AWS maps names to zones for each account apart; an ID is one zone
// for everybody.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/az-ids.html
func ZoneID(account, zone string) string {
	region := zone[:len(zone)-1]
	parts := strings.Split(region, "-")
	short := parts[0]
	for _, part := range parts[1:] {
		short += part[:1]
	}
	return short + "-az" + strconv.Itoa(1+slices.Index(lettersByZone(account, region), zone[len(zone)-1:]))
}

// lettersByZone are the letters that an account has for a region's zones, in the
// zones' order.
func lettersByZone(account, region string) []string {
	letters := strings.Split(engine.Zones(region), "")
	slices.SortFunc(letters, func(a, b string) int {
		place := func(letter string) string {
			return engine.Characters(engine.HexDigits, "zone|"+account+"|"+region+letter, 16)
		}
		return cmp.Compare(place(a), place(b))
	})
	return letters
}

// zoneOf is the caller's name of the zone that has an ID, or "".
func zoneOf(op *engine.Op, id string) string {
	letters := lettersByZone(op.Account, op.Region)
	i := slices.IndexFunc(letters, func(letter string) bool { return ZoneID(op.Account, op.Region+letter) == id })
	if i < 0 {
		return ""
	}
	return op.Region + letters[i]
}
