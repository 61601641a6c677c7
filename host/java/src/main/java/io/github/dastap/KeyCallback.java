package io.github.dastap;

import com.sun.jna.CallbackThreadInitializer;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** {@link Keys} as the function that the C library calls, on threads of its own. Nothing thrown here reaches C. */
final class KeyCallback implements Library.DecryptKey {
    private final Keys keys;

    KeyCallback(Keys keys) {
        this.keys = keys;
        // Daemons: a key service that hangs must not hold up the end of the program.
        Native.setCallbackThreadInitializer(this, new CallbackThreadInitializer(true, true, "dastap-keys"));
    }

    @Override
    public int decrypt(Pointer userData, Pointer request, Pointer answer) {
        try {
            return ask(request, answer);
        } catch (Throwable error) {
            // The heap or the stack of the provider's code is full: say only what needs neither.
            return Layout.KEY_CODE_UNAVAILABLE;
        }
    }

    private int ask(Pointer request, Pointer answer) {
        byte[] key = null;
        try {
            byte[] ciphertext = Result.bytes(request, Layout.KeyRequest.CIPHERTEXT);
            key = keys.decrypt(ciphertext, context(request));
            if (key == null) {
                return refuse(answer, "expected a key from the key provider, found null");
            }
            // The library refuses a key that is too long, and says so.
            answer.write(Layout.KeyAnswer.KEY, key, 0, Math.min(key.length, Layout.KEY_ROOM));
            answer.setLong(Layout.KeyAnswer.KEY_LEN, key.length);
            return Layout.KEY_CODE_FOUND;
        } catch (KeyRefusedException refused) {
            return refuse(answer, refused.getMessage());
        } catch (KeyUnavailableException unavailable) {
            say(answer, unavailable.getMessage());
        } catch (Throwable error) {
            say(answer, "the key provider failed with " + error.getClass().getName());
        } finally {
            if (key != null) {
                Arrays.fill(key, (byte) 0);
            }
        }
        return Layout.KEY_CODE_UNAVAILABLE;
    }

    private static Map<String, String> context(Pointer request) {
        Map<String, String> context = new TreeMap<>();
        Pointer pairs = request.getPointer(Layout.KeyRequest.CONTEXT);
        long length = request.getLong(Layout.KeyRequest.CONTEXT_LEN);
        for (long pair = 0; pair < length * Layout.Pair.SIZE; pair += Layout.Pair.SIZE) {
            context.put(Result.text(pairs, pair + Layout.Pair.NAME), Result.text(pairs, pair + Layout.Pair.VALUE));
        }
        return context;
    }

    private static int refuse(Pointer answer, String reason) {
        say(answer, reason);
        return Layout.KEY_CODE_REFUSED;
    }

    /** Leaves a reason, cut between characters to its room; the last byte stays the zero that the library put there. */
    private static void say(Pointer answer, String reason) {
        byte[] text = String.valueOf(reason).replace('\0', ' ').getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, Layout.ERROR_ROOM - 1);
        while (length < text.length && length > 0 && (text[length] & 0xC0) == 0x80) {
            length--;
        }
        answer.write(Layout.KeyAnswer.TEXT, text, 0, length);
    }
}
