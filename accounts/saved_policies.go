package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// betweenReads is the time between two calls to an account's API Gateway: it answers
// ten calls of its management a second, of which deployments need some.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const betweenReads = time.Second / 8

// SavedPoliciesIn makes a function that reads the resource policies of REST APIs of a
// provider stack's account, by the APIs' IDs. An API that doesn't exist is left out. The
// settings of the stack, in the project's directory dir, say in which account and region
// to ask, and by which role. It needs apigateway:GET on the APIs. Beside a provider that
// Pulumi attaches to (PULUMI_DEBUG_PROVIDERS) it is an error.
func SavedPoliciesIn(dir string) func(ctx context.Context, stack string, apis []string) (map[string]string, error) {
	return func(ctx context.Context, stack string, apis []string) (map[string]string, error) {
		if attached() {
			return nil, errors.New("read resource policies: PULUMI_DEBUG_PROVIDERS is set, so that Pulumi may have other accounts than AWS has")
		}
		access, err := providerAccess(dir, stack)
		if err != nil {
			return nil, err
		}
		client, err := sdkConfig(ctx, access)
		if err != nil {
			return nil, err
		}
		return savedPolicies(ctx, apigateway.NewFromConfig(client), apis, betweenReads)
	}
}

func savedPolicies(ctx context.Context, client *apigateway.Client, apis []string, between time.Duration) (map[string]string, error) {
	policies := map[string]string{}
	for i, id := range apis {
		if i > 0 {
			select {
			case <-ctx.Done():
				return nil, fmt.Errorf("read the resource policy of REST API %s: %w", id, ctx.Err())
			case <-time.After(between):
			}
		}
		api, err := client.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &id})
		if errors.As(err, new(*types.NotFoundException)) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the resource policy of REST API %s: %w", id, err)
		}
		policies[id] = awssdk.ToString(api.Policy)
	}
	return policies, nil
}
