package io.github.dastap;

/** A call failed: a setting is wrong, a keyring cannot be read, the library cannot run. Never about a record. */
public final class DastapException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Who has to do something. */
    public enum Code {
        /** The caller: an argument cannot be right. */
        ARGUMENT,
        /** Whoever wrote the configuration; the message names the setting. */
        SETTINGS,
        /** Whoever provides keys: the configured provider or the keyring cannot be opened. */
        KEYS,
        /** Whoever set up the machine: the library or its sandbox cannot run here. */
        SANDBOX,
        /** The authors: a bug of the library. The decoder may be used further. */
        INTERNAL
    }

    /** Why the call failed. */
    private final Code code;

    DastapException(Code code, String message) {
        this(code, message, null);
    }

    DastapException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /**
     * Why the call failed.
     *
     * @return its kind; the message has what was expected and what was found
     */
    public Code code() {
        return code;
    }
}
