package io.github.dastap;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** Reads a keyring's JSON. What is wrong is said with the entry and without any of its content. */
final class KeyringReader {
    private static final String FORM =
            "{\"keys\":[{\"ciphertext\":base64,\"context\":{name:value},\"plaintext\":base64}]}";

    private static final int MAX_CIPHERTEXT = 6144;

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
            .build();

    private final String name;
    private final Map<ByteBuffer, Map<Map<String, String>, byte[]>> keys = new HashMap<>();

    /** The entry that is being read, from 1. */
    private int entry;

    /** {@code name}: the file's, for what is said. */
    KeyringReader(String name) {
        this.name = name;
    }

    Map<ByteBuffer, Map<Map<String, String>, byte[]>> read(byte[] json) {
        try (JsonParser parser = JSON.createParser(json)) {
            boolean hasKeys = false;
            expect(parser, parser.nextToken(), JsonToken.START_OBJECT);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                boolean isKeys = parser.currentName().equals("keys");
                parser.nextToken();
                if (isKeys) {
                    readKeys(parser);
                    hasKeys = true;
                } else {
                    parser.skipChildren();
                }
            }
            if (!hasKeys) {
                throw malformed("there is no list \"keys\"");
            }
            if (parser.nextToken() != null) {
                throw malformed("something stands behind its end");
            }
            return keys;
        } catch (JsonProcessingException error) {
            // Its text may quote what it found, which may be a key.
            throw malformed("it is no JSON" + place(error.getLocation()));
        } catch (IOException error) {
            throw malformed(error.getClass().getName());
        }
    }

    private void readKeys(JsonParser parser) throws IOException {
        expect(parser, parser.currentToken(), JsonToken.START_ARRAY);
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            entry++;
            expect(parser, parser.currentToken(), JsonToken.START_OBJECT);
            readEntry(parser);
        }
    }

    private void readEntry(JsonParser parser) throws IOException {
        byte[] ciphertext = null;
        byte[] plaintext = null;
        Map<String, String> context = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String member = parser.currentName();
            parser.nextToken();
            switch (member) {
                case "ciphertext" -> ciphertext = base64(parser, member);
                case "plaintext" -> plaintext = base64(parser, member);
                case "context" -> context = context(parser);
                default -> parser.skipChildren();
            }
        }
        if (ciphertext == null || plaintext == null) {
            throw wrong((ciphertext == null ? "\"ciphertext\"" : "\"plaintext\"") + " is missing: expected base64");
        }
        if (context == null) {
            throw wrong("\"context\" is missing: expected an object, such as {\"aws:rds:dbc-id\":\"cluster-...\"}");
        }
        if (ciphertext.length == 0 || ciphertext.length > MAX_CIPHERTEXT) {
            throw wrong("expected an encrypted key of 1 to " + MAX_CIPHERTEXT + " bytes, found " + ciphertext.length);
        }
        add(ciphertext, context, plaintext);
    }

    /** The same entry twice is harmless, two plaintexts for one blob and context are not. */
    private void add(byte[] ciphertext, Map<String, String> context, byte[] plaintext) {
        byte[] earlier = keys.computeIfAbsent(ByteBuffer.wrap(ciphertext), blob -> new LinkedHashMap<>())
                .putIfAbsent(context, plaintext);
        if (earlier != null && !MessageDigest.isEqual(earlier, plaintext)) {
            throw wrong("an earlier entry has the same ciphertext and context with another plaintext: "
                    + "remove the wrong one");
        }
    }

    private Map<String, String> context(JsonParser parser) throws IOException {
        expect(parser, parser.currentToken(), JsonToken.START_OBJECT);
        Map<String, String> context = new TreeMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String pair = parser.currentName();
            expect(parser, parser.nextToken(), JsonToken.VALUE_STRING);
            context.put(pair, parser.getText());
        }
        return context;
    }

    /** Standard base64 with padding, without a string of it, which could not be wiped. */
    private byte[] base64(JsonParser parser, String member) throws IOException {
        expect(parser, parser.currentToken(), JsonToken.VALUE_STRING);
        char[] signs = parser.getTextCharacters();
        int offset = parser.getTextOffset();
        byte[] text = new byte[parser.getTextLength()];
        for (int index = 0; index < text.length; index++) {
            char sign = signs[offset + index];
            text[index] = (byte) (sign < 0x80 ? sign : '?');
        }
        try {
            if (text.length % 4 == 0) {
                return Base64.getDecoder().decode(text);
            }
        } catch (IllegalArgumentException quotesASign) {
            // Said below, without the sign.
        } finally {
            Arrays.fill(text, (byte) 0);
        }
        throw wrong("\"" + member + "\" is not base64: expected the standard alphabet with padding, " + text.length
                + " characters found");
    }

    private void expect(JsonParser parser, JsonToken found, JsonToken expected) {
        if (found != expected) {
            throw malformed("wrong type" + place(parser.currentTokenLocation()));
        }
    }

    private static String place(JsonLocation location) {
        return location == null ? "" : " at line " + location.getLineNr() + " column " + location.getColumnNr();
    }

    private DastapException malformed(String problem) {
        return new DastapException(
                DastapException.Code.KEYS, "keyring " + name + " cannot be read: " + problem + "; expected " + FORM);
    }

    private DastapException wrong(String problem) {
        return new DastapException(
                DastapException.Code.KEYS, "keyring " + name + ", key " + entry + ": " + problem);
    }
}
