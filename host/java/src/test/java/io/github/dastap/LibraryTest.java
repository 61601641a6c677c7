package io.github.dastap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Libraries that are not ours are refused, in words. */
class LibraryTest {

    /** Opens a decoder, twice: the second attempt must say the same. */
    public static final class Main {
        public static void main(String[] arguments) {
            for (int attempt = 0; attempt < 2; attempt++) {
                try {
                    Decoder.builder().build();
                } catch (DastapException error) {
                    System.out.println(error.code() + ": " + error.getMessage());
                }
            }
        }
    }

    @Test
    void oneWithAnotherInterface(@TempDir Path folder) throws Exception {
        StringBuilder functions = new StringBuilder();
        for (Method method : Library.class.getDeclaredMethods()) {
            if (Modifier.isNative(method.getModifiers())) {
                functions.append("int ").append(method.getName()).append("(void) { return 99; }\n");
            }
        }
        Files.writeString(folder.resolve("other.c"), functions);
        Program.Ended compiled = Program.run(
                folder, Map.of(), "cc", "-shared", "-fPIC", "-o", "libdastap.so.1", "other.c");
        assertEquals(0, compiled.code(), compiled.output());
        String said = "SANDBOX: expected a libdastap.so.1 with interface 1, found 99: "
                + "take library and jar of the same version\n";
        assertEquals(said + said, open(folder));
    }

    @Test
    void oneThatIsNone(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("libdastap.so.1"), "no library");
        // The jar's own is not looked for where the classes lie alone.
        String said = open(folder);
        assertTrue(said.startsWith("SANDBOX: cannot load libdastap.so.1: expected it for this system in "), said);
        assertEquals(2, said.split("SANDBOX: cannot load ", -1).length - 1, said);
    }

    /** What a program says that finds its library there. */
    private static String open(Path folder) throws Exception {
        Path classes = Path.of(Decoder.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Path alone = Files.createDirectories(folder.resolve("classes"));
        Program.Ended copied = Program.run("cp", "-r", classes.resolve("io").toString(), alone.toString());
        assertEquals(0, copied.code(), copied.output());
        String others = Stream.of(Program.CLASSPATH.split(":"))
                .filter(place -> !Path.of(place).normalize().equals(classes.normalize()))
                .collect(Collectors.joining(":"));
        return Program.run(
                        Program.JAVA,
                        "-Djna.library.path=" + folder,
                        "-classpath",
                        alone + ":" + others,
                        Main.class.getName())
                .output();
    }
}
