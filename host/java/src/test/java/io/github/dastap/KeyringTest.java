package io.github.dastap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keyrings: what is found in them, and what is said of wrong ones. */
class KeyringTest {
    private static final Map<String, String> CONTEXT = Map.of("aws:rds:dbc-id", "cluster-A");

    @Test
    void aKeyIsFoundByBlobAndContext() throws Exception {
        Keyring keyring = Keyring.of(
                """
                {"version": [1, {"keys": 2}], "keys": [
                  {"ciphertext": "YQ==", "context": {"aws:rds:dbc-id": "cluster-A"}, "plaintext": "AAEC", "note": {}},
                  {"ciphertext": "YQ==", "context": {"aws:rds:dbc-id": "cluster-\\nB"}, "plaintext": "AwQF"},
                  {"ciphertext": "YQ==", "context": {"aws:rds:dbc-id": "cluster-A"}, "plaintext": "AAEC"}]}""");
        assertEquals("Keyring(2 keys)", keyring.toString());
        byte[] key = keyring.decrypt(new byte[] {'a'}, CONTEXT);
        assertArrayEquals(new byte[] {0, 1, 2}, key);
        key[0] = 9;
        assertArrayEquals(new byte[] {0, 1, 2}, keyring.decrypt(new byte[] {'a'}, CONTEXT));
        assertEquals(
                "none of the 2 keys of the keyring is this record's: expected a keyring made for the same stream",
                assertThrows(KeyRefusedException.class, () -> keyring.decrypt(new byte[] {'b'}, CONTEXT))
                        .getMessage());
        assertEquals(
                "the key is known, but for aws:rds:dbc-id = cluster-A or aws:rds:dbc-id = cluster-\\u{a}B, "
                        + "not for no encryption context: check the resource id",
                assertThrows(KeyRefusedException.class, () -> keyring.decrypt(new byte[] {'a'}, Map.of()))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
            {"keys":[{"plaintext":"c2VjcmV0",              | cannot be read: it is no JSON at line 1 column
            {"keys":[],"keys":[]}                          | cannot be read: it is no JSON at line 1 column
            {"keys":[]} {                                  | cannot be read: something stands behind its end
            {"keys":"c2VjcmV0"}                            | cannot be read: wrong type at line 1 column 9; expected
            []                                             | cannot be read: wrong type at line 1 column 1; expected
            ``                                             | cannot be read: wrong type at line 1 column 0; expected
            {}                                             | cannot be read: there is no list "keys"; expected {"keys":
            {"keys":[{}]}                                  | , key 1: "ciphertext" is missing: expected base64
            {"keys":[{"ciphertext":"YQ==","context":{}}]}  | , key 1: "plaintext" is missing: expected base64
            {"keys":[{"ciphertext":"YQ==","plaintext":"YQ=="}]} | , key 1: "context" is missing: expected an object
            {"keys":[{"ciphertext":"YQ"}]}                 | , key 1: "ciphertext" is not base64: expected the standard
            {"keys":[{"plaintext":"c2VjcmV*"}]}            | , key 1: "plaintext" is not base64: expected the standard
            {"keys":[{"ciphertext":"","context":{},"plaintext":""}]} | , key 1: expected an encrypted key of 1 to 6144
            {"keys":[{"ciphertext":"YQ==","context":{},"plaintext":"YQ=="},{"ciphertext":"YQ==","context":{},"plaintext":"YWE="}]} | , key 2: an earlier entry has the same ciphertext and context with another plaintext
            """)
    void aWrongOneIsNamedAndNotQuoted(String json, String expected) {
        DastapException error = assertThrows(DastapException.class, () -> Keyring.of(json));
        assertEquals(DastapException.Code.KEYS, error.code());
        String begin = expected.startsWith(",") ? "keyring (text)" : "keyring (text) ";
        assertTrue(error.getMessage().startsWith(begin + expected), error.getMessage());
        assertTrue(!error.getMessage().contains("c2Vj"), error.getMessage());
    }

    @Test
    void aFileThatCannotBeRead(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("keys.json");
        assertEquals("cannot read keyring " + file + ": there is no such file", problem(file));
        Files.write(file, new byte[16 * 1024 * 1024 + 1]);
        assertEquals(
                "keyring " + file + " is too large: expected at most 16777216 bytes, split it by cluster or by time",
                problem(file));
    }

    private static String problem(Path file) {
        return assertThrows(DastapException.class, () -> Keyring.load(file)).getMessage();
    }
}
