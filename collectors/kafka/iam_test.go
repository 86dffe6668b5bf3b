package kafka_test

import (
	"crypto/tls"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

func TestIAMCredentialsOfTheEnvironmentAreUsed(t *testing.T) {
	certificate, authority := certificate(t)
	s := serve(t, kfake.SeedTopics(1, "orders"), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}))
	taken := true
	seen := bearers(s, 0, func(string) bool { return taken })
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": clientSecret, "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	c := s.settings("tls: {server_name: localhost, ca_file: "+authority+"}", "sasl: {mechanism: AWS_MSK_IAM, aws_msk_iam: {region: eu-central-1}}")
	readWhole(t, watch(t, c))
	_, token, _ := strings.Cut(strings.TrimSuffix(seen()[0], "\x01\x01"), "auth=Bearer ")
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || !strings.HasPrefix(string(text), "https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F") {
		t.Errorf("the broker got %q: %v", text, err)
	}

	taken = false
	refuses := func(want string) {
		t.Helper()
		if _, err := read(t, watch(t, c)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), token[:40]) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	refuses("MSK refused the IAM credentials; allow kafka-cluster:Connect on the cluster, and check kafka[].sasl.aws_msk_iam.region and the clock")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	refuses("no AWS credentials for kafka[].sasl.aws_msk_iam: ")
	c.SASL.MSK.Profile = "shop"
	refuses("profile shop is not in the AWS files; check kafka[].sasl.aws_msk_iam.profile")
}
