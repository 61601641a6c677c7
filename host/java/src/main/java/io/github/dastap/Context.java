package io.github.dastap;

import java.util.Map;
import java.util.stream.Collectors;

/** An encryption context for people. It is no secret: CloudTrail shows it. */
final class Context {

    /** Such as {@code aws:rds:dbc-id = cluster-ABC}. */
    static String text(Map<String, String> context) {
        if (context.isEmpty()) {
            return "no encryption context";
        }
        return context.entrySet().stream()
                .map(pair -> printable(pair.getKey()) + " = " + printable(pair.getValue()))
                .collect(Collectors.joining(", "));
    }

    /** Text from outside, on one line. */
    static String printable(String text) {
        StringBuilder line = new StringBuilder(text.length());
        text.codePoints().forEach(sign -> {
            switch (Character.getType(sign)) {
                case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.UNASSIGNED,
                        Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                    line.append("\\u{").append(Integer.toHexString(sign)).append('}');
                default -> line.appendCodePoint(sign);
            }
        });
        return line.toString();
    }

    private Context() {}
}
