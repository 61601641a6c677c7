// Package kms answers a dastap.Decoder with AWS KMS, by the AWS SDK for Go. A module of its own: whoever has other keys
// needs no SDK.
package kms

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// Limit is how long one question may take, retries included; the decoder gives up after 30 seconds.
const Limit = 25 * time.Second

// Keys asks KMS, once for each data key that the decoder's cache does not have. It needs kms:Decrypt on the stream's
// KMS key and nothing else.
type Keys struct {
	// Client is used as it is: Region, credentials and retries are the caller's.
	Client *kms.Client
}

// Decrypt is KMS Decrypt. An answer that asking again does not change is a dastap.Refused; what may pass is another
// error: throttling, an outage, credentials that have expired.
func (keys Keys) Decrypt(ciphertext []byte, encryptionContext map[string]string) ([]byte, error) {
	limited, cancel := context.WithTimeout(context.Background(), Limit)
	defer cancel()
	answer, err := keys.Client.Decrypt(limited, &kms.DecryptInput{
		CiphertextBlob:    ciphertext,
		EncryptionContext: encryptionContext,
	})
	if err != nil {
		return nil, question{keys.Client.Options().Region, pairs(encryptionContext)}.explain(err)
	}
	return answer.Plaintext, nil
}

// pairs is an encryption context for people.
func pairs(encryptionContext map[string]string) string {
	var told []string
	for _, name := range slices.Sorted(maps.Keys(encryptionContext)) {
		told = append(told, name+" = "+encryptionContext[name])
	}
	return strings.Join(told, ", ")
}
