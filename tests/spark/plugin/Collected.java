package io.memgrant.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkConf;

/** What the driver makes of what executors send: the report of an application. Properties: a folder to write in. */
final class Collected {
    private static final long MB = 1 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final SparkConf CONF = new SparkConf(false).set("spark.app.id", "app-1").set("spark.executor.memory", "1g")
            .set("spark.ssl.keyPassword", "secret");

    public static void main(String[] words) throws Exception {
        Path folder = Path.of(System.getProperty("folder"));
        lastOfEach(folder);
        pages();
        bounded();
        smaller();
        written(folder);
    }

    private static Snapshot snapshot(String executor, long millis, long usedMb, long residentMb) {
        return new Snapshot(executor, millis, usedMb * MB, 2 * usedMb * MB, 0, 0, 0, 3, 0, 100 * MB, 200 * MB, 1024 * MB, residentMb * MB,
                Long.MAX_VALUE, 0, -1, "", "", new TreeMap<>(Map.of("librocksdbjni.so", usedMb * MB)),
                new TreeMap<>(Map.of("librocksdbjni.so", 2 * usedMb * MB)), new ArrayList<>(List.of(new EndedTasks.Task("task <" + usedMb + ">", usedMb * MB, 1))));
    }

    /** No task has ended since the one before. */
    private static Snapshot quiet(String executor, long millis, long usedMb) {
        Snapshot one = snapshot(executor, millis, usedMb, 300);
        return new Snapshot(executor, millis, one.used(), 400 * MB, 0, 0, 0, one.denials(), 0, 100 * MB, 200 * MB, 1024 * MB, 300 * MB,
                Long.MAX_VALUE, 0, -1, "", "", one.libraries(), one.peaks(), new ArrayList<>());
    }

    private static String report(long peakMb) {
        String row = "\"used\":5,\"charged\":9,\"refunded\":4,\"allocations\":2,\"frees\":1,\"denials\":3,\"mapped\":0,\"peak\":" + peakMb * MB;
        return "{\"version\":1,\"process\":{\"pid\":1,\"command\":\"java\",\"rss_bytes\":1,\"rss_peak_bytes\":" + 7 * MB + "},\"mode\":\"observe\","
                + "\"accounts\":[{\"name\":\"executor\"," + row + "}],\"libraries\":[{\"name\":\"librocksdbjni.so\"," + row + "}]}";
    }

    private static void lastOfEach(Path folder) throws Exception {
        Application application = new Application();
        check(application.text(CONF) == null, "nothing is written of an application whose executors say nothing", "a text");
        application.seen(snapshot("0", 1, 100, 2000));
        application.seen(snapshot("0", 2, 50, 300));
        application.seen(snapshot("1", 1, 10, 300));
        application.ended(new LastWord.Ended(snapshot("1", 2, 20, 300), report(40)));
        application.seen(snapshot("1", 1, 10, 300)); // sent before, and late
        application.seen(snapshot("2", 1, 10, 300));
        ExecutorDied died = new ExecutorDied();
        died.executorId = "2";
        died.killer = "executor 2 was lost: \u001b[31msomebody";
        application.died(died);
        JsonNode all = JSON.readTree(application.text(CONF));
        JsonNode first = all.get("executors").get(0);
        check(first.get("used").asLong() == 50 * MB && first.get("peak").asLong() == 100 * MB && first.get("state").asText().equals("last seen"),
                "of one that does not end the last snapshot is there", first.toString());
        check(first.get("beside_heap_peak").asLong() == 1700 * MB, "and what lay beside heap and libraries at most", first.toString());
        JsonNode second = all.get("executors").get(1);
        check(second.get("used").asLong() == 20 * MB && second.get("report").get("libraries").get(0).get("peak").asLong() == 40 * MB
                && second.get("state").asText().equals("ended"), "of one that ends its own report", second.toString());
        check(all.get("executors").get(2).get("state").asText().equals("lost"), "of one that is lost who ended it", all.toString());
        check(!all.toString().contains("secret") && all.toString().contains("\"spark.executor.memory\":\"1g\""),
                "settings of its memory are there, and no others", all.toString());
        application.removed("0");
        application.removed("2");
        Thread.currentThread().interrupt();
        application.end(CONF, folder.resolve("all.json").toString());
        check(Thread.interrupted(), "who stops the application stays interrupted", "not interrupted");
        check(Files.readString(folder.resolve("all.json")).equals(application.text(CONF) + "\n"), "it is written when the application ends, by an interrupted thread too", "");
    }

    /** The tab's. */
    private static void pages() throws Exception {
        Application application = new Application();
        check(PageText.of(application.executors()).contains("No executor has told anything"), "a page without executors says so", "");
        check(application.news(false) == null, "nor is there any news", "");
        application.seen(snapshot("<script>", 1, 100, 300));
        application.seen(snapshot("1", 1, 200, 300));
        String page = PageText.of(application.executors());
        check(page.contains("<td>&lt;script&gt;</td>") && page.contains("<td>task &lt;100&gt;</td>") && !page.contains("<script") && !page.contains("<100"),
                "what executors say is text and no part of a page", page);
        check(page.indexOf("task &lt;200") < page.indexOf("task &lt;100") && page.indexOf("<td>1</td>") < page.indexOf("<td>&lt;script"),
                "who used most is the first", page);
        for (int i = 0; i < 1_000; i++) {
            application.seen(snapshot("more-" + i, 1, 1, 1));
        }
        page = PageText.of(application.executors());
        check(page.length() < 300_000 && page.contains("<p>502 executors that had less are left out.</p>"), "a page is for people", page.length() + "");
        check(JSON.readTree(application.news(false)).size() == 1_002 && application.news(false) == null, "news are told once", "");
        application.seen(snapshot("1", 2, 200, 300));
        check(JSON.readTree(application.news(false)).size() == 1, "and again when there are new ones", "");
        for (int millis = 3; millis < 100; millis++) {
            application.seen(quiet("1", millis, 200 - millis % 10));
        }
        check(application.news(false) == null, "what differs little is none", "told");
        check(JSON.readTree(application.news(true)).size() == 1 && application.news(true) == null, "but in the last word", "");
        application.seen(quiet("1", 101, 160));
        check(JSON.readTree(application.news(false)).size() == 1, "a change of a sixteenth is", "");
        application.removed("1");
        application.ended(new LastWord.Ended(quiet("1", 102, 160), null));
        check(JSON.readTree(application.news(false)).size() == 1, "and an end", "");
        for (int i = 0; i < 100; i++) {
            application.seen(snapshot("1", 2, i, 300));
        }
        JsonNode tasks = JSON.readTree(application.news(false)).get(0).get("tasks");
        check(tasks.size() == 20 && tasks.get(0).get("name").asText().equals("task <200>"), "of tasks that ended those that used most", tasks.toString());
    }

    private static void bounded() throws Exception {
        Application application = new Application();
        String large = report(1).replace("java", "j".repeat(1 << 20));
        for (int i = 0; i < 40; i++) {
            application.ended(new LastWord.Ended(snapshot("large-" + i, 1, 1, 1), large));
        }
        String text = application.text(CONF);
        check(text.length() < 34 << 20 && JSON.readTree(text).get("executors").size() == 40,
                "many large reports are left out, and their executors not", text.length() + "");
        for (int i = 0; i < 5_000; i++) {
            application.seen(snapshot("small-" + i, 1, 1, 1));
            if (i != 7) {
                application.removed("small-" + i);
            }
        }
        JsonNode all = JSON.readTree(application.text(CONF));
        check(all.get("executors").size() == 2_000 && all.get("executors_left_out").asLong() == 3_040,
                "of very many executors those that ended first are left out", all.get("executors_left_out").toString());
        check(all.get("executors").get(0).get("id").asText().equals("small-7"), "one that lives is not", all.get("executors").get(0).toString());
    }

    private static void smaller() throws Exception {
        StringBuilder text = new StringBuilder("{\"places\":{},\"stacks\":{},\"history\":{},\"libraries\":[],\"accounts\":[{\"name\":\"executor\",\"peak\":0}");
        for (int i = 0; i < 500; i++) {
            text.append(",{\"name\":\"task ").append(i).append("\",\"peak\":").append(i * 37 % 500).append('}');
        }
        JsonNode report = JSON.readTree(LastWord.smaller(text + "]}"));
        JsonNode accounts = report.get("accounts");
        boolean hasAll = true;
        for (JsonNode account : accounts) {
            hasAll &= account.get("name").asText().equals("executor") || account.get("peak").asLong() >= 401;
        }
        check(accounts.size() == 100 && hasAll && accounts.get(0).get("name").asText().equals("executor")
                && report.get("accounts_left_out").asLong() == 401, "the executor and those that used most are kept", accounts.toString());
        check(!report.has("places") && !report.has("stacks") && !report.has("history"), "places, stacks and the history are not sent", report.toString());
        check(LastWord.smaller("{\"x\":\"" + "x".repeat(2 << 20) + "\"}") == null, "what is too large is not sent", "sent");
    }

    private static void written(Path folder) throws Exception {
        Path file = folder.resolve("report.json");
        Path target = Files.writeString(folder.resolve("somebody's"), "theirs");
        Path temporary = folder.resolve("report.json.tmp" + ProcessHandle.current().pid());
        Files.createSymbolicLink(temporary, target);
        Files.createSymbolicLink(file, target);
        Application.write("text", file);
        check(Files.readString(target).equals("theirs") && Files.readString(file).equals("text") && !Files.isSymbolicLink(file),
                "no link is followed that somebody laid there", Files.readString(target));
        check(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)).equals("rw-------"), "it is its owner's only", "");
        Path device = Files.createSymbolicLink(folder.resolve("device"), Path.of("/dev/null"));
        Application.write("text", device);
        check(Files.isSymbolicLink(device), "what leads to a device is written to and not replaced", "replaced");
        try (var names = Files.list(folder)) {
            check(names.noneMatch(name -> name.toString().contains(".tmp")), "nothing temporary stays", "");
        }
    }

    private static void check(boolean holds, String what, String seen) {
        System.out.println((holds ? "ok - " : "FAILED - ") + what + (holds ? "" : ": " + seen));
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
