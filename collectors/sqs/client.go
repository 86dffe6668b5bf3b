package sqs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// inParallel is the most requests in flight. At 20 a second and 50 ms each, there are
// one or two, and more when AWS is slow.
const inParallel = 10

// clients are the SDK's clients.
type clients struct {
	sqs        *awssqs.Client
	cloudwatch *cloudwatch.Client
	http       *http.Client
}

// dial opens a connection; nil is the network's.
type dial func(ctx context.Context, network, address string) (net.Conn, error)

// connect makes the clients. It sends no request. It reads the environment and the
// AWS config files.
func connect(ctx context.Context, c *Config, over dial, p *pace) (*clients, error) {
	own := clientOn(awshttp.NewBuildableClient().GetTransport(), over)
	settings := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRegion(c.Region),
		awsconfig.WithLogger(logging.Nop{}), // what matters is returned as an error
	}
	if c.Profile != "" {
		settings = append(settings, awsconfig.WithSharedConfigProfile(c.Profile))
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, append(slices.Clip(settings), awsconfig.WithHTTPClient(own))...)
	if err != nil {
		// Settings that name authorities of their own (AWS_CA_BUNDLE) put them into the
		// SDK's own client, and into no other.
		if loaded, err = awsconfig.LoadDefaultConfig(ctx, settings...); err != nil {
			if _, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](err); ok && c.Profile != "" {
				return nil, fmt.Errorf("profile %s is not in the AWS files; check it, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE", c.Profile)
			}
			return nil, fmt.Errorf("load AWS settings: %w", err)
		}
		if buildable, ok := loaded.HTTPClient.(*awshttp.BuildableClient); ok {
			own = clientOn(buildable.GetTransport(), over)
		}
	}
	own = p.connections(own)
	loaded.HTTPClient = own
	// pace alone decides about retries.
	loaded.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	if c.Endpoint != "" && !c.endpointOfAWS() {
		loaded.BaseEndpoint = aws.String(c.Endpoint)
	}
	if c.RoleARN != "" {
		assume := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(loaded), c.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "lostorder"
			if c.ExternalID != "" {
				o.ExternalID = aws.String(c.ExternalID)
			}
		})
		loaded.Credentials = aws.NewCredentialsCache(assume)
	}
	queues := awssqs.NewFromConfig(loaded, func(o *awssqs.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	})
	return &clients{sqs: queues, cloudwatch: cloudwatch.NewFromConfig(loaded), http: own}, nil
}

// domainsOfAWS are the domains of AWS endpoints, in all partitions.
var domainsOfAWS = []string{".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws", ".api.amazonwebservices.com.cn"}

// endpointOfAWS reports whether the endpoint belongs to AWS. Such an endpoint serves
// SQS alone. An emulator also serves CloudWatch and STS.
func (c *Config) endpointOfAWS() bool {
	u, err := url.Parse(c.Endpoint)
	return err == nil && slices.ContainsFunc(domainsOfAWS, func(domain string) bool { return strings.HasSuffix(u.Hostname(), domain) })
}

func (c *clients) close() { c.http.CloseIdleConnections() }
