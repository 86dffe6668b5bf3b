//go:build integration

package sqs_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestRealRightsThatAreAdvisedAreEnough grants a role the advised permissions and no
// others, on moto with permission checks enabled. Moto checks actions and not single
// queues, which the test of the same name on the embedded server checks. Moto also
// refuses every signature for CloudWatch.
func TestRealRightsThatAreAdvisedAreEnough(t *testing.T) {
	s := real(t)
	dead := s.queue("dead")
	s.queue("orders", "RedrivePolicy", s.redrive(dead, 3))
	c := s.settings(noCloudWatch)
	policies, _ := advised(t, c)
	actions := slices.Concat(policies[0].Statement[0].Action, policies[0].Statement[1].Action)

	name := strings.TrimSuffix(s.prefix, "-")
	s.iam("CreateRole", "RoleName", name, "AssumeRolePolicyDocument", `{"Version":"2012-10-17","Statement":[]}`)
	service := sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: &s.endpoint, Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")})
	role, err := service.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/" + name), RoleSessionName: aws.String("test")})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", *role.Credentials.AccessKeyId)
	t.Setenv("AWS_SECRET_ACCESS_KEY", *role.Credentials.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", *role.Credentials.SessionToken)
	readWith := func(actions []string) error {
		s.iam("PutRolePolicy", "RoleName", name, "PolicyName", "advised", "PolicyDocument",
			fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["%s"],"Resource":["*"]}]}`, strings.Join(actions, `","`)))
		s.mindRights("0")
		defer s.mindRights("inf")
		_, err := read(t, watch(t, c))
		return err
	}
	if err := readWith(actions); err != nil {
		t.Errorf("with %q: %v", actions, err)
	}
	for i, action := range actions {
		if err := readWith(slices.Delete(slices.Clone(actions), i, i+1)); err == nil {
			t.Errorf("without %s it was read", action)
		}
	}
}

// iam makes a request as an administrator.
func (s *realShop) iam(action string, pairs ...string) {
	s.t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	s.post("/", "application/x-www-form-urlencoded", form.Encode())
}

// mindRights says after how many requests rights are minded.
func (s *realShop) mindRights(after string) { s.post("/moto-api/reset-auth", "text/plain", after) }

func (s *realShop) post(path, contentType, body string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.endpoint+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s %s", path, body, answer.Status, text)
	}
}
