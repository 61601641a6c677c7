package io.github.dastap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The numbers of {@link Layout} are the C compiler's. */
class LayoutTest {
    private final List<String> checks = new ArrayList<>();

    @Test
    void theHeaderSaysTheSame(@TempDir Path folder) throws Exception {
        check("sizeof(size_t)", 8);
        check("sizeof(dastap_code)", 4);
        for (Field constant : Layout.class.getDeclaredFields()) {
            check("DASTAP_" + constant.getName(), constant.getInt(null));
        }
        for (Class<?> struct : Layout.class.getDeclaredClasses()) {
            String type = "dastap" + struct.getSimpleName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
            for (Field constant : struct.getDeclaredFields()) {
                String member = constant.getName().toLowerCase(Locale.ROOT);
                String c = member.equals("size") ? "sizeof(" + type + ")" : "offsetof(" + type + ", " + member + ")";
                check(c, constant.getInt(null));
            }
        }
        for (Stage stage : Stage.values()) {
            check("DASTAP_STAGE_" + stage.name(), stage.ordinal() + 1);
        }
        for (DastapException.Code code : DastapException.Code.values()) {
            check("DASTAP_CODE_" + code.name(), code.ordinal() + 1);
        }
        assertTrue(checks.size() > 45, "found " + checks.size() + " numbers");

        Path source = folder.resolve("layout.c");
        String include = System.getProperty("dastap.capi") + "/include";
        Files.writeString(source, "#include <dastap.h>\n" + String.join("", checks));
        Program.Ended ended =
                Program.run("cc", "-std=c11", "-fsyntax-only", "-Wall", "-Werror", "-I" + include, source.toString());
        assertEquals(0, ended.code(), ended.output());
    }

    private void check(String c, int number) {
        checks.add("_Static_assert(%s == %d, \"%s\");%n".formatted(c, number, c));
    }
}
