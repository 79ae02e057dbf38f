package awsreader

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/stretchr/testify/require"
)

// TestCallsThatChangeSomethingAreNotSent calls what the reader never should.
func TestCallsThatChangeSomethingAreNotSent(t *testing.T) {
	a := newAccount(Account{ID: "111111111111", Region: "us-east-1"}, aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:1")})
	_, err := a.ecs.DeleteService(context.Background(), &ecs.DeleteServiceInput{Service: aws.String("portico")})
	require.ErrorContains(t, err, "the doctor only reads, and DeleteService is no reading call")
	_, err = a.apigateway.DeleteRestApi(context.Background(), &apigateway.DeleteRestApiInput{RestApiId: aws.String("abc")})
	require.ErrorContains(t, err, "the doctor only reads, and DeleteRestApi is no reading call")
}
