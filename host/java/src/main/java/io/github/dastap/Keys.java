package io.github.dastap;

import java.util.Map;

/**
 * Decrypts data keys: one call of KMS Decrypt. It is called on several threads at once, should answer within 10 seconds
 * and must within 30, and must not use the decoder that it serves. Its answers are cached by the decoder.
 */
@FunctionalInterface
public interface Keys {

    /**
     * The plaintext of a data key.
     *
     * @param ciphertext the CiphertextBlob, at most 6144 bytes
     * @param context the EncryptionContext: {@code aws:rds:dbc-id} or {@code aws:rds:db-id}
     * @return the key; the array is wiped after use, so give one that nobody else needs
     * @throws KeyRefusedException when asking again is useless until somebody changes something
     * @throws Exception when asking again later helps. Of a {@link KeyUnavailableException} the message reaches the
     *     verdict, of any other only the class: its message may hold anything
     */
    byte[] decrypt(byte[] ciphertext, Map<String, String> context) throws Exception;
}
