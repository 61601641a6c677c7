package io.github.dastap;

import java.util.List;

/** What became of one record: all of it, or nothing and the reason. */
public sealed interface Verdict {

    /**
     * The record was read completely. {@code kept + dropped} is its number of events.
     *
     * @param outputs the events that were kept, by route; none when no event was
     * @param kept events that are in the lines
     * @param dropped events that a setting or a rule removed
     * @param heartbeats how many of the events were heartbeats, kept or dropped
     */
    record Decoded(List<Output> outputs, int kept, int dropped, int heartbeats) implements Verdict {}

    /**
     * The record gave no events. Keep it: nothing here holds its bytes.
     *
     * @param stage the step that failed
     * @param reason a stable word to alert on, such as {@code not-authentic}
     * @param detail for people; it holds neither payload nor keys
     * @param retryable the same record may succeed later: the key service was away
     */
    record Failed(Stage stage, String reason, String detail, boolean retryable) implements Verdict {

        /** {@code stage/reason: detail} */
        @Override
        public String toString() {
            return stage + "/" + reason + ": " + detail;
        }
    }
}
