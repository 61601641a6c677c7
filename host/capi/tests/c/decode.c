/* Decodes a file of records through libdastap, in the way that its first argument names:
 *
 *     decode batch|one|threads|callback CONFIG RECORDS RESOURCE|- [KEYS]
 *
 * Event lines go to standard output; failed records to standard error, one line each: place, stage, reason. */
#include <dastap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4096
#define THREADS 4

static dastap_bytes read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(2); }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *data = malloc((size_t)size + 1);
    if (fread(data, 1, (size_t)size, file) != (size_t)size) { perror(path); exit(2); }
    fclose(file);
    data[size] = 0;
    return (dastap_bytes){data, (size_t)size};
}

static size_t split(dastap_bytes text, dastap_bytes *lines) {
    size_t count = 0;
    const char *end = text.data + text.len;
    for (const char *line = text.data; line < end && count < MOST; count++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline ? newline : end;
        lines[count] = (dastap_bytes){line, (size_t)(stop - line)};
        line = stop + 1;
    }
    return count;
}

static void fail(const char *call, const dastap_error *error) {
    fprintf(stderr, "%s: %d: %s\n", call, (int)error->code, error->text);
    exit(1);
}

/* What the header promises of a result, whatever the records were. */
static void check(const dastap_result *result, size_t records) {
    size_t end = 0, outputs = 0;
    int good = result->verdicts_len == records;
    for (size_t i = 0; good && i < records; i++) {
        const dastap_verdict *verdict = &result->verdicts[i];
        good = verdict->record == i && verdict->lines_start == end;
        size_t bytes = 0, events = 0;
        for (size_t o = 0; good && o < verdict->outputs_len; o++) {
            const dastap_output *output = &verdict->outputs[o];
            good = output->route.len > 0 && output->lines.data == result->lines.data + end + bytes
                && output->lines.data[output->lines.len - 1] == '\n';
            bytes += output->lines.len;
            events += output->events;
        }
        outputs += verdict->outputs_len;
        int failed = verdict->stage != DASTAP_STAGE_DECODED;
        good = good && bytes == verdict->lines_len && events == verdict->kept
            && failed == (verdict->reason.len > 0) && (!failed || (bytes == 0 && verdict->detail.len > 0));
        end += bytes;
    }
    if (!good || end != result->lines.len) {
        fprintf(stderr, "a result that is not as promised, %zu outputs\n", outputs);
        exit(3);
    }
}

static void print(const dastap_result *result, size_t first) {
    fwrite(result->lines.data, 1, result->lines.len, stdout);
    for (size_t i = 0; i < result->verdicts_len; i++) {
        const dastap_verdict *verdict = &result->verdicts[i];
        if (verdict->stage == DASTAP_STAGE_DECODED) continue;
        fprintf(stderr, "%zu %d %.*s\n", first + i, (int)verdict->stage, (int)verdict->reason.len,
                verdict->reason.data);
    }
}

/* Keys out of lines "ciphertext name value key", bytes in hexadecimal. */
struct keys {
    dastap_bytes lines[MOST];
    size_t count;
    atomic_int calls;
};

static int same_hex(dastap_bytes bytes, const char *hex) {
    char two[3];
    for (size_t i = 0; i < bytes.len; i++, hex += 2) {
        snprintf(two, sizeof two, "%02x", (unsigned char)bytes.data[i]);
        if (memcmp(two, hex, 2)) return 0;
    }
    return *hex == ' ';
}

static int same_text(dastap_bytes bytes, const char *text, size_t len) {
    return bytes.len == len && !memcmp(bytes.data, text, len);
}

static int32_t decrypt(void *user_data, const dastap_key_request *request, dastap_key_answer *answer) {
    struct keys *keys = user_data;
    keys->calls++;
    for (size_t i = 0; i < keys->count; i++) {
        const char *name = strchr(keys->lines[i].data, ' ') + 1;
        const char *value = strchr(name, ' ') + 1, *key = strchr(value, ' ') + 1;
        if (!same_hex(request->ciphertext, keys->lines[i].data) || request->context_len != 1
            || !same_text(request->context[0].name, name, (size_t)(value - name - 1))
            || !same_text(request->context[0].value, value, (size_t)(key - value - 1)))
            continue;
        unsigned byte;
        for (; *key != '\n' && sscanf(key, "%2x", &byte) == 1; key += 2) answer->key[answer->key_len++] = (uint8_t)byte;
        return DASTAP_KEY_CODE_FOUND;
    }
    strcpy(answer->text, "no such key here");
    return DASTAP_KEY_CODE_REFUSED;
}

struct job {
    dastap_decoder *decoder;
    const dastap_bytes *records;
    size_t count;
    const char *resource;
    const dastap_result *result;
};

static void *work(void *argument) {
    struct job *job = argument;
    dastap_error error;
    size_t resource_len = job->resource ? strlen(job->resource) : 0;
    if (dastap_decode(job->decoder, job->records, job->count, job->resource, resource_len, &job->result, &error))
        fail("dastap_decode", &error);
    check(job->result, job->count);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 5 || dastap_abi_version() != DASTAP_ABI_VERSION) return 2;
    const char *way = argv[1], *resource = strcmp(argv[4], "-") ? argv[4] : NULL;
    dastap_bytes config = read_file(argv[2]), text = read_file(argv[3]), key_text = {0};
    static dastap_bytes records[MOST];
    static struct keys keys;
    size_t count = split(text, records);
    dastap_decoder *decoder;
    dastap_error error;

    if (!strcmp(way, "callback")) {
        key_text = read_file(argv[5]);
        keys.count = split(key_text, keys.lines);
        if (dastap_open_with_keys(config.data, config.len, decrypt, &keys, &decoder, &error))
            fail("dastap_open_with_keys", &error);
    } else if (dastap_open(config.data, config.len, &decoder, &error)) {
        fail("dastap_open", &error);
    }

    struct job jobs[THREADS];
    pthread_t threads[THREADS];
    int parallel = !strcmp(way, "threads") || !strcmp(way, "callback") ? THREADS : 1;
    if (!strcmp(way, "one")) {
        for (size_t i = 0; i < count; i++) {
            const dastap_result *result;
            if (dastap_decode_one(decoder, records[i].data, records[i].len, resource, resource ? strlen(resource) : 0,
                                  &result, &error))
                fail("dastap_decode_one", &error);
            check(result, 1);
            print(result, i);
            dastap_result_free(result);
        }
        parallel = 0;
    }
    for (int t = 0; t < parallel; t++) {
        jobs[t] = (struct job){decoder, records, count, resource, NULL};
        pthread_create(&threads[t], NULL, work, &jobs[t]);
    }
    for (int t = 0; t < parallel; t++) pthread_join(threads[t], NULL);
    dastap_close(decoder); /* Results outlive it. */
    for (int t = 0; t < parallel; t++) {
        const dastap_bytes one = jobs[0].result->lines, other = jobs[t].result->lines;
        if (one.len != other.len || memcmp(one.data, other.data, one.len)) return 4;
    }
    if (parallel) print(jobs[0].result, 0);
    for (int t = 0; t < parallel; t++) dastap_result_free(jobs[t].result);
    if (!strcmp(way, "callback")) fprintf(stderr, "calls %d\n", (int)keys.calls);
    free((void *)config.data);
    free((void *)text.data);
    free((void *)key_text.data);
    return 0;
}
