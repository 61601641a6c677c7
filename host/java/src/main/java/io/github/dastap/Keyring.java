package io.github.dastap;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Keys from a local JSON file, for tests and offline replay:
 * {@code {"keys":[{"ciphertext":base64,"context":{name:value},"plaintext":base64}]}}. Other members are ignored.
 *
 * <p>The file holds plaintext keys: keep it as you would keep the activity stream itself.
 */
public final class Keyring implements Keys {
    /** The longest keyring in bytes: some thirty thousand keys. */
    private static final int MAX_FILE = 16 * 1024 * 1024;

    private static final int SHOWN = 3;

    /** Ciphertext to context to key. */
    private final Map<ByteBuffer, Map<Map<String, String>, byte[]>> keys;

    private final int count;

    private Keyring(Map<ByteBuffer, Map<Map<String, String>, byte[]>> keys) {
        this.keys = keys;
        this.count = keys.values().stream().mapToInt(Map::size).sum();
    }

    /**
     * Reads a keyring file, and wipes the text afterwards.
     *
     * @param file its path
     * @return the keyring
     * @throws DastapException with the file, the entry and what to do; it shows nothing of the file's content
     */
    public static Keyring load(Path file) {
        byte[] json;
        try (InputStream opened = Files.newInputStream(file)) {
            json = opened.readNBytes(MAX_FILE + 1);
        } catch (IOException error) {
            String cause = error instanceof NoSuchFileException ? "there is no such file" : error.toString();
            throw new DastapException(
                    DastapException.Code.KEYS, "cannot read keyring " + file + ": " + cause, error);
        }
        try {
            return parse(json, file.toString());
        } finally {
            Arrays.fill(json, (byte) 0);
        }
    }

    /**
     * The same from text.
     *
     * @param json what the file would hold
     * @return the keyring
     * @throws DastapException as for {@link #load}
     */
    public static Keyring of(String json) {
        return parse(json.getBytes(StandardCharsets.UTF_8), "(text)");
    }

    private static Keyring parse(byte[] json, String name) {
        if (json.length > MAX_FILE) {
            throw new DastapException(
                    DastapException.Code.KEYS,
                    "keyring " + name + " is too large: expected at most " + MAX_FILE
                            + " bytes, split it by cluster or by time");
        }
        return new Keyring(new KeyringReader(name).read(json));
    }

    @Override
    public byte[] decrypt(byte[] ciphertext, Map<String, String> context) throws KeyRefusedException {
        Map<Map<String, String>, byte[]> known = keys.get(ByteBuffer.wrap(ciphertext));
        if (known == null) {
            throw new KeyRefusedException("none of the " + count
                    + " keys of the keyring is this record's: expected a keyring made for the same stream");
        }
        byte[] key = known.get(context);
        if (key == null) {
            // Like KMS, the keyring refuses; unlike KMS, it can say what would have been right.
            String others = known.keySet().stream().limit(SHOWN).map(Context::text).collect(Collectors.joining(" or "));
            throw new KeyRefusedException("the key is known, but for " + others + ", not for " + Context.text(context)
                    + ": check the resource id");
        }
        return key.clone();
    }

    /** How many keys it has, and none of them. */
    @Override
    public String toString() {
        return "Keyring(" + count + " keys)";
    }
}
