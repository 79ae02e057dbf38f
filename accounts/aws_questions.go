package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"github.com/portico-iac/portico/internal/assumedrole"
	"github.com/portico-iac/portico/internal/aws"
	"github.com/portico-iac/portico/internal/settings"
)

// These questions no data source of the AWS provider asks. Each is one GET of a REST
// service.

// ProfileEntriesIn makes a function that gives the IDs of a Route 53 Profile's
// associations with resources, by the resources' ARNs. The settings of the stack, in
// the project's directory dir, say in which account and region to ask. The function
// needs route53profiles:ListProfileResourceAssociations. Beside a provider that Pulumi
// attaches to (PULUMI_DEBUG_PROVIDERS) it asks nothing.
func ProfileEntriesIn(dir string) func(ctx context.Context, stack, profileID string) (map[string]string, error) {
	return func(ctx context.Context, stack, profileID string) (map[string]string, error) {
		if attached() {
			return nil, nil
		}
		config, err := filesOf(dir, stack).Shared()
		if err != nil {
			return nil, err
		}
		ids := map[string]string{}
		err = pages(ctx, config.AWS, "route53profiles", "/profileresourceassociations/profileid/"+url.PathEscape(profileID), "nextToken", url.Values{}, func(page []byte) (string, error) {
			var found struct {
				NextToken                   string
				ProfileResourceAssociations []struct{ ID, ResourceArn string }
			}
			err := json.Unmarshal(page, &found)
			for _, association := range found.ProfileResourceAssociations {
				ids[association.ResourceArn] = association.ID
			}
			return found.NextToken, err
		})
		return ids, err
	}
}

// OthersAssociationsIn makes a function that gives the ARNs of the PRIVATE custom
// domains of a provider stack's account that other accounts' endpoints are associated
// with, by the associations' ARNs. It needs apigateway:GET on
// /domainnameaccessassociations. Beside a provider that Pulumi attaches to it asks
// nothing.
func OthersAssociationsIn(dir string) func(ctx context.Context, stack string) (map[string]string, error) {
	return func(ctx context.Context, stack string) (map[string]string, error) {
		if attached() {
			return nil, nil
		}
		access, err := providerAccess(dir, stack)
		if err != nil {
			return nil, err
		}
		domains := map[string]string{}
		query := url.Values{"resourceOwner": {"OTHER_ACCOUNTS"}}
		err = pages(ctx, access, "apigateway", "/domainnameaccessassociations", "position", query, func(page []byte) (string, error) {
			var found struct {
				Position string
				Item     []struct{ DomainNameAccessAssociationArn, DomainNameArn string }
			}
			err := json.Unmarshal(page, &found)
			for _, association := range found.Item {
				domains[association.DomainNameAccessAssociationArn] = association.DomainNameArn
			}
			return found.Position, err
		})
		return domains, err
	}
}

// providerAccess is how a provider stack's account is entered, by the stack's settings
// and its mapping.
func providerAccess(dir, stack string) (settings.AWS, error) {
	config, err := filesOf(dir, stack).Provider()
	if err != nil {
		return settings.AWS{}, err
	}
	rows, err := loadMapping(dir, config.Mapping)
	if err != nil {
		return settings.AWS{}, err
	}
	account, err := resolveAccount(config, rows, stack)
	if err != nil {
		return settings.AWS{}, err
	}
	access := config.AWS
	access.RoleARN = account.RoleARN
	return access, nil
}

// attached reports whether Pulumi attaches to a provider that was started by hand: it
// may have other accounts than AWS has.
func attached() bool { return os.Getenv("PULUMI_DEBUG_PROVIDERS") != "" }

// sdkConfig has calls go where the stack's AWS provider sends them: to its region,
// with its role, or to its emulator.
func sdkConfig(ctx context.Context, c settings.AWS) (awssdk.Config, error) {
	config, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(c.Region))
	if err != nil {
		return config, fmt.Errorf("find credentials for %s: %w", c.Region, err)
	}
	if c.Endpoint != "" {
		config.BaseEndpoint = awssdk.String(c.Endpoint)
	}
	assumedrole.Role{ARN: c.RoleARN, ExternalID: c.ExternalID, Session: c.Session()}.Assume(&config, "portico")
	return config, nil
}

// emptyPayload is the SHA-256 of a request without a body, as signatures need it.
const emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// pages gets the pages of a list, one after another. read takes a page and returns the
// token of the next one; empty: there is none.
func pages(ctx context.Context, c settings.AWS, service, path, token string, query url.Values, read func(page []byte) (string, error)) error {
	config, err := sdkConfig(ctx, c)
	if err != nil {
		return err
	}
	for {
		page, err := get(ctx, config, service, path+"?"+query.Encode())
		if err != nil {
			return fmt.Errorf("list %s of %s in %s: %w", path, service, c.Region, err)
		}
		next, err := read(page)
		if err != nil || next == "" {
			return err
		}
		query.Set(token, next)
	}
}

// largestPage bounds an answer, in bytes.
const largestPage = 16 << 20

// get is one signed request.
func get(ctx context.Context, config awssdk.Config, service, path string) ([]byte, error) {
	base := awssdk.ToString(config.BaseEndpoint)
	if base == "" {
		partition, known := aws.PartitionOf(config.Region)
		if !known {
			return nil, fmt.Errorf("no partition of AWS has region %s", config.Region)
		}
		base = fmt.Sprintf("https://%s.%s.%s", service, config.Region, partition.DNSSuffix)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json") // API Gateway answers in HAL else
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, emptyPayload, service, config.Region, time.Now()); err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, largestPage))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.500s", response.Status, response.Header.Get("X-Amzn-Errortype"), body)
	}
	return body, err
}
