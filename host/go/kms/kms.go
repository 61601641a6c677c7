// Package kms answers a dastap.Decoder with AWS KMS, by the AWS SDK for Go. A module of its own: whoever has other keys
// needs no SDK.
package kms

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	dastap "github.com/dastap/dastap/host/go"
)

// Limit is how long one question may take, retries included; the decoder gives up after 30 seconds.
const Limit = 25 * time.Second

// Keys asks KMS.
type Keys struct {
	// Client is used as it is: Region, credentials and retries are the caller's.
	Client *kms.Client
}

// final are the errors that asking again does not change.
var final = map[string]bool{
	"AccessDeniedException":       true,
	"DisabledException":           true,
	"IncorrectKeyException":       true,
	"InvalidCiphertextException":  true,
	"InvalidGrantTokenException":  true,
	"InvalidKeyUsageException":    true,
	"KMSInvalidStateException":    true,
	"NotFoundException":           true,
	"UnrecognizedClientException": true,
}

// Decrypt is KMS Decrypt.
func (keys Keys) Decrypt(ciphertext []byte, encryptionContext map[string]string) ([]byte, error) {
	limited, cancel := context.WithTimeout(context.Background(), Limit)
	defer cancel()
	answer, err := keys.Client.Decrypt(limited, &kms.DecryptInput{
		CiphertextBlob:    ciphertext,
		EncryptionContext: encryptionContext,
	})
	var api smithy.APIError
	switch {
	case err == nil:
		return answer.Plaintext, nil
	case errors.As(err, &api) && final[api.ErrorCode()]:
		return nil, dastap.Refused{Reason: "KMS refused: " + api.ErrorCode()}
	case errors.As(err, &api):
		return nil, errors.New("KMS did not answer: " + api.ErrorCode())
	default:
		return nil, errors.New("KMS did not answer")
	}
}
