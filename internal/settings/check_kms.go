package settings

import (
	"strconv"

	"github.com/portico-iac/portico/internal/aws"
)

func (k KMS) check(m *mistakes, region string, image Image) {
	checkKey(m, "kms.logs", k.Logs, region)
	checkKey(m, "kms.ecr", k.ECR, region)
	m.check(k.ECR == "" || image.URI == "", "kms.ecr", "the image is built already (image.uri), and no repository is created", "take it out, or image.uri")
}

func checkKey(m *mistakes, key, arn, region string) {
	const fix = "write the ARN of a key of the stack's region, arn:aws:kms:REGION:ACCOUNT:key/ID"
	if !known(arn) {
		return
	}
	own, err := aws.ParseKMSKeyARN(arn)
	m.check(err == nil, key, strconv.Quote(arn)+" is not a key's ARN", fix)
	m.check(err != nil || !aws.IsRegion(region) || own == region, key, "the key is in "+own+", and AWS encrypts by keys of its own region, "+region, fix)
}
