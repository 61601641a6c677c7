package io.github.dastap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Keys by a function: what it throws stays on this side, and its key does not stay. */
class KeysTest {
    private static List<byte[]> record;
    private static String resource;

    @BeforeAll
    static void read() throws IOException {
        record = Suite.goodBatch().subList(0, 1);
        resource = Suite.resource();
    }

    @Test
    void whatItThrowsBecomesAVerdict() {
        check("refused", "the vault is sealed", (ciphertext, context) -> {
            throw new KeyRefusedException("the vault is sealed");
        });
        check("unavailable", "the vault is away", (ciphertext, context) -> {
            throw new KeyUnavailableException("the vault is away");
        });
        check("unavailable", "the key provider failed with java.io.IOException", (ciphertext, context) -> {
            throw new IOException("a text that may hold anything");
        });
        check("unavailable", "the key provider failed with java.lang.AssertionError", (ciphertext, context) -> {
            throw new AssertionError("a text that may hold anything");
        });
        check("unavailable", "the key provider failed with java.lang.StackOverflowError", (ciphertext, context) -> {
            throw new StackOverflowError(String.valueOf(deep(0)));
        });
        check("refused", "expected a key from the key provider, found null", (ciphertext, context) -> null);
        check("refused", "expected a key of 1 to 64 bytes from the key callback, found 65", (ciphertext, context) ->
                new byte[65]);
        check("refused", "null", (ciphertext, context) -> {
            throw new KeyRefusedException(null);
        });
    }

    @Test
    void aLongTextIsCutBetweenCharacters() {
        check("refused", "x" + "\u20ac".repeat(340), (ciphertext, context) -> {
            throw new KeyRefusedException("x" + "\u20ac".repeat(2000));
        });
    }

    @Test
    void theKeyIsWipedWhenItHasBeenHandedOver() throws Exception {
        Keyring keyring = Keyring.load(Suite.keyring());
        AtomicReference<byte[]> given = new AtomicReference<>();
        Keys keys = (ciphertext, context) -> {
            assertEquals(Map.of("aws:rds:dbc-id", resource), context);
            given.set(keyring.decrypt(ciphertext, context));
            return given.get();
        };
        try (Decoder decoder = Decoder.builder().keys(keys).build()) {
            assertInstanceOf(Verdict.Decoded.class, decoder.decode(record, resource).get(0));
            assertArrayEquals(new byte[32], given.get());
            assertInstanceOf(Verdict.Decoded.class, decoder.decode(record, resource).get(0));
        }
    }

    private static void check(String reason, String detail, Keys keys) {
        try (Decoder decoder = Decoder.builder().keys(keys).build()) {
            Verdict.Failed failed =
                    assertInstanceOf(Verdict.Failed.class, decoder.decode(record, resource).get(0));
            assertEquals(Stage.KEY, failed.stage());
            assertEquals(reason, failed.reason());
            assertEquals(detail, failed.detail());
            assertEquals(reason.equals("unavailable"), failed.retryable());
            assertTrue(!failed.toString().contains("may hold anything"), failed.toString());
        }
    }

    private static int deep(int depth) {
        return deep(depth + 1) + 1;
    }
}
