package io.github.dastap;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** Other programs. */
final class Program {
    static final String JAVA = Path.of(System.getProperty("java.home"), "bin/java").toString();

    /** Where this program's classes are. */
    static final String CLASSPATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    /** What it ended with, and what it wrote on both channels. */
    record Ended(int code, String output) {}

    /** Runs it to its end. */
    static Ended run(String... command) throws IOException, InterruptedException {
        return run(Path.of(""), Map.of(), command);
    }

    /** The same in a folder, with variables of the environment. */
    static Ended run(Path folder, Map<String, String> environment, String... command)
            throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toAbsolutePath().toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
    }

    private Program() {}
}
