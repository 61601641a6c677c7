package io.github.dastap;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/** A KMS on a loopback port: moto behind a front that counts and can fail (tests/peer/kms.py). */
final class Kms implements AutoCloseable {
    static final Region REGION = Region.EU_WEST_1;

    final String endpoint;
    final String keyId;

    private final Process server;
    private final BufferedReader answers;

    Kms() throws IOException {
        server = new ProcessBuilder(Suite.PYTHON, Suite.ROOT.resolve("tests/peer/kms.py").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        answers = new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
        JsonNode started = answer();
        endpoint = started.get("endpoint").asText();
        keyId = started.get("keyId").asText();
    }

    /** A client of it that makes so many attempts. */
    KmsClient client(int attempts) {
        return client(endpoint, attempts);
    }

    /** The same for another endpoint. */
    static KmsClient client(String endpoint, int attempts) {
        return KmsClient.builder()
                .endpointOverride(URI.create(endpoint))
                .region(REGION)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .overrideConfiguration(settings -> settings.retryStrategy(retries -> retries.maxAttempts(attempts)))
                .build();
    }

    /** Lets the next questions fail. */
    void fail(int status, String code, int times) {
        ask(request("fail").put("status", status).put("code", code).put("times", times));
    }

    /** How often Decrypt was asked. */
    int calls() {
        return ask(request("calls")).path("Decrypt").asInt();
    }

    /** The suite's good records, with their data keys encrypted by this KMS. */
    List<byte[]> batch() throws IOException {
        Map<JsonNode, JsonNode> blobs = new HashMap<>();
        for (JsonNode key : Suite.keys()) {
            ObjectNode request = request("encrypt");
            request.set("plaintext", key.get("plaintext"));
            request.set("context", key.get("context"));
            blobs.put(key.get("ciphertext"), ask(request).get("ciphertext"));
        }
        return Suite.goodRecords().stream()
                .map(record -> record.set("key", blobs.get(record.get("key"))))
                .map(record -> record.toString().getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    private static ObjectNode request(String name) {
        return Suite.JSON.createObjectNode().put("do", name);
    }

    private synchronized JsonNode ask(ObjectNode request) {
        try {
            OutputStream requests = server.getOutputStream();
            requests.write((request + "\n").getBytes(StandardCharsets.UTF_8));
            requests.flush();
            return answer();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private JsonNode answer() throws IOException {
        String line = answers.readLine();
        if (line == null) {
            throw new IOException(Suite.PYTHON + " tests/peer/kms.py has ended: `make test-java` installs moto");
        }
        return Suite.JSON.readTree(line);
    }

    /** Ends it: it does when its input does. */
    @Override
    public void close() throws IOException {
        server.getOutputStream().close();
        server.onExit().join();
    }
}
