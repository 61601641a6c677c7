package io.github.dastap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The decoder's own promises; what it decodes is ConformanceTest's. */
class DecoderTest {
    private static final int THREADS = 16;

    private static List<byte[]> batch;
    private static String resource;
    private static Keyring keyring;

    @BeforeAll
    static void read() throws Exception {
        batch = Suite.goodBatch();
        resource = Suite.resource();
        keyring = Keyring.load(Suite.keyring());
    }

    @Test
    void manyThreadsShareOneCacheAndEachGetsTheSame() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Keys counting = (ciphertext, context) -> {
            asked.incrementAndGet();
            return keyring.decrypt(ciphertext, context);
        };
        try (Decoder decoder = Decoder.builder().keys(counting).build()) {
            List<List<Verdict>> all = together(() -> decoder.decode(batch, resource));
            List<Verdict> alone = decoder.decode(batch, resource);
            assertEquals(batch.size(), alone.size());
            assertNotEquals(alone.get(0), alone.get(1));
            assertTrue(alone.stream().allMatch(Verdict.Decoded.class::isInstance), alone.toString());
            assertEquals(Suite.dataKeys(), asked.get());
            for (List<Verdict> verdicts : all) {
                assertEquals(alone, verdicts);
            }
        }
    }

    @Test
    void aClosedDecoderSaysSo() {
        Decoder decoder = Decoder.builder().keys(keyring).build();
        decoder.close();
        decoder.close();
        String message = assertThrows(IllegalStateException.class, () -> decoder.decode(batch, resource))
                .getMessage();
        assertEquals("the decoder is closed: expected an open one, build another", message);
    }

    @Test
    void closingWaitsForTheCallsThatRun() throws Exception {
        Decoder decoder = Decoder.builder().keys(keyring).build();
        List<Verdict> expected = decoder.decode(batch, resource);
        AtomicInteger decoded = new AtomicInteger();
        List<Boolean> ends = together(() -> {
            try {
                while (true) {
                    assertEquals(expected, decoder.decode(batch, resource));
                    if (decoded.incrementAndGet() == 3 * THREADS) {
                        decoder.close();
                    }
                }
            } catch (IllegalStateException closed) {
                return true;
            }
        });
        assertEquals(THREADS, ends.size());
        assertTrue(decoded.get() >= 3 * THREADS);
    }

    @Test
    void aDecoderThatIsForgottenIsClosed() throws Exception {
        long before = threadsOfTheLibrary();
        for (int decoder = 0; decoder < 10; decoder++) {
            assertInstanceOf(Decoder.class, Decoder.builder().keys(keyring).build());
        }
        assertNotEquals(before, threadsOfTheLibrary());
        for (int attempt = 0; threadsOfTheLibrary() > before && attempt < 100; attempt++) {
            System.gc();
            Thread.sleep(50);
        }
        assertEquals(before, threadsOfTheLibrary());
    }

    /** Every open decoder has one of its own. */
    private static long threadsOfTheLibrary() throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            return threads.filter(thread -> name(thread).equals("dastap\n")).count();
        }
    }

    private static String name(Path thread) {
        try {
            return Files.readString(thread.resolve("comm"));
        } catch (IOException ended) {
            return "";
        }
    }

    @Test
    void aBatchWithoutRecordsAndOneWithoutResource() {
        String resources = "transform: { resources: [" + resource + "] }";
        try (Decoder decoder = Decoder.builder().keys(keyring).config(resources).build()) {
            assertEquals(List.of(), decoder.decode(List.of()));
            assertInstanceOf(Verdict.Decoded.class, decoder.decode(batch).get(0));
        }
        try (Decoder decoder = Decoder.builder().keys(keyring).build()) {
            Verdict.Failed failed = assertInstanceOf(Verdict.Failed.class, decoder.decode(batch).get(0));
            assertEquals("key/no-resource", failed.stage() + "/" + failed.reason());
            assertTrue(failed.toString().startsWith("key/no-resource: "), failed.toString());
        }
    }

    @Test
    void wrongArgumentsAreNamed() {
        DastapException setting = assertThrows(
                DastapException.class, () -> Decoder.builder().config("heartbeat: drop").build());
        assertEquals(DastapException.Code.SETTINGS, setting.code());
        assertTrue(setting.getMessage().contains("did you mean `heartbeats`?"), setting.getMessage());
        DastapException missing = assertThrows(
                DastapException.class,
                () -> Decoder.builder().config("keys: { keyring: /no/such/file }").build());
        assertEquals(DastapException.Code.KEYS, missing.code());
        assertTrue(missing.getMessage().contains("/no/such/file"), missing.getMessage());
        DastapException both = assertThrows(
                DastapException.class,
                () -> Decoder.builder().keys(keyring).config("keys: { keyring: k.json }").build());
        assertEquals(DastapException.Code.SETTINGS, both.code(), both.getMessage());
        try (Decoder decoder = Decoder.builder().keys(keyring).build()) {
            List<byte[]> holed = Arrays.asList(batch.get(0), null);
            NullPointerException hole = assertThrows(NullPointerException.class, () -> decoder.decode(holed, resource));
            assertEquals("record 1 is null: expected its bytes", hole.getMessage());
        }
    }

    @Test
    void everyResultIsFreed() throws Exception {
        List<byte[]> large = new ArrayList<>();
        for (int round = 0; round < 10; round++) {
            large.addAll(batch);
        }
        try (Decoder decoder = Decoder.builder().keys(keyring).build()) {
            long bytes = 0;
            for (Verdict verdict : decoder.decode(large, resource)) {
                bytes += ((Verdict.Decoded) verdict).outputs().get(0).bytes().length;
            }
            int rounds = (int) (600_000_000 / bytes);
            for (int round = 0; round < rounds / 10; round++) {
                decoder.decode(large, resource);
            }
            long before = resident();
            for (int round = 0; round < rounds; round++) {
                decoder.decode(large, resource);
            }
            long grown = resident() - before;
            assertTrue(grown < 150_000_000, "results of " + rounds * bytes + " bytes left " + grown + " behind");
        }
    }

    /** Signals of the sandbox and of the virtual machine share their handlers. */
    @Test
    void theVirtualMachineStillCatchesWhatItCaughtBefore() throws Exception {
        try (Decoder decoder = Decoder.builder().keys(keyring).build()) {
            List<Verdict> expected = decoder.decode(batch, resource);
            together(() -> {
                for (int round = 0; round < 5; round++) {
                    assertEquals(expected, decoder.decode(batch, resource));
                    assertThrows(StackOverflowError.class, () -> deep(0));
                    for (int call = 0; call < 20_000; call++) {
                        assertThrows(NullPointerException.class, () -> length(null));
                    }
                }
                return true;
            });
        }
    }

    private static int deep(int depth) {
        return deep(depth + 1) + 1;
    }

    private static int length(byte[] bytes) {
        return bytes.length;
    }

    /** Bytes that this process has in main memory. */
    private static long resident() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .sum();
    }

    /** What each of many threads, started together, comes to. */
    private static <T> List<T> together(Callable<T> work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<T>> futures = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                futures.add(threads.submit(work));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } finally {
            threads.shutdown();
        }
    }
}
