package io.github.dastap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The package as its users have it: the jar, from another folder, and the examples of the README. */
class ReadmeIT {
    private static final String README = readme();

    /** Calls what stands in the README. */
    private static final String MAIN =
            """
            import java.nio.file.*;
            import java.util.*;

            class Main {
                public static void main(String[] arguments) throws Exception {
                    List<byte[]> records = new ArrayList<>();
                    for (String line : Files.readAllLines(Path.of("records.ndjson"))) {
                        records.add(line.getBytes("UTF-8"));
                    }
                    Consumer consumer = new Consumer();
                    consumer.accept(records);
                    consumer.close();
                    Offline offline = new Offline();
                    System.out.println(offline.replay.decode(records.subList(0, 1), arguments[0]));
                    System.out.println(offline.vault.decode(records.subList(0, 1), arguments[0]));
                }
            }
            """;

    @Test
    void theExamplesDoWhatTheySay(@TempDir Path folder) throws Exception {
        String classpath = Program.CLASSPATH;
        assertTrue(classpath.matches(".*dastap-[0-9.]+jar.*") && !classpath.contains("java/classes"), classpath);
        String resource = Suite.resource();
        List<String> sources = new ArrayList<>(List.of("-d", folder.toString(), "-classpath", classpath));
        List<String> examples = new ArrayList<>(blocks("java"));
        examples.add(MAIN);
        for (String example : examples) {
            Matcher name = Pattern.compile("^class (\\w+)", Pattern.MULTILINE).matcher(example);
            assertTrue(name.find(), example);
            Path file = folder.resolve(name.group(1) + ".java");
            Files.writeString(file, example.replace("cluster-ABC123", resource));
            sources.add(file.toString());
        }
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        int compiled = ToolProvider.getSystemJavaCompiler().run(null, errors, errors, sources.toArray(String[]::new));
        assertEquals(0, compiled, errors.toString(StandardCharsets.UTF_8));

        Files.copy(Suite.keyring(), folder.resolve("keyring.json"));
        try (Kms kms = new Kms()) {
            List<byte[]> batch = kms.batch();
            String records = batch.stream().map(record -> new String(record, StandardCharsets.UTF_8) + "\n")
                    .collect(Collectors.joining());
            Files.writeString(folder.resolve("records.ndjson"), records + "{\n");
            Map<String, String> environment = Map.of(
                    "AWS_ENDPOINT_URL", kms.endpoint,
                    "AWS_REGION", Kms.REGION.id(),
                    "AWS_ACCESS_KEY_ID", "test",
                    "AWS_SECRET_ACCESS_KEY", "test");
            Program.Ended ended = Program.run(
                    folder, environment, Program.JAVA, "-classpath", folder + ":" + classpath, "Main", resource);
            assertEquals(0, ended.code(), ended.output());
            List<String> lines = ended.output().lines().toList();
            long events = lines.stream().filter(line -> line.startsWith("{\"eventId\":")).count();
            assertTrue(events >= batch.size(), ended.output());
            assertEquals(1, lines.stream().filter(line -> line.startsWith("envelope/not-json: ")).count());
            // Its blob is KMS's, which the keyring does not know.
            assertTrue(ended.output().contains("[key/refused: none of the "), ended.output());
            assertTrue(ended.output().endsWith("[key/refused: the vault has no key for " + resource + "]\n"));
            assertEquals(Suite.dataKeys(), kms.calls());
        }
    }

    @Test
    void theDependencyIsThis() throws Exception {
        Properties built = new Properties();
        try (InputStream opened =
                Decoder.class.getResourceAsStream("/META-INF/maven/io.github.dastap/dastap/pom.properties")) {
            built.load(opened);
        }
        for (String name : List.of("groupId", "artifactId", "version")) {
            Matcher said = Pattern.compile("<" + name + ">(.*?)<").matcher(blocks("xml").get(0));
            assertTrue(said.find());
            assertEquals(built.getProperty(name), said.group(1));
        }
    }

    /** What stands between fences of this language. */
    private static List<String> blocks(String language) {
        return Pattern.compile("^```" + language + "\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL)
                .matcher(README)
                .results()
                .map(block -> block.group(1))
                .toList();
    }

    private static String readme() {
        try {
            return Files.readString(Suite.ROOT.resolve("host/java/README.md"));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
