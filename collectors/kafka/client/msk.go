package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// mskIAM is the mechanism by which Amazon MSK knows IAM. Brokers of MSK take it as a token of
// OAUTHBEARER.
const mskIAM = "AWS_MSK_IAM"

// mskKey is the place of the section in the config file, for errors.
const mskKey = "kafka[].sasl.aws_msk_iam"

// MSK is which AWS credentials to use. The SDK finds them: environment, files, web identity,
// container or instance.
type MSK struct {
	Region  string `yaml:"region" required:"true" doc:"The AWS region of the cluster." example:"eu-central-1"`
	Profile string `yaml:"profile" doc:"A profile of the AWS files. The default is the SDK's chain: environment, files, web identity, container, instance." example:"shop"`
	RoleARN string `yaml:"role_arn" doc:"A role to assume, for another account. The default is none." example:"arn:aws:iam::123456789012:role/lostorder"`
}

const (
	mskLife    = 15 * time.Minute // the most that MSK accepts
	mskService = "kafka-cluster"
	// nothing is the SHA-256 of no content.
	nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

func (m *MSK) extensions() map[string]string { return nil }

// fetch signs a token with the credentials of the moment, which the SDK renews.
func (m *MSK) fetch(ctx context.Context) (token, error) {
	credentials, err := m.credentials(ctx)
	if err != nil {
		return token{}, err
	}
	now := time.Now()
	text, err := m.sign(ctx, credentials, now)
	if err != nil {
		return token{}, fmt.Errorf("sign the request for MSK: %w", err)
	}
	expires := now.Add(mskLife)
	if credentials.CanExpire && credentials.Expires.Before(expires) {
		expires = credentials.Expires
	}
	return token{text: text, issued: now, expires: expires}, nil
}

func (m *MSK) credentials(ctx context.Context) (aws.Credentials, error) {
	settings := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRegion(m.Region),
		awsconfig.WithLogger(logging.Nop{}), // what matters is returned as an error
	}
	if m.Profile != "" {
		settings = append(settings, awsconfig.WithSharedConfigProfile(m.Profile))
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, settings...)
	if err != nil {
		if _, ok := errors.AsType[awsconfig.SharedConfigProfileNotExistError](err); ok && m.Profile != "" {
			return aws.Credentials{}, fmt.Errorf("profile %s is not in the AWS files; check %s.profile, AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE", m.Profile, mskKey)
		}
		return aws.Credentials{}, fmt.Errorf("load AWS settings: %w", err)
	}
	from := loaded.Credentials
	if m.RoleARN != "" {
		from = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(loaded), m.RoleARN, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "lostorder" })
	}
	got, err := from.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("no AWS credentials for %s: %w; set them in the environment or the AWS files, or attach a role", mskKey, err)
	}
	return got, nil
}

// sign makes the token: a signed request, which MSK sends to IAM, in base64.
func (m *MSK) sign(ctx context.Context, with aws.Credentials, now time.Time) (string, error) {
	query := url.Values{"Action": {mskService + ":Connect"}, "X-Amz-Expires": {strconv.Itoa(int(mskLife.Seconds()))}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://kafka."+m.Region+".amazonaws.com/?"+query.Encode(), http.NoBody)
	if err != nil {
		return "", err
	}
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, with, request, nothing, mskService, m.Region, now.UTC())
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString([]byte(signed + "&User-Agent=" + clientID)), nil
}
