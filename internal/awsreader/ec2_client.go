package awsreader

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"

	ours "github.com/portico-iac/portico/internal/aws"
)

// ec2Client makes calls of EC2's query API. The SDK's client for EC2 has 700 calls,
// whose compilation takes minutes and 3 GB; the doctor needs four.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
type ec2Client struct {
	config aws.Config
	url    string
	signer *v4.Signer
}

const ec2Version = "2016-11-15"

func newEC2(config aws.Config) *ec2Client {
	partition, _ := ours.PartitionOf(config.Region)
	// As in the SDK, the service's own endpoint comes before that of all.
	at := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_EC2"), aws.ToString(config.BaseEndpoint), "https://ec2."+config.Region+"."+partition.DNSSuffix)
	return &ec2Client{config: config, url: at, signer: v4.NewSigner()}
}

// throttled are the codes with which EC2 asks to try later.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
var throttled = []string{"RequestLimitExceeded", "Throttling", "ThrottlingException"}

// firstPause is how long a throttled call waits before it is sent again; then twice as
// long, up to maxPause.
const (
	firstPause = 100 * time.Millisecond
	maxPause   = 2 * time.Second
)

// call makes one call and decodes its answer. An error of AWS's is a
// *smithy.GenericAPIError.
func (c *ec2Client) call(ctx context.Context, action string, parameters url.Values, answer any) error {
	parameters.Set("Action", action)
	parameters.Set("Version", ec2Version)
	body := parameters.Encode()
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := c.send(ctx, body, answer)
		var refused *smithy.GenericAPIError
		again := errors.As(err, &refused) && (slices.Contains(throttled, refused.Code) || refused.Fault == smithy.FaultServer)
		if !again || attempt == attempts {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, maxPause)
	}
}

func (c *ec2Client) send(ctx context.Context, body string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/", strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("call EC2: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("call EC2: %w", err)
	}
	digest := sha256.Sum256([]byte(body))
	if err := c.signer.SignHTTP(ctx, credentials, request, hex.EncodeToString(digest[:]), "ec2", c.config.Region, time.Now()); err != nil {
		return fmt.Errorf("call EC2: %w", err)
	}
	client := c.config.HTTPClient
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("call EC2: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return refusal(response)
	}
	if err := xml.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("read EC2's answer: %w", err)
	}
	return nil
}

// maxRefusal bounds what is read of an answer with an error.
const maxRefusal = 1 << 16

// refusal is the error in an answer of EC2's.
func refusal(response *http.Response) error {
	var answer struct {
		Errors []struct {
			Code, Message string
		} `xml:"Errors>Error"`
	}
	refused := &smithy.GenericAPIError{Code: response.Status, Fault: smithy.FaultClient}
	if response.StatusCode >= http.StatusInternalServerError {
		refused.Fault = smithy.FaultServer
	}
	if err := xml.NewDecoder(io.LimitReader(response.Body, maxRefusal)).Decode(&answer); err == nil && len(answer.Errors) > 0 {
		refused.Code, refused.Message = answer.Errors[0].Code, answer.Errors[0].Message
	}
	return refused
}
