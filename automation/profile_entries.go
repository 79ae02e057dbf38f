package automation

import (
	"context"
	"time"
)

const (
	// profileEntryType is the association of a Route 53 Profile with a resource. AWS
	// chooses its ID, and it has neither a name that is unique nor tags.
	profileEntryType = "aws:route53/profilesResourceAssociation:ProfilesResourceAssociation"
	// entriesTimeout bounds the question about a profile's associations.
	entriesTimeout = 30 * time.Second
)

// profileEntry is what a profile can have once.
type profileEntry struct{ profileID, resourceARN string }

// entryOf is the association that a create was to make; the zero value for creates of
// other types.
func entryOf(create pendingCreate) profileEntry {
	if create.text("type") != profileEntryType {
		return profileEntry{}
	}
	return profileEntry{create.input("profileId"), create.input("resourceArn")}
}

// findEntries asks for the associations of the profiles that pending creates were to
// put resources into. Those that the state knows are left out.
func (d *deployment) findEntries(ctx context.Context, s Stack, creates []pendingCreate, w *watch) {
	ctx, cancel := context.WithTimeout(ctx, entriesTimeout)
	defer cancel()
	asked := map[string]bool{}
	for _, create := range creates {
		profile := entryOf(create).profileID
		if profile == "" || asked[profile] || s.ProfileEntries == nil {
			continue
		}
		asked[profile] = true
		found, err := s.ProfileEntries(ctx, profile)
		if err != nil {
			w.note("cannot tell what Route 53 Profile " + profile + " has: if the next run says that an association exists, take it out: " + err.Error())
		}
		for resource, id := range found {
			if d.known[id] {
				continue
			}
			if d.entries == nil {
				d.entries = map[profileEntry]string{}
			}
			d.entries[profileEntry{profile, resource}] = id
		}
	}
}
