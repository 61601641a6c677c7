package io.github.dastap;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This host's runner for tests/embedding/compare.py. Its argument says who has the keys: configuration or Keyring. */
final class ConformanceRunner {

    public static void main(String[] arguments) throws IOException {
        boolean isKeyring = arguments[0].equals("Keyring");
        BufferedReader cases = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        BufferedWriter answers = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
        for (String line = cases.readLine(); line != null; line = cases.readLine()) {
            answers.write(answer(Suite.JSON.readTree(line), isKeyring).toString());
            answers.write('\n');
        }
        answers.flush();
    }

    private static ObjectNode answer(JsonNode one, boolean isKeyring) throws IOException {
        ObjectNode answer = Suite.JSON.createObjectNode().put("case", one.get("case").asText());
        ObjectNode config = Suite.JSON.createObjectNode();
        config.set("transform", one.get("config"));
        Decoder.Builder builder = Decoder.builder();
        if (isKeyring) {
            builder.keys(Keyring.load(Path.of(one.get("keyring").asText())));
        } else {
            config.putObject("keys").put("keyring", one.get("keyring").asText());
        }
        List<byte[]> records = new ArrayList<>();
        for (JsonNode record : one.get("records")) {
            records.add(record.binaryValue());
        }
        try (Decoder decoder = builder.config(config.toString()).build()) {
            ArrayNode verdicts = answer.putArray("verdicts");
            String resource = one.get("resource").textValue();
            for (Verdict verdict : decoder.decode(records, resource)) {
                verdicts.add(shown(verdict));
            }
        } catch (DastapException error) {
            answer.put("error", error.getMessage());
        }
        return answer;
    }

    private static ObjectNode shown(Verdict verdict) {
        ObjectNode shown = Suite.JSON.createObjectNode();
        if (verdict instanceof Verdict.Failed failed) {
            shown.putObject("failed")
                    .put("stage", failed.stage().toString())
                    .put("reason", failed.reason())
                    .put("detail", failed.detail())
                    .put("retryable", failed.retryable());
        } else if (verdict instanceof Verdict.Decoded decoded) {
            ObjectNode members = shown.putObject("decoded");
            ArrayNode outputs = members.putArray("outputs");
            for (Output output : decoded.outputs()) {
                outputs.addObject()
                        .put("route", output.route())
                        .put("lines", output.lines())
                        .put("events", output.events());
            }
            members.put("kept", decoded.kept())
                    .put("dropped", decoded.dropped())
                    .put("heartbeats", decoded.heartbeats());
        }
        return shown;
    }

    private ConformanceRunner() {}
}
