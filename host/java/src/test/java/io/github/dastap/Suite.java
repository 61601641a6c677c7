package io.github.dastap;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The cases that all hosts share (tests/embedding), and what they are run with. */
final class Suite {
    static final ObjectMapper JSON = new ObjectMapper();

    static final Path ROOT = Path.of(System.getProperty("repository.root")).toAbsolutePath().normalize();

    /** The folder of the generated cases. */
    static final Path FOLDER = Path.of(or("DASTAP_EMBEDDING", ROOT.resolve("target/embedding")));

    /** A Python that has moto. */
    static final String PYTHON = or("DASTAP_PYTHON", ROOT.resolve("target/venv/bin/python"));

    private static final int RECORDS = 60;

    /** Good records of one cluster's stream, outer JSON. */
    static List<ObjectNode> goodRecords() throws IOException {
        List<String> cases = Files.readAllLines(FOLDER.resolve("cases.jsonl"));
        List<String> expected = Files.readAllLines(FOLDER.resolve("expected.jsonl"));
        List<ObjectNode> good = new ArrayList<>();
        for (int index = 0; good.size() < RECORDS; index++) {
            JsonNode verdicts = JSON.readTree(expected.get(index)).get("verdicts");
            JsonNode records = JSON.readTree(cases.get(index)).get("records");
            for (int place = 0; place < records.size() && good.size() < RECORDS; place++) {
                if (verdicts.get(place).path("decoded").path("kept").asInt() > 0) {
                    good.add((ObjectNode) JSON.readTree(records.get(place).binaryValue()));
                }
            }
        }
        return good;
    }

    /** The same as bytes. */
    static List<byte[]> goodBatch() throws IOException {
        return goodRecords().stream()
                .map(record -> record.toString().getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    /** How many data keys they need: the keyring has more. */
    static long dataKeys() throws IOException {
        return goodRecords().stream().map(record -> record.get("key")).distinct().count();
    }

    /** Whose stream it is. */
    static String resource() throws IOException {
        return keys().get(0).get("context").get("aws:rds:dbc-id").asText();
    }

    /** The entries of its keyring. */
    static JsonNode keys() throws IOException {
        return JSON.readTree(keyring().toFile()).get("keys");
    }

    /** Its keyring. */
    static Path keyring() {
        return FOLDER.resolve("postgres.keyring.json");
    }

    private static String or(String variable, Path otherwise) {
        String value = System.getenv(variable);
        return value == null || value.isEmpty() ? otherwise.toString() : value;
    }

    private Suite() {}
}
