/*
 * dastap: AWS Database Activity Streams, decoded in a sandbox.
 *
 * Written by cbindgen from the Rust declarations. Texts are UTF-8. Where a pointer and a length are expected, the
 * bytes need no zero at the end, and are not kept after the call.
 */

#ifndef DASTAP_H
#define DASTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// The version of this interface. It changes when a program has to be compiled again.
#define DASTAP_ABI_VERSION 1

// Room for the text of an error, its final zero included; a longer text is cut.
#define DASTAP_ERROR_ROOM 1024

// Room for a plaintext data key. AES-256 keys have 32 bytes.
#define DASTAP_KEY_ROOM 64

// What a call came to.
typedef enum dastap_code {
    // All is well.
    DASTAP_CODE_OK = 0,
    // A pointer is NULL that must not be, or a text is not UTF-8.
    DASTAP_CODE_ARGUMENT = 1,
    // A setting of the configuration is wrong; the text names it.
    DASTAP_CODE_SETTINGS = 2,
    // The configured key provider cannot be opened.
    DASTAP_CODE_KEYS = 3,
    // The sandbox cannot run on this machine.
    DASTAP_CODE_SANDBOX = 4,
    // A bug of the library. The decoder may be used further.
    DASTAP_CODE_INTERNAL = 5,
} dastap_code;

// What became of a record.
typedef enum dastap_stage {
    // It was decoded.
    DASTAP_STAGE_DECODED = 0,
    // The outer JSON.
    DASTAP_STAGE_ENVELOPE = 1,
    // The data key.
    DASTAP_STAGE_KEY = 2,
    // The encrypted message.
    DASTAP_STAGE_MESSAGE = 3,
    // The compressed document.
    DASTAP_STAGE_GUNZIP = 4,
    // The document's events.
    DASTAP_STAGE_EVENTS = 5,
    // The sandbox itself: trap, time or memory.
    DASTAP_STAGE_GUEST = 6,
} dastap_stage;

// What a key callback returns. Any other number counts as DASTAP_KEY_CODE_UNAVAILABLE.
typedef enum dastap_key_code {
    // The key is in the answer.
    DASTAP_KEY_CODE_FOUND = 0,
    // The key service said no: asking again is useless until somebody changes something.
    DASTAP_KEY_CODE_REFUSED = 1,
    // The key service said nothing: asking again later helps.
    DASTAP_KEY_CODE_UNAVAILABLE = 2,
} dastap_key_code;

// A decoder: the sandbox, its settings, its key cache. Any number of threads may use one at the same time.
typedef struct dastap_decoder dastap_decoder;

// Why a call failed.
typedef struct dastap_error {
    // The same as the call's answer.
    enum dastap_code code;
    // For people, in UTF-8: what was expected and what was found. Ends with a zero.
    char text[DASTAP_ERROR_ROOM];
} dastap_error;

// Bytes that somebody else owns; no zero at the end.
typedef struct dastap_bytes {
    // May be NULL where len is 0.
    const char *data;
    // How many.
    size_t len;
} dastap_bytes;

// A pair of the encryption context. For activity streams there is one: aws:rds:dbc-id or aws:rds:db-id.
typedef struct dastap_pair {
    // UTF-8.
    struct dastap_bytes name;
    // UTF-8.
    struct dastap_bytes value;
} dastap_pair;

// The request of KMS Decrypt. It is valid during the call.
typedef struct dastap_key_request {
    // The CiphertextBlob, at most 6144 bytes.
    struct dastap_bytes ciphertext;
    // The EncryptionContext, at most 8 pairs.
    const struct dastap_pair *context;
    // How many pairs.
    size_t context_len;
} dastap_key_request;

// Where a key callback writes its answer. The library wipes it.
typedef struct dastap_key_answer {
    // With DASTAP_KEY_CODE_FOUND: the length of the plaintext key.
    size_t key_len;
    // With DASTAP_KEY_CODE_FOUND: the plaintext key.
    uint8_t key[DASTAP_KEY_ROOM];
    // Else: why not, for people, in UTF-8, with a zero at its end. It reaches the verdict: no secrets.
    char text[DASTAP_ERROR_ROOM];
} dastap_key_answer;

// Decrypts a data key: one call of KMS Decrypt, in three lines of any SDK. It must return within 30 seconds and must
// not call this library. Returns a dastap_key_code.
typedef int32_t (*dastap_decrypt_key)(void *user_data,
                                      const struct dastap_key_request *request,
                                      struct dastap_key_answer *answer);

// Events of one record that share a route.
typedef struct dastap_output {
    // Where they go: "default" unless a rule says otherwise.
    struct dastap_bytes route;
    // Their lines, inside the result's buffer: NDJSON, each line ends with a newline.
    struct dastap_bytes lines;
    // The number of lines.
    uint32_t events;
} dastap_output;

// What became of one record: all of it, or nothing and the reason.
typedef struct dastap_verdict {
    // The record's place in the batch, from 0. Verdicts are in this order, one for each record.
    size_t record;
    // DASTAP_STAGE_DECODED, or the step that failed.
    enum dastap_stage stage;
    // Whether the same record may succeed later: the key service was away.
    bool retryable;
    // Of a failed record: a stable word to alert on, such as "not-authentic". Else empty.
    struct dastap_bytes reason;
    // Of a failed record: for people. Never payload, never a key. Else empty.
    struct dastap_bytes detail;
    // Events that are in the lines.
    uint32_t kept;
    // Events that a setting or a rule removed.
    uint32_t dropped;
    // How many of the record's events were heartbeats, kept or dropped.
    uint32_t heartbeats;
    // Where the record's lines begin in the result's buffer.
    size_t lines_start;
    // How many bytes of lines it has there, of all its routes.
    size_t lines_len;
    // The same lines by route.
    const struct dastap_output *outputs;
    // How many routes.
    size_t outputs_len;
} dastap_verdict;

// What became of a batch. Everything in it is freed by dastap_result_free.
typedef struct dastap_result {
    // The event lines of all records, in order, in one buffer: NDJSON.
    struct dastap_bytes lines;
    // One for each record.
    const struct dastap_verdict *verdicts;
    // How many records there were.
    size_t verdicts_len;
} dastap_result;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of this interface that the library was built with. Compare it with DASTAP_ABI_VERSION of the header.
uint32_t dastap_abi_version(void);

// The version of the library, such as "0.1.0".
const char *dastap_version(void);

// Makes a decoder from a configuration: YAML or JSON with the sections keys, transform and workers, or the settings of
// transform only. Without a section keys, AWS KMS is asked, with the Region and credentials that every AWS tool finds.
//
// On DASTAP_OK, *decoder is to be given to dastap_close. Else *decoder is NULL and *error, which may be a null
// pointer, says why. The library starts one thread: call this after fork, not before.
//
// # Safety
// `config` points to `config_len` bytes; `decoder` to a place for a pointer; `error` to a place for an error, or NULL.
enum dastap_code dastap_open(const char *config,
                             size_t config_len,
                             struct dastap_decoder **decoder,
                             struct dastap_error *error);

// The same with keys by a function of the caller's, instead of the configuration's: of the section keys only cache may
// be there. An answer is cached, so that one data key costs about one call an hour.
//
// decrypt is called on threads of the library, possibly on several at once, until dastap_close has returned.
//
// # Safety
// As dastap_open; `decrypt` may be called from any thread with `user_data` until the decoder is closed.
enum dastap_code dastap_open_with_keys(const char *config,
                                       size_t config_len,
                                       dastap_decrypt_key decrypt,
                                       void *user_data,
                                       struct dastap_decoder **decoder,
                                       struct dastap_error *error);

// Decodes a batch: outer JSON records of one stream, as Kinesis delivers them. resource is the stream's cluster-... or
// db-... id, its name or its ARN; NULL where the configuration has resources. Blocks, at most for the time that keys
// take.
//
// A record that cannot be decoded is not an error: its verdict says why. On DASTAP_OK, *result is to be given to
// dastap_result_free. Else *result is NULL, and *error, which may be a null pointer, says why.
//
// # Safety
// `decoder` is open; `records` points to `records_len` records, each of which points to its bytes; `resource` points to
// `resource_len` bytes or is NULL; `result` points to a place for a pointer; `error` to one for an error, or NULL.
enum dastap_code dastap_decode(const struct dastap_decoder *decoder,
                               const struct dastap_bytes *records,
                               size_t records_len,
                               const char *resource,
                               size_t resource_len,
                               const struct dastap_result **result,
                               struct dastap_error *error);

// The same for one record.
//
// # Safety
// As dastap_decode; `record` points to `record_len` bytes.
enum dastap_code dastap_decode_one(const struct dastap_decoder *decoder,
                                   const char *record,
                                   size_t record_len,
                                   const char *resource,
                                   size_t resource_len,
                                   const struct dastap_result **result,
                                   struct dastap_error *error);

// Frees a result and everything that it points to. NULL is ignored.
//
// # Safety
// `result` came from this library and was not freed before.
void dastap_result_free(const struct dastap_result *result);

// Closes a decoder, wipes its keys, and ends its thread; waits for a key callback that is running. NULL is ignored.
// Results that are still there stay valid.
//
// # Safety
// `decoder` came from this library, was not closed before, and no other thread uses it.
void dastap_close(struct dastap_decoder *decoder);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DASTAP_H */
