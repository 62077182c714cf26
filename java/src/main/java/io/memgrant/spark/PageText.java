package io.memgrant.spark;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** The page's tables, without scripts and styles of their own: whatever policy the UI's pages have, they are shown. */
final class PageText {
    /** A page is for people: of what is more, the largest. */
    private static final int EXECUTORS = 500;
    private static final int ROWS = 500;
    private static final String TABLE = "<table class=\"table table-bordered table-sm table-striped\" id=\"";

    private PageText() {}

    /** @param executors as in the application's report */
    static String of(List<JsonNode> executors) {
        if (executors.isEmpty()) {
            return "<p>No executor has told anything yet.</p>";
        }
        List<JsonNode> largest = executors.stream().sorted(by("peak")).limit(EXECUTORS).toList();
        StringBuilder text = new StringBuilder("<h4>Executors</h4>");
        text.append(TABLE).append("memgrant-executors\"><thead>").append(row("th", "Executor", "State", "Used", "Peak", "Granted", "Lent",
                "Overdraft, peak", "Denials", "Kept free by heaps", "Heap", "Resident", "Container", "")).append("</thead><tbody>");
        for (JsonNode one : largest) {
            text.append(row("td", one.path("id").asText(), one.path("state").asText(), mb(one, "used"), mb(one, "peak"), mb(one, "granted"),
                    mb(one, "lent"), mb(one, "overdraft_peak"), one.path("denials").asText("0"), mb(one, "overhead"),
                    mb(one, "heap_used") + " of " + mb(one, "heap_max"), mb(one, "rss_bytes"), container(one), one.path("killer").asText("")));
        }
        text.append("</tbody></table>");
        libraries(text, largest);
        tasks(text, largest);
        if (largest.size() < executors.size()) {
            text.append("<p>").append(executors.size() - largest.size()).append(" executors that had less are left out.</p>");
        }
        return text.toString();
    }

    private static void libraries(StringBuilder text, List<JsonNode> executors) {
        text.append("<h4>Libraries</h4>").append(TABLE).append("memgrant-libraries\"><thead>")
                .append(row("th", "Library", "Executor", "Used", "Peak")).append("</thead><tbody>");
        for (Row one : rows(executors, "libraries")) {
            text.append(row("td", one.of.path("name").asText(), one.executor, mb(one.of, "used"), mb(one.of, "peak")));
        }
        text.append("</tbody></table>");
    }

    private static void tasks(StringBuilder text, List<JsonNode> executors) {
        text.append("<h4>Tasks that used most</h4>").append(TABLE).append("memgrant-tasks\"><thead>")
                .append(row("th", "Task", "Executor", "Peak", "Denials")).append("</thead><tbody>");
        for (Row one : rows(executors, "tasks")) {
            text.append(row("td", one.of.path("name").asText(), one.executor, mb(one.of, "peak"), one.of.path("denials").asText("0")));
        }
        text.append("</tbody></table>");
    }

    private record Row(String executor, JsonNode of) {}

    /** Of all executors, those with the largest peak first. */
    private static List<Row> rows(List<JsonNode> executors, String what) {
        List<Row> rows = new ArrayList<>();
        for (JsonNode executor : executors) {
            executor.path(what).forEach(one -> rows.add(new Row(executor.path("id").asText(), one)));
        }
        return rows.stream().sorted(Comparator.comparing(Row::of, by("peak"))).limit(ROWS).toList();
    }

    private static Comparator<JsonNode> by(String figure) {
        return Comparator.comparingLong((JsonNode one) -> one.path(figure).asLong()).reversed();
    }

    private static String container(JsonNode one) {
        return one.path("container_limit").isNumber() ? mb(one, "container_held") + " of " + mb(one, "container_limit") : "";
    }

    private static String mb(JsonNode of, String figure) {
        return String.format(Locale.ROOT, "%.1f MB", of.path(figure).asLong() / 1048576.0);
    }

    private static String row(String cell, String... texts) {
        StringBuilder row = new StringBuilder("<tr>");
        for (String text : texts) {
            row.append('<').append(cell).append('>').append(escaped(text)).append("</").append(cell).append('>');
        }
        return row.append("</tr>").toString();
    }

    /** Names come from executors and from event logs, whoever wrote those. */
    static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;").replace("'", "&#39;");
    }
}
