package io.github.dastap;

/** The key service said no: access denied, disabled key, wrong context. */
public final class KeyRefusedException extends Exception {
    private static final long serialVersionUID = 1;

    /**
     * A refusal.
     *
     * @param message for people; it reaches the verdict: no secrets
     */
    public KeyRefusedException(String message) {
        super(message);
    }
}
