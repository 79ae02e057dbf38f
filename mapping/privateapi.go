package mapping

import (
	"fmt"
	"strings"

	"github.com/portico-iac/portico/internal/aws"
)

const (
	// maxAPIID is generous: API Gateway makes IDs of ten lower-case letters and
	// digits, emulators make others.
	maxAPIID = 32
	// maxStage is API Gateway's limit of a stage's name.
	maxStage = 128
)

// apiURL is the fix of every mistake in an address.
const apiURL = "write https://{api}.execute-api.{region}.{suffix}/{stage}, such as https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev"

// ParsePrivateAPI reads a PRIVATE_API_URL,
// https://{api}.execute-api.{region}.{suffix}/{stage}[/path]: with or without
// a slash at its end it means the same. The error says what to write instead.
func ParsePrivateAPI(url string) (PrivateAPI, error) {
	api, wrong := parsePrivateAPI(url)
	if wrong != nil {
		return PrivateAPI{}, wrong.of(url).err()
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
	p, ok := aws.PartitionOf(region)
	if !ok {
		return PrivateAPI{}, wrong(fmt.Sprintf("%s is not the name of an AWS region", quote(region)), "write a region's name, such as us-east-1")
	}
	if suffix != p.DNSSuffix {
		return PrivateAPI{}, wrong(fmt.Sprintf("region %s is not under %s", quote(region), quote(suffix)),
			fmt.Sprintf("write https://%s.execute-api.%s.%s/{stage}", id, region, p.DNSSuffix))
	}
	return PrivateAPI{ID: APIID(id), Region: region, Partition: p.ID, DNSSuffix: p.DNSSuffix}, nil
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
