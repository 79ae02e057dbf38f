package settings

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/portico-iac/portico/internal/aws"
)

func (i Image) check(m *mistakes) {
	m.check(i.URI == "" || i.Base == "", "image", "an image is both prebuilt and to be built", "keep uri or base")
	for key, image := range map[string]string{"image.uri": i.URI, "image.base": i.Base} {
		reference, err := aws.ParseImage(image)
		m.check(image == "" || err == nil && reference.IsPinned(), key, strconv.Quote(image)+" is not an image's reference", "write registry/repository:tag, or with @sha256:digest")
	}
	m.check(*i.BaseAgeDays >= 0 && *i.BaseAgeDays <= maxBaseAgeDays, "image.baseAgeDays", fmt.Sprintf("%d is out of range", *i.BaseAgeDays), "write 0 to 3650")
	if i.Refresh == "" {
		return
	}
	m.checkText(refreshPattern.MatchString(i.Refresh), "image.refresh", i.Refresh, "is not such a text", "write up to 64 letters, digits and -_.:/, for instance the day's date")
	m.check(i.URI == "", "image.refresh", "the image is prebuilt, so that it has no base to look up", "take it out, or image.uri")
	base, err := aws.ParseImage(i.Base)
	m.check(err != nil || base.Digest == "", "image.refresh", "image.base has a digest, which no look-up changes", "take it out, and write the new digest in image.base")
}

const maxBaseAgeDays = 3650

var refreshPattern = regexp.MustCompile(`^[A-Za-z0-9._:/-]{1,64}$`)
