package kms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	dastap "github.com/dastap/dastap/host/go"
)

// longest is how much of a text of KMS itself is passed on.
const longest = 500

// A class says who has to do something. The classes are those of the dastap program.
type class int

const (
	// throttled is nobody's: the account's quota is used up.
	throttled class = iota
	// service is nobody's: KMS or the way to it is down.
	service
	// expired: the credentials must be renewed, which usually happens by itself.
	expired
	// refused: the record, the resource id, the KMS key or a policy is wrong.
	refused
)

// classOf is the class of a KMS error code; no code is an answer that did not come from KMS itself.
func classOf(code string, status int) class {
	switch code {
	case "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
		"TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException", "SlowDown":
		return throttled
	case "KMSInternalException", "KeyUnavailableException", "DependencyTimeoutException", "RequestTimeout",
		"RequestTimeoutException":
		return service
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return expired
	case "InvalidCiphertextException", "IncorrectKeyException":
		return refused
	}
	switch {
	case status == http.StatusTooManyRequests:
		return throttled
	// A proxy or a captive portal: KMS has refused nothing yet.
	case status >= 500 || code == "":
		return service
	// Whatever KMS refuses with a word that is new, too: a deleted access key must bite.
	default:
		return refused
	}
}

// A question is what was asked, for the texts. The blob is not part of it.
type question struct {
	region, context string
}

// explain makes the decoder's error of the SDK's.
func (asked question) explain(err error) error {
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer from kms in %s (time-out): check the network path and the endpoint", asked.region)
	}
	// A request that nobody answered has the status 0.
	if !errors.As(err, &response) || response.HTTPStatusCode() == 0 {
		return fmt.Errorf("no answer from kms in %s (%s): check the network path, the endpoint and the AWS credentials",
			asked.region, printable(cause(err)))
	}
	status, code, message := response.HTTPStatusCode(), "", ""
	// The SDK's own word where the answer has none.
	if errors.As(err, &api) && api.ErrorCode() != "UnknownError" {
		code, message = printable(api.ErrorCode()), printable(api.ErrorMessage())
	}
	says := fmt.Sprintf("kms in %s says %s", asked.region, code)
	if code == "" {
		says = fmt.Sprintf("kms in %s says HTTP status %d", asked.region, status)
	}
	switch classOf(code, status) {
	case throttled:
		return errors.New(says + ": the account's request quota for KMS is used up")
	case service:
		return errors.New(says + ": the service or the key's store is unavailable")
	case expired:
		return errors.New(says + ": renew the AWS credentials")
	}
	if message != "" {
		says += " (" + message + ")"
	}
	return dastap.Refused{Reason: says + ": " + asked.advice(code)}
}

// advice is what to do about a refusal.
func (asked question) advice(code string) string {
	switch code {
	case "InvalidCiphertextException":
		return "the record's key was not encrypted for " + asked.context +
			"; if every record says so, the resource id is wrong"
	case "AccessDeniedException", "AccessDenied":
		return "allow kms:Decrypt with the encryption context " + asked.context + " in the IAM and the key policy"
	case "DisabledException":
		return "enable the KMS key"
	case "KMSInvalidStateException":
		return "check the KMS key: it may be pending deletion, or its external key store may be failing"
	case "NotFoundException":
		return "check the region (" + asked.region + "): there is no such KMS key"
	case "InvalidGrantTokenException":
		return "check the grants of the KMS key"
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException":
		return "check the AWS credentials: KMS does not know or accept them"
	default:
		return "check the KMS key and the policies"
	}
}

// cause is the innermost error, which is where the useful words are ("connection refused").
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

// printable is a text from outside, bounded and on one line.
func printable(text string) string {
	letters := []rune(strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return ' '
		}
		return letter
	}, text))
	return string(letters[:min(len(letters), longest)])
}
