package sqs

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// code returns the error code of AWS, "" if the error has none.
func code(err error) string {
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return refusal.ErrorCode()
	}
	return ""
}

// isThrottling reports whether AWS throttles requests.
func isThrottling(err error) bool {
	switch code(err) {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"RequestLimitExceeded", "TooManyRequestsException", "OverLimit", "SlowDown", "BandwidthLimitExceeded", "LimitExceededException":
		return true
	}
	return status(err) == 429
}

// isServerFault reports whether the server failed, and not the request.
func isServerFault(err error) bool { return status(err) >= 500 }

// isCut reports whether a connection was lost during a request, for example because the
// server restarted.
func isCut(err error) bool {
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network.Op != "dial" && !network.Timeout()
	}
	return errors.Is(err, io.EOF) && status(err) == 0
}

// isOutdated reports whether the credentials have expired or are invalid.
func isOutdated(err error) bool {
	switch code(err) {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
		return true
	}
	return false
}

// isGone reports whether the queue does not exist.
func isGone(err error) bool {
	switch code(err) {
	case "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue":
		return true
	}
	return false
}

func status(err error) int {
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return answer.HTTPStatusCode()
	}
	return 0
}

// explain describes an error without credentials. AWS's own text about a signature is
// never repeated, because it quotes the request with its tokens.
func (c *Config) explain(err error, action string) string { return c.explainOr(err, action, "") }

// explainOr adds what else the user may do where the action is not allowed.
func (c *Config) explainOr(err error, action, otherwise string) string {
	if operation, ok := errors.AsType[*smithy.OperationError](err); ok {
		// The inner error may be an operation of another service.
		if inner, ok := errors.AsType[*smithy.OperationError](operation.Err); ok && inner.ServiceID == "STS" {
			role := c.RoleARN
			if role == "" {
				role = "of the environment"
			}
			return "assume role " + role + ": " + c.reason(inner.Err, "sts:"+inner.OperationName, otherwise)
		}
	}
	return c.reason(err, action, otherwise)
}

func (c *Config) reason(err error, action, otherwise string) string {
	where := "region " + c.Region
	if c.Endpoint != "" {
		where = c.Endpoint
	}
	switch code := code(err); code {
	case "":
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return "the credentials have expired (" + code + "); renew them, or use a role"
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired":
		return "the credentials are unknown in region " + c.Region + " (" + code + "); check the access key and the region"
	case "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "RequestTimeTooSkewed":
		return "the signature is refused (" + code + "); check the secret key, the region and this machine's clock"
	case "AccessDenied", "AccessDeniedException", "AuthorizationError", "AWS.SimpleQueueService.AccessDenied", "InvalidSecurity", "KMS.AccessDeniedException":
		return "not authorized; grant " + action + otherwise
	case "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue":
		return "does not exist in region " + c.Region
	case "UnknownError":
		return fmt.Sprintf("%s answered with status %d and not like AWS; check endpoint and region", where, status(err))
	default:
		if isThrottling(err) {
			return "throttled by AWS (" + code + "); lostorder slows down. Lower max_requests_per_second, or watch fewer queues"
		}
		return fmt.Sprintf("AWS refused %s with %s (status %d)", action, code, status(err))
	}
	if host, ok := errors.AsType[*net.DNSError](err); ok {
		return "cannot resolve " + host.Name + "; check region and endpoint"
	}
	var network *net.OpError
	var tooLarge tooLargeError
	switch {
	case errors.Is(err, errNoTime):
		return "not read in time; set a longer timeout and interval or a higher max_requests_per_second, or watch fewer queues"
	case errors.Is(err, errNoAnswer):
		return fmt.Sprintf("timeout: no answer within %s", c.requestTimeout().Round(time.Millisecond))
	case errors.Is(err, errNoCount):
		return err.Error() + "; check endpoint"
	case errors.As(err, &tooLarge):
		return where + ": " + tooLarge.Error() + ", so it is not AWS; check endpoint"
	case errors.As(err, &network):
		return "cannot connect: " + network.Error()
	case isServerFault(err):
		return fmt.Sprintf("%s failed with status %d", where, status(err))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the answer of " + where + " is truncated"
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return "the answer of " + where + " is not from AWS; check endpoint and region"
	}
	if text := err.Error(); strings.Contains(text, "credentials") || strings.Contains(text, "IMDS") {
		return "no credentials in the environment, the AWS files, a web identity or an instance role; set up one of them"
	}
	return "request to " + where + " failed: " + innermost(err)
}

// innermost returns the innermost error. The outer ones only name the SDK's layers.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
