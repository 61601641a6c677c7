package io.github.dastap;

import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Copies what C points to onto the heap of Java, so that nothing outlives the call. */
final class Result {
    private static final int DECODED = 0;
    private static final Stage[] STAGES = Stage.values();

    /** The verdicts of a {@code dastap_result}. */
    static List<Verdict> verdicts(Pointer result) {
        int length = Math.toIntExact(result.getLong(Layout.Result.VERDICTS_LEN));
        List<Verdict> verdicts = new ArrayList<>(length);
        Pointer array = result.getPointer(Layout.Result.VERDICTS);
        for (long index = 0; index < length; index++) {
            verdicts.add(verdict(array, index * Layout.Verdict.SIZE));
        }
        return Collections.unmodifiableList(verdicts);
    }

    private static Verdict verdict(Pointer array, long at) {
        int stage = array.getInt(at + Layout.Verdict.STAGE);
        if (stage != DECODED) {
            return new Verdict.Failed(
                    STAGES[stage - 1],
                    text(array, at + Layout.Verdict.REASON),
                    text(array, at + Layout.Verdict.DETAIL),
                    array.getByte(at + Layout.Verdict.RETRYABLE) != 0);
        }
        return new Verdict.Decoded(
                outputs(array, at),
                array.getInt(at + Layout.Verdict.KEPT),
                array.getInt(at + Layout.Verdict.DROPPED),
                array.getInt(at + Layout.Verdict.HEARTBEATS));
    }

    private static List<Output> outputs(Pointer verdicts, long verdict) {
        int length = Math.toIntExact(verdicts.getLong(verdict + Layout.Verdict.OUTPUTS_LEN));
        Output[] outputs = new Output[length];
        Pointer array = verdicts.getPointer(verdict + Layout.Verdict.OUTPUTS);
        for (int index = 0; index < length; index++) {
            long at = (long) index * Layout.Output.SIZE;
            outputs[index] = new Output(
                    text(array, at + Layout.Output.ROUTE),
                    bytes(array, at + Layout.Output.LINES),
                    array.getInt(at + Layout.Output.EVENTS));
        }
        return List.of(outputs);
    }

    /** The text of a {@code dastap_bytes} that lies {@code at} bytes from a pointer. */
    static String text(Pointer pointer, long at) {
        return new String(bytes(pointer, at), StandardCharsets.UTF_8);
    }

    /** Its bytes. */
    static byte[] bytes(Pointer pointer, long at) {
        long length = pointer.getLong(at + Layout.Bytes.LEN);
        if (length > Integer.MAX_VALUE - 8) {
            throw new DastapException(
                    DastapException.Code.SANDBOX,
                    "expected lines that a Java array can hold, found " + length
                            + " bytes of one record: set a smaller limits.plaintext");
        }
        // An empty text may have no address.
        return length == 0
                ? new byte[0]
                : pointer.getPointer(at + Layout.Bytes.DATA).getByteArray(0, (int) length);
    }

    private Result() {}
}
