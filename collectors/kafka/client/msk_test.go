package client_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// signature is Signature Version 4 of a GET request with its parameters in the query, written
// after AWS's description of it.
func signature(secret string, u *url.URL, payload string) string {
	query := u.Query()
	query.Del("X-Amz-Signature")
	scope := strings.SplitN(query.Get("X-Amz-Credential"), "/", 2)[1]
	request := strings.Join([]string{"GET", u.EscapedPath(), strings.ReplaceAll(query.Encode(), "+", "%20"), "host:" + u.Host, "", "host", payload}, "\n")
	digest := sha256.Sum256([]byte(request))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", query.Get("X-Amz-Date"), scope, hex.EncodeToString(digest[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range append(strings.Split(scope, "/"), text) {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

const (
	awsKey    = "AKIAIOSFODNN7EXAMPLE"
	awsSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// TestTokenOfMSKHasTheSignatureThatAWSDescribes compares it with an implementation of its own,
// which AWS's published example proves.
func TestTokenOfMSKHasTheSignatureThatAWSDescribes(t *testing.T) {
	published, err := url.Parse("https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host")
	if err != nil {
		t.Fatal(err)
	}
	if got := signature(awsSecret, published, "UNSIGNED-PAYLOAD"); got != "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404" {
		t.Fatalf("the published example has another signature than %s", got)
	}

	empty := sha256.Sum256(nil)
	for _, session := range []string{"", "session+token/=="} {
		at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
		token, err := client.Sign(&client.MSK{Region: "eu-central-1"}, t.Context(), aws.Credentials{AccessKeyID: awsKey, SecretAccessKey: awsSecret, SessionToken: session}, at)
		if err != nil {
			t.Fatal(err)
		}
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		signed, agent, _ := strings.Cut(string(text), "&User-Agent=")
		u, err := url.Parse(signed)
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{
			"Action": "kafka-cluster:Connect", "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": "20261130T120000Z", "X-Amz-Expires": "900",
			"X-Amz-Credential": awsKey + "/20261130/eu-central-1/kafka-cluster/aws4_request", "X-Amz-Security-Token": session, "X-Amz-SignedHeaders": "host",
			"X-Amz-Signature": signature(awsSecret, u, hex.EncodeToString(empty[:])),
		} {
			if got := u.Query().Get(key); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		if u.Scheme+"://"+u.Host+u.Path != "https://kafka.eu-central-1.amazonaws.com/" || agent != "lostorder" {
			t.Errorf("got %s", text)
		}
	}
}
