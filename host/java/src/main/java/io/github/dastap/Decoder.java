package io.github.dastap;

import java.lang.ref.Cleaner;
import java.util.List;
import java.util.Objects;

/**
 * Decodes records of AWS Database Activity Streams. It holds the sandbox and the key cache.
 *
 * <p>Any number of threads may use one at the same time; each call holds its thread while it decodes. Close it after
 * use: that frees its memory and wipes its keys. One that is forgotten is closed when it is collected.
 */
public final class Decoder implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final Handle handle;
    private final Cleaner.Cleanable closing;

    private Decoder(Handle handle) {
        this.handle = handle;
        this.closing = CLEANER.register(this, handle);
    }

    /**
     * A decoder in the making. Without any setting it takes all defaults, and keys from AWS KMS by the library's own
     * client.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Decodes a batch of a stream that the configuration names in {@code resources}.
     *
     * @param records outer JSON records, as Kinesis delivers them
     * @return one verdict for each record, in order
     * @throws DastapException never about a record
     * @throws IllegalStateException when the decoder is closed
     */
    public List<Verdict> decode(List<byte[]> records) {
        return decode(records, null);
    }

    /**
     * Decodes a batch. The records are copied; a batch of about 100 records or 4 MiB is large enough.
     *
     * @param records outer JSON records of one stream, as Kinesis delivers them
     * @param resource the stream's {@code cluster-...} or {@code db-...} id, its name or its ARN; null where the
     *     configuration has {@code resources}
     * @return one verdict for each record, in order
     * @throws DastapException never about a record
     * @throws IllegalStateException when the decoder is closed
     */
    public List<Verdict> decode(List<byte[]> records, String resource) {
        byte[][] batch = records.toArray(byte[][]::new);
        for (int index = 0; index < batch.length; index++) {
            if (batch[index] == null) {
                throw new NullPointerException("record " + index + " is null: expected its bytes");
            }
        }
        return handle.decode(batch, resource);
    }

    /** Waits for the calls that are running, frees the decoder and wipes its keys. A second time it does nothing. */
    @Override
    public void close() {
        closing.clean();
    }

    /** Says how to decode. */
    public static final class Builder {
        private String config = "";
        private Keys keys;

        private Builder() {}

        /**
         * The configuration of the dastap program.
         *
         * @param config YAML or JSON with the sections {@code keys}, {@code transform} and {@code workers}, or the
         *     settings of {@code transform} only; by default all defaults
         * @return this builder
         */
        public Builder config(String config) {
            this.config = Objects.requireNonNull(config, "config is null: expected YAML or JSON");
            return this;
        }

        /**
         * Who decrypts data keys, behind the library's cache. Of the section {@code keys} of the configuration only
         * {@code cache} may then be there.
         *
         * @param keys such as {@link KmsKeys} or {@link Keyring}; by default the configuration says who
         * @return this builder
         */
        public Builder keys(Keys keys) {
            this.keys = Objects.requireNonNull(keys, "keys is null: expected KmsKeys, a Keyring, or a function");
            return this;
        }

        /**
         * Opens the decoder.
         *
         * @return a decoder to be closed
         * @throws DastapException when a setting is wrong, keys cannot be had, or the library cannot run here
         */
        public Decoder build() {
            return new Decoder(new Handle(config, keys == null ? null : new KeyCallback(keys)));
        }
    }
}
