package io.github.dastap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every verdict is the Rust program's, byte for byte. */
class ConformanceTest {
    private static final Pattern TOLD = Pattern.compile(" (\\d+) records, (\\d+) failures: 0 differences\n$");

    @ParameterizedTest
    @ValueSource(strings = {"configuration", "Keyring"})
    void noDifference(String whoHasTheKeys) throws Exception {
        Program.Ended ended = Program.run(
                Suite.PYTHON,
                Suite.ROOT.resolve("tests/embedding/compare.py").toString(),
                Suite.FOLDER.toString(),
                Program.JAVA,
                "-Drepository.root=" + Suite.ROOT,
                "-classpath",
                Program.CLASSPATH,
                ConformanceRunner.class.getName(),
                whoHasTheKeys);
        assertEquals(0, ended.code(), ended.output());
        Matcher told = TOLD.matcher(ended.output());
        assertTrue(told.find(), ended.output());
        assertTrue(Integer.parseInt(told.group(1)) >= 2000 && Integer.parseInt(told.group(2)) >= 60, ended.output());
    }
}
