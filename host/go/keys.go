package dastap

/*
#include <dastap.h>
*/
import "C"

import (
	"errors"
	"runtime/cgo"
	"unsafe"
)

// Keys decrypts data keys: one call of KMS Decrypt. It is called on several threads at once, must answer within 30
// seconds, and must not use the decoder that it serves.
type Keys interface {
	// Decrypt returns the plaintext of the ciphertext blob under this encryption context. The slice is wiped after
	// use. An error that is a Refused is final until somebody changes something; any other may pass.
	Decrypt(ciphertext []byte, context map[string]string) ([]byte, error)
}

// Refused is the error of a key service that said no: access denied, disabled key, wrong context.
type Refused struct {
	// Reason is for people and reaches the verdict. No secrets.
	Reason string
}

func (refused Refused) Error() string { return refused.Reason }

//export dastapGoDecrypt
func dastapGoDecrypt(handle unsafe.Pointer, request *C.dastap_key_request, answer *C.dastap_key_answer) (code C.int32_t) {
	code = C.DASTAP_KEY_CODE_UNAVAILABLE
	defer func() {
		// A panic must not unwind into C.
		if recover() != nil {
			write(answer, "the key provider panicked")
		}
	}()
	keys := cgo.Handle(uintptr(handle)).Value().(Keys)
	context := make(map[string]string, int(request.context_len))
	for _, pair := range unsafe.Slice(request.context, int(request.context_len)) {
		context[text(pair.name)] = text(pair.value)
	}
	key, err := keys.Decrypt([]byte(text(request.ciphertext)), context)
	defer clear(key)
	var refused Refused
	switch {
	case errors.As(err, &refused):
		write(answer, err.Error())
		return C.DASTAP_KEY_CODE_REFUSED
	case err != nil:
		write(answer, err.Error())
		return C.DASTAP_KEY_CODE_UNAVAILABLE
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&answer.key[0])), len(answer.key)), key)
	answer.key_len = C.size_t(len(key))
	return C.DASTAP_KEY_CODE_FOUND
}

// write leaves a reason, cut to its room; the last byte stays the zero that the library put there.
func write(answer *C.dastap_key_answer, reason string) {
	room := unsafe.Slice((*byte)(unsafe.Pointer(&answer.text[0])), len(answer.text)-1)
	copy(room, reason)
}
