/* Every way in which a call can fail, and what it leaves behind. Prints nothing and returns 0 when all is as the header
 * says; else it names the line. The argument is an encrypted record whose stream is cluster-... of the second one. */
#include <dastap.h>
#include <stdio.h>
#include <string.h>

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "line %d: expected %s; error %d: %s\n", __LINE__, #condition, (int)error.code, error.text); \
            return 1; \
        } \
    } while (0)

static dastap_error error;

static dastap_code open_text(const char *config, dastap_decoder **decoder) {
    return dastap_open(config, strlen(config), decoder, &error);
}

/* Answers as the number behind user_data says. */
static int32_t decrypt(void *user_data, const dastap_key_request *request, dastap_key_answer *answer) {
    int way = *(int *)user_data;
    if (request->context_len != 1 || request->ciphertext.len == 0) return -1;
    switch (way) {
    case 0: answer->key_len = 32; memset(answer->key, 7, 32); return DASTAP_KEY_CODE_FOUND;
    case 1: strcpy(answer->text, "access denied"); return DASTAP_KEY_CODE_REFUSED;
    case 2: strcpy(answer->text, "throttled"); return DASTAP_KEY_CODE_UNAVAILABLE;
    case 3: return DASTAP_KEY_CODE_FOUND; /* no key */
    case 4: answer->key_len = DASTAP_KEY_ROOM + 1; return DASTAP_KEY_CODE_FOUND;
    case 5: memset(answer->text, 'x', sizeof answer->text); return DASTAP_KEY_CODE_REFUSED; /* no zero */
    default: return 99;
    }
}

static int is(dastap_bytes bytes, const char *text) {
    return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

static int has(dastap_bytes bytes, const char *text) {
    char room[2048];
    snprintf(room, sizeof room, "%.*s", (int)bytes.len, bytes.data);
    return strstr(room, text) != NULL;
}

static int opening(void) {
    dastap_decoder *decoder = (dastap_decoder *)1;
    EXPECT(open_text("heartbeat: drop", &decoder) == DASTAP_CODE_SETTINGS);
    EXPECT(!decoder && error.code == DASTAP_CODE_SETTINGS);
    EXPECT(!strcmp(error.text, "transform.heartbeat: unknown setting; did you mean `heartbeats`?"));
    EXPECT(open_text("keys: { keyring: no/such.json }", &decoder) == DASTAP_CODE_KEYS && !decoder);
    EXPECT(strstr(error.text, "no/such.json"));
    EXPECT(dastap_open(NULL, 3, &decoder, &error) == DASTAP_CODE_ARGUMENT && !decoder);
    EXPECT(dastap_open("\xff", 1, &decoder, &error) == DASTAP_CODE_ARGUMENT && !decoder);
    EXPECT(dastap_open("", 0, NULL, &error) == DASTAP_CODE_ARGUMENT);
    EXPECT(dastap_open("a: [", 4, &decoder, NULL) == DASTAP_CODE_SETTINGS && !decoder);
    EXPECT(dastap_open_with_keys("", 0, NULL, NULL, &decoder, &error) == DASTAP_CODE_ARGUMENT && !decoder);
    int way = 0;
    const char *config = "keys: { provider: kms }";
    EXPECT(dastap_open_with_keys(config, strlen(config), decrypt, &way, &decoder, &error) == DASTAP_CODE_SETTINGS);
    EXPECT(!decoder && strstr(error.text, "expected `cache` at most"));
    /* A name so long that the text is cut. */
    char wide[4096] = "shape: ";
    memset(wide + 7, 'x', 4000);
    EXPECT(open_text(wide, &decoder) == DASTAP_CODE_SETTINGS && strlen(error.text) < sizeof error.text);
    dastap_close(NULL);
    dastap_result_free(NULL);
    return 0;
}

static int arguments(dastap_decoder *decoder) {
    const dastap_result *result = (const dastap_result *)1;
    dastap_bytes nothing = {NULL, 5}, record = {"{}", 2};
    EXPECT(dastap_decode(NULL, &record, 1, NULL, 0, &result, &error) == DASTAP_CODE_ARGUMENT && !result);
    EXPECT(dastap_decode(decoder, NULL, 1, NULL, 0, &result, &error) == DASTAP_CODE_ARGUMENT && !result);
    EXPECT(dastap_decode(decoder, &record, SIZE_MAX, NULL, 0, &result, &error) == DASTAP_CODE_ARGUMENT && !result);
    EXPECT(dastap_decode(decoder, &nothing, 1, NULL, 0, &result, &error) == DASTAP_CODE_ARGUMENT && !result);
    EXPECT(dastap_decode(decoder, &record, 1, "\xff", 1, &result, &error) == DASTAP_CODE_ARGUMENT && !result);
    EXPECT(dastap_decode(decoder, &record, 1, NULL, 0, NULL, &error) == DASTAP_CODE_ARGUMENT);
    EXPECT(dastap_decode(decoder, NULL, 0, NULL, 0, &result, &error) == DASTAP_CODE_OK);
    EXPECT(error.code == DASTAP_CODE_OK && !error.text[0] && result->verdicts_len == 0 && result->lines.len == 0);
    dastap_result_free(result);
    EXPECT(dastap_decode_one(decoder, "\xff\xfe", 2, NULL, 0, &result, NULL) == DASTAP_CODE_OK);
    EXPECT(result->verdicts[0].stage == DASTAP_STAGE_ENVELOPE && is(result->verdicts[0].reason, "not-json"));
    dastap_result_free(result);
    EXPECT(dastap_decode_one(decoder, NULL, 0, NULL, 0, &result, &error) == DASTAP_CODE_OK);
    EXPECT(result->verdicts[0].stage == DASTAP_STAGE_ENVELOPE && result->verdicts[0].detail.len > 0);
    dastap_result_free(result);
    return 0;
}

static int key_answers(const char *record, const char *resource) {
    static const struct { const char *reason, *detail; int retryable; } expected[] = {
        {"", "", 0}, {"refused", "access denied", 0}, {"unavailable", "throttled", 1},
        {"refused", "found 0", 0}, {"refused", "found 65", 0}, {"refused", "xxx", 0},
        {"unavailable", "the key callback gave no reason", 1},
    };
    for (int way = 0; way < 7; way++) {
        dastap_decoder *decoder;
        const dastap_result *result;
        EXPECT(dastap_open_with_keys("", 0, decrypt, &way, &decoder, &error) == DASTAP_CODE_OK);
        EXPECT(dastap_decode_one(decoder, record, strlen(record), resource, strlen(resource), &result, &error) == 0);
        const dastap_verdict *verdict = &result->verdicts[0];
        /* A wrong key is found out by the message, every other answer ends the record in stage key. */
        EXPECT(verdict->stage == (way ? DASTAP_STAGE_KEY : DASTAP_STAGE_MESSAGE));
        EXPECT(!way || is(verdict->reason, expected[way].reason));
        EXPECT(has(verdict->detail, expected[way].detail) && verdict->retryable == !!expected[way].retryable);
        dastap_result_free(result);
        dastap_close(decoder);
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3 || strcmp(dastap_version(), "0.1.0")) return 2;
    if (opening() || key_answers(argv[1], argv[2])) return 1;
    dastap_decoder *decoder;
    int way = 1;
    EXPECT(dastap_open_with_keys("", 0, decrypt, &way, &decoder, &error) == DASTAP_CODE_OK);
    int failed = arguments(decoder);
    dastap_close(decoder);
    return failed;
}
