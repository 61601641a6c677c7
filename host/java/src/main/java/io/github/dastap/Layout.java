package io.github.dastap;

/**
 * Where the members of the structs of {@code dastap.h} lie, in bytes, on machines with 64 bits; the sandbox runs on no
 * others. A test compares every number here with what a C compiler says, by its name.
 */
final class Layout {
    static final int ABI_VERSION = 1;
    static final int ERROR_ROOM = 1024;
    static final int KEY_ROOM = 64;

    static final int KEY_CODE_FOUND = 0;
    static final int KEY_CODE_REFUSED = 1;
    static final int KEY_CODE_UNAVAILABLE = 2;

    static final class Bytes {
        static final int SIZE = 16;
        static final int DATA = 0;
        static final int LEN = 8;
    }

    static final class Error {
        static final int SIZE = 1028;
        static final int TEXT = 4;
    }

    static final class Pair {
        static final int SIZE = 32;
        static final int NAME = 0;
        static final int VALUE = 16;
    }

    static final class KeyRequest {
        static final int CIPHERTEXT = 0;
        static final int CONTEXT = 16;
        static final int CONTEXT_LEN = 24;
    }

    static final class KeyAnswer {
        static final int KEY_LEN = 0;
        static final int KEY = 8;
        static final int TEXT = 72;
    }

    static final class Output {
        static final int SIZE = 40;
        static final int ROUTE = 0;
        static final int LINES = 16;
        static final int EVENTS = 32;
    }

    static final class Verdict {
        static final int SIZE = 96;
        static final int STAGE = 8;
        static final int RETRYABLE = 12;
        static final int REASON = 16;
        static final int DETAIL = 32;
        static final int KEPT = 48;
        static final int DROPPED = 52;
        static final int HEARTBEATS = 56;
        static final int OUTPUTS = 80;
        static final int OUTPUTS_LEN = 88;
    }

    static final class Result {
        static final int VERDICTS = 16;
        static final int VERDICTS_LEN = 24;
    }

    private Layout() {}
}
