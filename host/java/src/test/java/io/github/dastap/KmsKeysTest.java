package io.github.dastap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.SystemPropertyCredentialsProvider;
import software.amazon.awssdk.services.kms.KmsClient;

/** KMS through AWS's own SDK: moto, and a small server that says what a proxy would. */
class KmsKeysTest {
    private static Kms kms;
    private static List<byte[]> batch;
    private static String resource;

    /** Questions to KMS before the test. */
    private int before;

    @BeforeAll
    static void start() throws Exception {
        kms = new Kms();
        batch = kms.batch();
        resource = Suite.resource();
    }

    @AfterAll
    static void stop() throws Exception {
        kms.close();
    }

    @BeforeEach
    void answerAgain() {
        kms.fail(400, "", 0);
        before = kms.calls();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oneCallPerDataKeyHoweverManyThreadsAsk(boolean isOfOneKey) throws Exception {
        List<Verdict> expected;
        try (Decoder decoder = Decoder.builder().keys(Keyring.load(Suite.keyring())).build()) {
            expected = decoder.decode(Suite.goodBatch(), resource);
        }
        ExecutorService threads = Executors.newFixedThreadPool(6);
        KmsKeys keys = new KmsKeys(kms.client(3), isOfOneKey ? kms.keyId : null);
        try (Decoder decoder = Decoder.builder().keys(keys).build()) {
            List<Future<List<Verdict>>> all = IntStream.range(0, 6)
                    .mapToObj(thread -> threads.submit(() -> decoder.decode(batch, resource)))
                    .toList();
            for (Future<List<Verdict>> verdicts : all) {
                assertEquals(expected, verdicts.get());
            }
        } finally {
            threads.shutdown();
        }
        assertEquals(Suite.dataKeys(), kms.calls() - before);
    }

    @Test
    void anotherContextIsRefusedAndAskedOnce() {
        try (Decoder decoder = decoder(1)) {
            for (int round = 0; round < 3; round++) {
                check(
                        decoder.decode(batch.subList(0, 1), "cluster-OTHER"),
                        "refused",
                        "kms in eu-west-1 says InvalidCiphertextException: the record's key was not encrypted for "
                                + "aws:rds:dbc-id = cluster-OTHER; if every record says so, the resource id is wrong");
            }
        }
        assertEquals(1, kms.calls() - before);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            400 | AccessDeniedException | refused | (as the test wants it): allow kms:Decrypt with the encryption context aws:rds:dbc-id = RESOURCE in the IAM and the key policy
            409 | DisabledException | refused | (as the test wants it): enable the KMS key
            400 | UnrecognizedClientException | refused | (as the test wants it): check the AWS credentials: KMS does not know or accept them
            400 | BrandNewException | refused | (as the test wants it): check the KMS key and the policies
            400 | IncorrectKeyException | refused | : the record's key was encrypted under another KMS key than keyId any: correct or unset keyId
            400 | ExpiredTokenException | unavailable | : renew the AWS credentials
            400 | ThrottlingException | unavailable | : the account's request quota for KMS is used up
            400 | LimitExceededException | unavailable | : the account's request quota for KMS is used up
            500 | KMSInternalException | unavailable | : the service or the key's store is unavailable
            500 | KeyUnavailableException | unavailable | : the service or the key's store is unavailable
            503 | DependencyTimeoutException | unavailable | : the service or the key's store is unavailable
            """)
    void eachFailureHasItsClassAndAdvice(int status, String code, String reason, String advice) {
        kms.fail(status, code, 1000);
        String gap = advice.startsWith(":") ? "" : " ";
        String detail = "kms in eu-west-1 says " + code + gap + advice.replace("RESOURCE", resource);
        try (Decoder decoder = decoder(1)) {
            check(decoder.decode(batch.subList(0, 1), resource), reason, detail);
        }
    }

    @Test
    void oneFailureThatPassesIsNotNoticed() {
        for (String code : List.of("ThrottlingException", "KMSInternalException")) {
            kms.fail(code.startsWith("KMS") ? 500 : 400, code, 1);
            try (Decoder decoder = decoder(3)) {
                assertTrue(decoder.decode(batch, resource).stream().allMatch(Verdict.Decoded.class::isInstance), code);
            }
        }
    }

    @Test
    void aThrottledAccountIsLeftAlone() throws Exception {
        KmsKeys keys = new KmsKeys(kms.client(1));
        byte[] blob = Base64.getDecoder()
                .decode(Suite.JSON.readTree(batch.get(0)).get("key").asText());
        Map<String, String> context = Map.of("aws:rds:dbc-id", resource);
        kms.fail(400, "ThrottlingException", 1);
        assertThrows(KeyUnavailableException.class, () -> keys.decrypt(blob, context));
        String pause = assertThrows(KeyUnavailableException.class, () -> keys.decrypt(blob, context))
                .getMessage();
        assertTrue(pause.matches("kms in eu-west-1 throttles this account; asked again in 0\\.\\d s"), pause);
        assertEquals(1, kms.calls() - before);
        Thread.sleep(600);
        assertEquals(32, keys.decrypt(blob, context).length);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 302, 403, 404, 503})
    void whatAProxySaysRefusesNothing(int status) throws Exception {
        HttpServer proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        proxy.createContext("/", exchange -> {
            byte[] page = "<html>please sign in</html>".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "text/html");
            exchange.sendResponseHeaders(status, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        proxy.start();
        try (KmsClient client = Kms.client("http://127.0.0.1:" + proxy.getAddress().getPort(), 1)) {
            checkUnavailable(new KmsKeys(client), "kms in eu-west-1");
        } finally {
            proxy.stop(0);
        }
    }

    @Test
    void nobodyAtTheEndpoint() {
        try (KmsClient client = Kms.client("http://127.0.0.1:1", 1)) {
            checkUnavailable(
                    new KmsKeys(client),
                    "no answer from kms in eu-west-1 (HttpHostConnectException): check the network path and ");
        }
    }

    @Test
    void oneThatNeverAnswersIsGivenUp() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                KmsClient client = Kms.client("http://127.0.0.1:" + silent.getLocalPort(), 10)) {
            long start = System.nanoTime();
            checkUnavailable(new KmsKeys(client), "no answer from kms in eu-west-1 (ApiCallTimeoutException): ");
            double seconds = (System.nanoTime() - start) / 1e9;
            assertTrue(seconds > 8 && seconds < 10, "it took " + seconds + " s");
        }
    }

    @Test
    void noCredentials() {
        KmsClient client = KmsClient.builder()
                .region(Kms.REGION)
                .credentialsProvider(SystemPropertyCredentialsProvider.create())
                .build();
        checkUnavailable(new KmsKeys(client), "kms in eu-west-1 was not asked for want of AWS credentials: check ");
    }

    @Test
    void wrongArgumentsAreNamed() {
        assertThrows(NullPointerException.class, () -> new KmsKeys(null));
        String message = assertThrows(DastapException.class, () -> new KmsKeys(kms.client(1), ""))
                .getMessage();
        assertEquals("keyId: expected a key id, a key ARN or an alias, found \"\"", message);
        assertEquals("KmsKeys(eu-west-1, alias/stream)", new KmsKeys(kms.client(1), "alias/stream").toString());
    }

    private static Decoder decoder(int attempts) {
        return Decoder.builder().keys(new KmsKeys(kms.client(attempts))).build();
    }

    private static void checkUnavailable(KmsKeys keys, String said) {
        try (Decoder decoder = Decoder.builder().keys(keys).build()) {
            Verdict verdict = decoder.decode(batch.subList(0, 1), resource).get(0);
            Verdict.Failed failed = assertInstanceOf(Verdict.Failed.class, verdict);
            assertEquals("unavailable", failed.reason(), failed.detail());
            assertTrue(failed.detail().contains(said), failed.detail());
            assertTrue(failed.retryable() && !failed.detail().contains("sign in"), failed.detail());
        }
    }

    private static void check(List<Verdict> verdicts, String reason, String detail) {
        assertEquals(List.of(new Verdict.Failed(Stage.KEY, reason, detail, reason.equals("unavailable"))), verdicts);
    }
}
