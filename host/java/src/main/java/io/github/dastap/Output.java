package io.github.dastap;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Events of one record that share a route. */
public final class Output {
    private final String route;
    private final byte[] bytes;
    private final int events;

    Output(String route, byte[] bytes, int events) {
        this.route = route;
        this.bytes = bytes;
        this.events = events;
    }

    /**
     * Where the events go.
     *
     * @return {@code default} unless a rule says otherwise
     */
    public String route() {
        return route;
    }

    /**
     * The events, as a sink takes them.
     *
     * @return NDJSON in UTF-8, each line with a line feed at its end; not a copy, so leave it as it is
     */
    public byte[] bytes() {
        return bytes;
    }

    /**
     * The same as text. It is made at every call, which takes a good part of the time of decoding.
     *
     * @return NDJSON, each line with a line feed at its end
     */
    public String lines() {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /**
     * How many events there are.
     *
     * @return the number of lines
     */
    public int events() {
        return events;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Output output
                && route.equals(output.route)
                && Arrays.equals(bytes, output.bytes)
                && events == output.events;
    }

    @Override
    public int hashCode() {
        return 31 * route.hashCode() + Arrays.hashCode(bytes);
    }

    /** The route and how much goes there, not what: logs are no place for events. */
    @Override
    public String toString() {
        return "Output(" + route + ", " + events + " events, " + bytes.length + " bytes)";
    }
}
