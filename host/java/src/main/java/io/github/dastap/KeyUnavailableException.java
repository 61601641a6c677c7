package io.github.dastap;

/** The key service said nothing: throttled, no connection, time-out. The record is retryable. */
public final class KeyUnavailableException extends Exception {
    private static final long serialVersionUID = 1;

    /**
     * An outage.
     *
     * @param message for people; it reaches the verdict: no secrets
     */
    public KeyUnavailableException(String message) {
        super(message);
    }
}
