package accounts

import (
	"cmp"
	"fmt"
	"time"

	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/mapping"
)

// prebuiltImageNotices say that a tag decides on the image that was built before, and
// that the image is old, as far as Amazon ECR has said since when it has it. Other
// registries are not asked.
//
// ECS looks a tag up when a deployment starts, and runs the same digest until the next:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html,
// "Container image resolution".
func (s *sharedStack) prebuiltImageNotices() []string {
	image, err := aws.ParseImage(s.config.Image.URI)
	if err != nil || !s.deploys(mapping.FrontDoorNGINX) {
		return nil
	}
	var digest string
	var pushed time.Time
	if s.prebuilt != nil {
		digest, pushed = s.prebuilt.Digest, s.prebuilt.Pushed
	}
	var lines []string
	if image.Digest == "" {
		lines = append(lines, fmt.Sprintf("portico:image.uri names the image by its tag, which Amazon ECS looks up when a deployment starts: a new image under the tag reaches no running task, and no update sees it: write portico:image.uri: %s@%s",
			image.Tagged(), cmp.Or(digest, "sha256:...")))
	}
	if days := s.daysSince(pushed); !pushed.IsZero() && s.isOld(days) {
		lines = append(lines, fmt.Sprintf("the image %s was pushed on %s, %d days ago (portico:image.baseAgeDays: %d): what was published about its packages since is not in it: build it anew on a newer base, push it, and name it in portico:image.uri by its digest",
			image, pushed.UTC().Format(time.DateOnly), days, *s.config.Image.BaseAgeDays))
	}
	return lines
}

func (s *sharedStack) daysSince(then time.Time) int { return int(s.now().Sub(then).Hours() / 24) }

// isOld reports whether an image of so many days is to be told.
func (s *sharedStack) isOld(days int) bool {
	limit := *s.config.Image.BaseAgeDays
	return limit > 0 && days >= limit
}
