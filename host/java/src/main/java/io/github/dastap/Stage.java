package io.github.dastap;

import java.util.Locale;

/** The steps of a record's way, in order. */
public enum Stage {
    /** The outer JSON. */
    ENVELOPE,
    /** The data key. */
    KEY,
    /** The encrypted message. */
    MESSAGE,
    /** The compressed document. */
    GUNZIP,
    /** The document's events. */
    EVENTS,
    /** The sandbox itself: trap, time or memory. */
    GUEST;

    /** The stage as every host writes it, such as {@code message}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
