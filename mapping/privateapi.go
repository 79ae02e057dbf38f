package mapping

import (
	"fmt"
	"regexp"
	"strings"
)

// partition is one of AWS's, which share no accounts, regions or names.
type partition struct {
	name      string
	dnsSuffix string
	// region is the shape of the partition's region names, those of regions to
	// come included.
	region *regexp.Regexp
	// example stands in messages.
	example string
}

// partitions follow the partitions.json of AWS's SDKs. The first whose region
// shape matches is the region's.
var partitions = []partition{
	{"aws-cn", "amazonaws.com.cn", regexp.MustCompile(`^cn-[a-z]{1,16}-[0-9]{1,2}$`), "cn-north-1"},
	{"aws-us-gov", "amazonaws.com", regexp.MustCompile(`^us-gov-[a-z]{1,16}-[0-9]{1,2}$`), "us-gov-west-1"},
	{"aws-iso", "c2s.ic.gov", regexp.MustCompile(`^us-iso-[a-z]{1,16}-[0-9]{1,2}$`), "us-iso-east-1"},
	{"aws-iso-b", "sc2s.sgov.gov", regexp.MustCompile(`^us-isob-[a-z]{1,16}-[0-9]{1,2}$`), "us-isob-east-1"},
	{"aws-iso-e", "cloud.adc-e.uk", regexp.MustCompile(`^eu-isoe-[a-z]{1,16}-[0-9]{1,2}$`), "eu-isoe-west-1"},
	{"aws-iso-f", "csp.hci.ic.gov", regexp.MustCompile(`^us-isof-[a-z]{1,16}-[0-9]{1,2}$`), "us-isof-south-1"},
	{"aws-eusc", "amazonaws.eu", regexp.MustCompile(`^eusc-[a-z]{2}-[a-z]{1,16}-[0-9]{1,2}$`), "eusc-de-east-1"},
	{"aws", "amazonaws.com", regexp.MustCompile(`^[a-z]{2}-[a-z]{1,16}-[0-9]{1,2}$`), "us-east-1"},
}

const (
	// maxAPIID is generous: API Gateway makes IDs of ten lower-case letters and
	// digits, emulators make others.
	maxAPIID = 32
	// maxStage is API Gateway's limit of a stage's name.
	maxStage = 128
)

// apiURL is what every refusal of an address tells to write.
const apiURL = "write https://{api}.execute-api.{region}.{suffix}/{stage}, such as https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev"

// ParsePrivateAPI reads a PRIVATE_API_URL,
// https://{api}.execute-api.{region}.{suffix}/{stage}[/path]: with or without
// a slash at its end it means the same. The error says what to write instead.
func ParsePrivateAPI(url string) (PrivateAPI, error) {
	api, wrong := parsePrivateAPI(url)
	if wrong != nil {
		return PrivateAPI{}, wrong.err()
	}
	return api, nil
}

func parsePrivateAPI(url string) (PrivateAPI, *mistake) {
	scheme, rest, found := strings.Cut(url, "://")
	switch {
	case !found:
		return PrivateAPI{}, wrong("https:// is missing", apiURL)
	case !strings.EqualFold(scheme, "https"):
		return PrivateAPI{}, wrong(fmt.Sprintf("%s is no scheme of API Gateway, which answers HTTPS only", quote(scheme+"://")), apiURL)
	}
	if err := refuseURLParts(rest); err != nil {
		return PrivateAPI{}, err
	}
	authority, path, _ := strings.Cut(rest, "/")
	api, err := parseExecuteAPIHost(strings.ToLower(authority))
	if err != nil {
		return PrivateAPI{}, err
	}
	stage, path, _ := strings.Cut(path, "/")
	if err := checkStage(stage); err != nil {
		return PrivateAPI{}, err
	}
	api.Stage = Stage(stage)
	below, err := parsePath(path, maxAPIPath)
	if err != nil {
		return PrivateAPI{}, err
	}
	api.Path = APIPath(below)
	return api, nil
}

// parseExecuteAPIHost takes {api}.execute-api.{region}.{suffix} apart.
func parseExecuteAPIHost(host string) (PrivateAPI, *mistake) {
	labels := strings.SplitN(host, ".", 4)
	if len(labels) < 4 || labels[1] != "execute-api" {
		return PrivateAPI{}, wrong(fmt.Sprintf("%s is not the address of a REST API", quote(host)), apiURL)
	}
	id, region, suffix := labels[0], labels[2], labels[3]
	if api, endpoint, found := strings.Cut(id, "vpce-"); found {
		fix := fmt.Sprintf("write https://{api}.execute-api.%s.{suffix}/{stage}; the proxy adds the endpoint", region)
		if api = strings.TrimSuffix(api, "-"); checkAPIID(api) == nil {
			fix = fmt.Sprintf("write https://%s.execute-api.%s.%s/{stage}; the proxy adds the endpoint", api, region, suffix)
		}
		return PrivateAPI{}, wrong(fmt.Sprintf("%s is the address by way of the VPC endpoint %s", quote(host), quote("vpce-"+endpoint)), fix)
	}
	if err := checkAPIID(id); err != nil {
		return PrivateAPI{}, err
	}
	p, err := partitionOf(region)
	if err != nil {
		return PrivateAPI{}, err
	}
	if suffix != p.dnsSuffix {
		return PrivateAPI{}, wrong(fmt.Sprintf("region %s is not under %s", quote(region), quote(suffix)),
			fmt.Sprintf("write https://%s.execute-api.%s.%s/{stage}", id, region, p.dnsSuffix))
	}
	return PrivateAPI{ID: APIID(id), Region: region, Partition: p.name, DNSSuffix: p.dnsSuffix}, nil
}

func partitionOf(region string) (partition, *mistake) {
	for _, p := range partitions {
		if p.region.MatchString(region) {
			return p, nil
		}
	}
	return partition{}, wrong(fmt.Sprintf("%s is not the name of an AWS region", quote(region)), "write a region's name, such as us-east-1")
}

func checkAPIID(id string) *mistake {
	fix := "write the API's ID, such as a1b2c3d4e5, as `aws apigateway get-rest-apis` lists it"
	if id == "" || len(id) > maxAPIID {
		return wrong(fmt.Sprintf("API ID %s is not 1 to %d characters long", quote(id), maxAPIID), fix)
	}
	for i := range len(id) {
		if !isLowerAlphanumeric(id[i]) {
			return wrong(fmt.Sprintf("API ID %s holds %s", quote(id), quoteFirst(id[i:])), fix)
		}
	}
	return nil
}

func checkStage(stage string) *mistake {
	switch {
	case stage == "":
		return wrong("the stage is missing", apiURL)
	case stage == "$default":
		return wrong("stage \"$default\" belongs to an HTTP API, which can't be private", "write a REST API's address and stage")
	case len(stage) > maxStage:
		return wrong(fmt.Sprintf("the stage is %d characters long; API Gateway allows %d", len(stage), maxStage), "write the stage's name")
	}
	for i := range len(stage) {
		if c := stage[i]; !isLowerAlphanumeric(c) && (c < 'A' || c > 'Z') && c != '_' && c != '-' {
			return wrong(fmt.Sprintf("stage %s holds %s", quote(stage), quoteFirst(stage[i:])), "write letters, digits, \"_\" and \"-\" only, as API Gateway does")
		}
	}
	return nil
}
