/* The runner of the suite in tests/embedding: cases on standard input, answers on standard output, a line of JSON each.
 * The files that a case names are in the working directory. */
#include <dastap.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const STAGES[] = {"", "envelope", "key", "message", "gunzip", "events", "guest"};

/* Ends the program where it has nothing to go on with. */
static void *need(void *value, const char *what) {
    if (value) return value;
    fprintf(stderr, "expected %s, found none\n", what);
    exit(2);
}

/* Standard base64 with its padding. */
static dastap_bytes from_base64(const char *text, size_t len) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *bytes = need(malloc(len / 4 * 3 + 1), "memory"), *end = bytes;
    unsigned group = 0;
    for (size_t i = 0; i < len && text[i] != '='; i++) {
        const char *digit = need(strchr(digits, text[i]), "base64");
        group = group << 6 | (unsigned)(digit - digits);
        if (i % 4) *end++ = (char)(group >> (6 - 2 * (i % 4)) & 0xff);
    }
    return (dastap_bytes){bytes, (size_t)(end - bytes)};
}

static json_t *text(dastap_bytes bytes) {
    return need(json_stringn(bytes.len ? bytes.data : "", bytes.len), "UTF-8");
}

static json_t *decoded(const dastap_verdict *verdict) {
    json_t *outputs = json_array();
    for (size_t i = 0; i < verdict->outputs_len; i++) {
        const dastap_output *output = &verdict->outputs[i];
        json_array_append_new(outputs, json_pack("{s:o, s:o, s:I}", "route", text(output->route), "lines",
                                                 text(output->lines), "events", (json_int_t)output->events));
    }
    return json_pack("{s:{s:o, s:I, s:I, s:I}}", "decoded", "outputs", outputs, "kept", (json_int_t)verdict->kept,
                     "dropped", (json_int_t)verdict->dropped, "heartbeats", (json_int_t)verdict->heartbeats);
}

static json_t *failed(const dastap_verdict *verdict) {
    return json_pack("{s:{s:s, s:o, s:o, s:b}}", "failed", "stage", STAGES[verdict->stage], "reason",
                     text(verdict->reason), "detail", text(verdict->detail), "retryable", (int)verdict->retryable);
}

static json_t *verdicts(const dastap_decoder *decoder, const json_t *records, const char *resource) {
    size_t count = json_array_size(records);
    dastap_bytes *batch = need(malloc((count + 1) * sizeof *batch), "memory");
    for (size_t i = 0; i < count; i++) {
        const json_t *record = json_array_get(records, i);
        batch[i] = from_base64(need((void *)json_string_value(record), "a record"), json_string_length(record));
    }
    const dastap_result *result;
    dastap_error error;
    if (dastap_decode(decoder, batch, count, resource, resource ? strlen(resource) : 0, &result, &error)) {
        fprintf(stderr, "dastap_decode: %s\n", error.text);
        exit(1);
    }
    /* Nothing in a result points into the records. */
    for (size_t i = 0; i < count; i++) free((void *)batch[i].data);
    free(batch);
    json_t *all = json_array();
    for (size_t i = 0; i < result->verdicts_len; i++) {
        const dastap_verdict *verdict = &result->verdicts[i];
        json_array_append_new(all, verdict->stage == DASTAP_STAGE_DECODED ? decoded(verdict) : failed(verdict));
    }
    dastap_result_free(result);
    return all;
}

static json_t *answer(const json_t *asked) {
    json_t *name = json_object_get(asked, "case");
    json_t *config = json_pack("{s:{s:O}, s:O}", "keys", "keyring", json_object_get(asked, "keyring"), "transform",
                               json_object_get(asked, "config"));
    char *config_text = need(json_dumps(config, JSON_COMPACT), "a case with keyring and config");
    dastap_decoder *decoder;
    dastap_error error;
    dastap_code code = dastap_open(config_text, strlen(config_text), &decoder, &error);
    free(config_text);
    json_decref(config);
    if (code) return json_pack("{s:O, s:s}", "case", name, "error", error.text);
    const char *resource = json_string_value(json_object_get(asked, "resource"));
    json_t *said = verdicts(decoder, json_object_get(asked, "records"), resource);
    dastap_close(decoder);
    return json_pack("{s:O, s:o}", "case", name, "verdicts", said);
}

/* Whether another case comes. */
static int more(void) {
    int next;
    do next = getchar();
    while (next == '\n');
    return next != EOF && ungetc(next, stdin) == next;
}

int main(void) {
    while (more()) {
        json_error_t error;
        json_t *asked = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &error);
        if (!asked) {
            fprintf(stderr, "expected a case, found %s\n", error.text);
            return 2;
        }
        json_t *said = need(answer(asked), "an answer that JSON can hold");
        if (json_dumpf(said, stdout, JSON_COMPACT) || putchar('\n') == EOF) return 2;
        json_decref(said);
        json_decref(asked);
    }
    return 0;
}
