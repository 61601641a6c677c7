package kms_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	dastap "github.com/dastap/dastap/host/go"
	dastapkms "github.com/dastap/dastap/host/go/kms"
)

const region = "eu-west-1"

// keysAt is a provider whose client fails at once where the SDK would try again.
func keysAt(endpoint string) dastapkms.Keys {
	return dastapkms.Keys{Client: kms.New(kms.Options{
		Region:           region,
		BaseEndpoint:     aws.String(endpoint),
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		RetryMaxAttempts: 1,
	})}
}

func open(t *testing.T, keys dastap.Keys) *dastap.Decoder {
	t.Helper()
	decoder, err := dastap.Open("", keys)
	must(t, err)
	t.Cleanup(decoder.Close)
	return decoder
}

// linesOf are the lines of records that are all decoded.
func linesOf(t *testing.T, verdicts []dastap.Verdict) string {
	t.Helper()
	var lines strings.Builder
	for _, verdict := range verdicts {
		if verdict.Failure != nil {
			t.Fatal(verdict.Failure)
		}
		for _, output := range verdict.Outputs {
			lines.WriteString(output.Lines)
		}
	}
	return lines.String()
}

// TestOneCallForEachDataKey, however many goroutines ask at once, and with a client as the environment configures it.
func TestOneCallForEachDataKey(t *testing.T) {
	service := startKMS(t)
	stream := streamOf(t, service)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_KMS": service.endpoint, "AWS_REGION": region,
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	settings, err := config.LoadDefaultConfig(context.Background())
	must(t, err)
	decoder := open(t, dastapkms.Keys{Client: kms.NewFromConfig(settings)})
	var found [6][]dastap.Verdict
	var group sync.WaitGroup
	for place := range found {
		group.Add(1)
		go func() {
			defer group.Done()
			var err error
			if found[place], err = decoder.Decode(stream.records, stream.resource); err != nil {
				t.Error(err)
			}
		}()
	}
	group.Wait()
	for _, verdicts := range found {
		if linesOf(t, verdicts) != stream.lines {
			t.Error("other lines than the program's")
		}
	}
	if calls := service.calls(); calls != stream.dataKeys || calls < 4 {
		t.Errorf("%d calls for %d data keys", calls, stream.dataKeys)
	}
}

// failure is what becomes of the stream's first record with these keys.
func failure(t *testing.T, keys dastap.Keys, stream stream, resource string) *dastap.Failure {
	t.Helper()
	verdicts, err := open(t, keys).Decode(stream.records[:1], resource)
	must(t, err)
	if verdicts[0].Failure == nil {
		t.Fatal("expected a failure, found events")
	}
	return verdicts[0].Failure
}

// TestEachAnswerHasItsClassAndAdvice: what KMS says stays said, what may pass may be tried again.
func TestEachAnswerHasItsClassAndAdvice(t *testing.T) {
	service := startKMS(t)
	stream := streamOf(t, service)
	for _, one := range []struct {
		status    int
		code      string
		retryable bool
		expected  string
	}{
		{400, "AccessDeniedException", false, "(as the test wants it): allow kms:Decrypt with the encryption context " +
			"aws:rds:dbc-id = " + stream.resource + " in the IAM and the key policy"},
		{409, "DisabledException", false, "(as the test wants it): enable the KMS key"},
		{409, "KMSInvalidStateException", false, "it may be pending deletion"},
		{404, "NotFoundException", false, "check the region (eu-west-1)"},
		{400, "UnrecognizedClientException", false, "check the AWS credentials"},
		{400, "BrandNewException", false, "check the KMS key and the policies"},
		{400, "ExpiredTokenException", true, ": renew the AWS credentials"},
		{400, "ThrottlingException", true, ": the account's request quota for KMS is used up"},
		{429, "BrandNewException", true, ": the account's request quota for KMS is used up"},
		{500, "KMSInternalException", true, ": the service or the key's store is unavailable"},
		{503, "BrandNewException", true, ": the service or the key's store is unavailable"},
	} {
		service.fail(one.status, one.code, 1)
		found := failure(t, keysAt(service.endpoint), stream, stream.resource)
		expectKey(t, found, one.retryable, fmt.Sprintf("kms in eu-west-1 says %s", one.code), one.expected)
	}
}

// TestAnotherContext: KMS itself refuses a key that was encrypted for another stream.
func TestAnotherContext(t *testing.T) {
	service := startKMS(t)
	stream := streamOf(t, service)
	found := failure(t, keysAt(service.endpoint), stream, "cluster-OTHER")
	expectKey(t, found, false, "kms in eu-west-1 says InvalidCiphertextException: the record's key was not encrypted for "+
		"aws:rds:dbc-id = cluster-OTHER; if every record says so, the resource id is wrong")
}

// TestDisabledKey: nothing is decoded with a key that was disabled, and the key that was cached before stays.
func TestDisabledKey(t *testing.T) {
	service := startKMS(t)
	stream := streamOf(t, service)
	before := open(t, keysAt(service.endpoint))
	verdicts, err := before.Decode(stream.records, stream.resource)
	must(t, err)
	lines := linesOf(t, verdicts)
	service.ask(map[string]any{"do": "disable"}, &struct{}{})
	expectKey(t, failure(t, keysAt(service.endpoint), stream, stream.resource), false, "says DisabledException")
	verdicts, err = before.Decode(stream.records, stream.resource)
	must(t, err)
	if linesOf(t, verdicts) != lines {
		t.Error("other lines than before")
	}
}

// TestOneFailureThatPasses: the SDK tries again by itself.
func TestOneFailureThatPasses(t *testing.T) {
	service := startKMS(t)
	stream := streamOf(t, service)
	service.fail(500, "KMSInternalException", 1)
	keys := keysAt(service.endpoint)
	keys.Client = kms.New(keys.Client.Options(), func(options *kms.Options) { options.RetryMaxAttempts = 3 })
	verdicts, err := open(t, keys).Decode(stream.records, stream.resource)
	must(t, err)
	if linesOf(t, verdicts) != stream.lines {
		t.Error("other lines than the program's")
	}
	if calls := service.calls(); calls != stream.dataKeys+1 {
		t.Errorf("%d calls for %d data keys and one failure", calls, stream.dataKeys)
	}
}

// TestWhatAProxySaysRefusesNothing: only KMS can refuse.
func TestWhatAProxySaysRefusesNothing(t *testing.T) {
	service := startKMS(t)
	stream := streamOf(t, service)
	for _, status := range []int{200, 403, 404, 503} {
		proxy := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
			writer.Header().Set("Content-Type", "text/html")
			writer.WriteHeader(status)
			fmt.Fprint(writer, "<html>please sign in</html>")
		}))
		found := failure(t, keysAt(proxy.URL), stream, stream.resource)
		proxy.Close()
		expectKey(t, found, true, "kms in eu-west-1")
		if strings.Contains(found.Detail, "sign in") {
			t.Error("the page of the proxy:", found.Detail)
		}
	}
}

// TestNobodyThere, and nobody to ask as.
func TestNobodyThere(t *testing.T) {
	service := startKMS(t)
	stream := streamOf(t, service)
	keys := keysAt("http://127.0.0.1:1")
	expectKey(t, failure(t, keys, stream, stream.resource), true, "no answer from kms in eu-west-1", "connection refused",
		"check the network path")
	keys.Client = kms.New(keys.Client.Options(), func(options *kms.Options) {
		options.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("the role is gone")
		})
	})
	expectKey(t, failure(t, keys, stream, stream.resource), true, "no answer from kms in eu-west-1", "the role is gone",
		"the AWS credentials")
}

// expectKey expects a failure of the step `key` whose detail begins or goes on so.
func expectKey(t *testing.T, found *dastap.Failure, retryable bool, details ...string) {
	t.Helper()
	reason := map[bool]string{true: "unavailable", false: "refused"}[retryable]
	if found.Stage != "key" || found.Reason != reason || found.Retryable != retryable {
		t.Errorf("expected key/%s, retryable %t, found %v, retryable %t", reason, retryable, found, found.Retryable)
	}
	for _, detail := range details {
		if !strings.Contains(found.Detail, detail) {
			t.Errorf("expected %q, found %q", detail, found.Detail)
		}
	}
}
