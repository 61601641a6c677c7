package io.github.dastap;

import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** A decoder of C, open or closed. It knows nothing of its {@link Decoder}, so that it can clean up after that. */
final class Handle implements Runnable {
    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    /** C calls it until the decoder is closed; JNA alone would not keep it. */
    private final KeyCallback keys;

    /** Null once it is closed. */
    private Pointer decoder;

    /** {@code keys} is null where the configuration has them. */
    Handle(String config, KeyCallback keys) {
        Library.load();
        this.keys = keys;
        byte[] text = config.getBytes(StandardCharsets.UTF_8);
        try (Call call = new Call(text.length)) {
            Pointer place = call.put(text);
            int code = keys == null
                    ? Library.dastap_open(place, text.length, call.answer(), call.error())
                    : Library.dastap_open_with_keys(place, text.length, keys, null, call.answer(), call.error());
            call.check(code);
            decoder = call.answer().getPointer(0);
        }
    }

    List<Verdict> decode(byte[][] records, String resource) {
        byte[] stream = resource == null ? new byte[0] : resource.getBytes(StandardCharsets.UTF_8);
        long room = stream.length + (long) records.length * Layout.Bytes.SIZE;
        for (byte[] record : records) {
            room += record.length;
        }
        Lock reading = lock.readLock();
        reading.lock();
        try (Call call = new Call(room)) {
            if (decoder == null) {
                throw new IllegalStateException("the decoder is closed: expected an open one, build another");
            }
            Pointer views = call.put(records);
            Pointer name = resource == null ? null : call.put(stream);
            call.check(Library.dastap_decode(
                    decoder, views, records.length, name, stream.length, call.answer(), call.error()));
            Pointer result = call.answer().getPointer(0);
            try {
                return Result.verdicts(result);
            } finally {
                Library.dastap_result_free(result);
            }
        } finally {
            reading.unlock();
        }
    }

    /** Closes it, after the calls that are running; at most once. */
    @Override
    public void run() {
        Lock closing = lock.writeLock();
        closing.lock();
        try {
            if (decoder != null) {
                Library.dastap_close(decoder);
                decoder = null;
            }
        } finally {
            closing.unlock();
        }
    }
}
