// Package dastap decodes AWS Database Activity Streams: encrypted records in, event lines out.
//
// It is libdastap, the C library, with a Go face: `make capi` builds it, and PKG_CONFIG_PATH must name its folder
// target/capi/lib/pkgconfig. Settings are those of the dastap program.
package dastap

/*
#cgo pkg-config: dastap
#include <dastap.h>
#include <stdint.h>
#include <stdlib.h>

int32_t dastapGoDecrypt(void *user_data, dastap_key_request *request, dastap_key_answer *answer);

static dastap_code open_with_keys(const char *config, size_t len, uintptr_t keys, dastap_decoder **decoder,
                                  dastap_error *error) {
    return dastap_open_with_keys(config, len, (dastap_decrypt_key)dastapGoDecrypt, (void *)keys, decoder, error);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/cgo"
	"sync"
	"unsafe"
)

// ErrClosed is the answer of a decoder after Close.
var ErrClosed = errors.New("dastap: the decoder is closed")

// A Decoder holds the sandbox and the key cache. Any number of goroutines may use one at the same time.
type Decoder struct {
	lock   sync.RWMutex
	handle *C.dastap_decoder
	keys   cgo.Handle
}

// A Verdict says what became of one record: all of it, or nothing and the reason.
type Verdict struct {
	// Failure is nil when the record was decoded.
	Failure *Failure
	// Outputs has the events that were kept, by route.
	Outputs []Output
	// Kept and Dropped together are the events of the record; Heartbeats are those among them.
	Kept, Dropped, Heartbeats uint32
}

// An Output is events that share a route.
type Output struct {
	// Route is "default" unless a rule says otherwise.
	Route string
	// Lines is NDJSON; each line ends with a newline.
	Lines string
	// Events is the number of lines.
	Events uint32
}

// A Failure says why a record gave no events.
type Failure struct {
	// Stage is the step that failed: envelope, key, message, gunzip, events or guest.
	Stage string
	// Reason is a stable word to alert on.
	Reason string
	// Detail is for people. It holds neither payload nor keys.
	Detail string
	// Retryable says that the same record may succeed later: the key service was away.
	Retryable bool
}

func (failure *Failure) Error() string {
	return fmt.Sprintf("%s/%s: %s", failure.Stage, failure.Reason, failure.Detail)
}

var stages = [...]string{"", "envelope", "key", "message", "gunzip", "events", "guest"}

// Open makes a decoder from a configuration: YAML or JSON with the sections keys, transform and workers, or the
// settings of transform only. With keys nil, the configuration says who decrypts data keys, AWS KMS by default;
// else keys does, behind the library's cache. Close it after use.
func Open(config string, keys Keys) (*Decoder, error) {
	text := C.CString(config)
	defer C.free(unsafe.Pointer(text))
	decoder := &Decoder{}
	var problem C.dastap_error
	var code C.dastap_code
	if keys == nil {
		code = C.dastap_code(C.dastap_open(text, C.size_t(len(config)), &decoder.handle, &problem))
	} else {
		decoder.keys = cgo.NewHandle(keys)
		code = C.open_with_keys(text, C.size_t(len(config)), C.uintptr_t(decoder.keys), &decoder.handle, &problem)
	}
	if code != C.DASTAP_CODE_OK {
		decoder.release()
		return nil, wrong(&problem)
	}
	return decoder, nil
}

// Decode gives one verdict for each record, in order. Records are outer JSON records of one stream, as Kinesis
// delivers them; resource is the stream's cluster-... or db-... id, its name or ARN, or "" where the configuration has
// resources. The error is never about a record.
func (decoder *Decoder) Decode(records [][]byte, resource string) ([]Verdict, error) {
	decoder.lock.RLock()
	defer decoder.lock.RUnlock()
	if decoder.handle == nil {
		return nil, ErrClosed
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	views := make([]C.dastap_bytes, len(records))
	for index, record := range records {
		if len(record) > 0 {
			data := unsafe.SliceData(record)
			pinner.Pin(data)
			views[index] = C.dastap_bytes{data: (*C.char)(unsafe.Pointer(data)), len: C.size_t(len(record))}
		}
	}
	var stream *C.char
	if resource != "" {
		stream = C.CString(resource)
		defer C.free(unsafe.Pointer(stream))
	}
	var result *C.dastap_result
	var problem C.dastap_error
	code := C.dastap_decode(decoder.handle, unsafe.SliceData(views), C.size_t(len(views)), stream,
		C.size_t(len(resource)), &result, &problem)
	if code != C.DASTAP_CODE_OK {
		return nil, wrong(&problem)
	}
	defer C.dastap_result_free(result)
	verdicts := make([]Verdict, 0, len(records))
	for _, verdict := range unsafe.Slice(result.verdicts, int(result.verdicts_len)) {
		verdicts = append(verdicts, read(&verdict))
	}
	return verdicts, nil
}

// Close frees the decoder and wipes its keys, after the calls that are running.
func (decoder *Decoder) Close() {
	decoder.lock.Lock()
	defer decoder.lock.Unlock()
	C.dastap_close(decoder.handle)
	decoder.handle = nil
	decoder.release()
}

func (decoder *Decoder) release() {
	if decoder.keys != 0 {
		decoder.keys.Delete()
		decoder.keys = 0
	}
}

func read(verdict *C.dastap_verdict) Verdict {
	if verdict.stage != C.DASTAP_STAGE_DECODED {
		return Verdict{Failure: &Failure{
			Stage:     stages[verdict.stage],
			Reason:    text(verdict.reason),
			Detail:    text(verdict.detail),
			Retryable: bool(verdict.retryable),
		}}
	}
	outputs := make([]Output, 0, int(verdict.outputs_len))
	for _, output := range unsafe.Slice(verdict.outputs, int(verdict.outputs_len)) {
		outputs = append(outputs, Output{text(output.route), text(output.lines), uint32(output.events)})
	}
	return Verdict{
		Outputs:    outputs,
		Kept:       uint32(verdict.kept),
		Dropped:    uint32(verdict.dropped),
		Heartbeats: uint32(verdict.heartbeats),
	}
}

func text(bytes C.dastap_bytes) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(bytes.data)), int(bytes.len)))
}

func wrong(problem *C.dastap_error) error {
	return fmt.Errorf("dastap: %s", C.GoString(&problem.text[0]))
}
