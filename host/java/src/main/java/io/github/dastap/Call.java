package io.github.dastap;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;

/** The memory of one call into C: places for its answer and its error, then the arguments. Closing it frees all. */
final class Call implements AutoCloseable {
    private static final int ANSWER = 0;
    private static final int ERROR = ANSWER + 8;
    /** Behind the error, and where an array of structs may begin. */
    private static final int ARGUMENTS = (ERROR + Layout.Error.SIZE + 7) / 8 * 8;

    private static final DastapException.Code[] CODES = DastapException.Code.values();

    private final Memory memory;
    private long end = ARGUMENTS;

    /** {@code room}: bytes that the arguments take. */
    Call(long room) {
        memory = new Memory(ARGUMENTS + room);
    }

    /** Where C writes a pointer. */
    Pointer answer() {
        return memory.share(ANSWER);
    }

    /** Where C writes why it failed. */
    Pointer error() {
        return memory.share(ERROR);
    }

    /** Copies an argument; gives its place. */
    Pointer put(byte[] bytes) {
        memory.write(end, bytes, 0, bytes.length);
        Pointer place = memory.share(end);
        end += bytes.length;
        return place;
    }

    /** Copies an array of byte strings, as {@code dastap_bytes}; the first of the arguments, as it must be aligned. */
    Pointer put(byte[][] strings) {
        Pointer views = memory.share(end);
        end += (long) strings.length * Layout.Bytes.SIZE;
        long view = 0;
        for (byte[] bytes : strings) {
            views.setPointer(view + Layout.Bytes.DATA, put(bytes));
            views.setLong(view + Layout.Bytes.LEN, bytes.length);
            view += Layout.Bytes.SIZE;
        }
        return views;
    }

    /** Throws what C wrote, unless the call came to OK. */
    void check(int code) {
        if (code != 0) {
            String text = error().getString(Layout.Error.TEXT, StandardCharsets.UTF_8.name());
            throw new DastapException(CODES[code - 1], text);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
