package io.memgrant.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.memgrant.Memgrant;
import io.memgrant.Say;
import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.spark.api.plugin.PluginContext;

/**
 * An executor's report, to the driver, when the executor ends: in order, or by a signal that lets the JVM end. Only where somebody wants the
 * application's report. Once; thread-safe.
 */
final class LastWord {
    /** As long as an executor's end may be held up by a driver that does not answer. */
    private static final long WAIT_MILLIS = 10_000;
    /** Those who used most are named to the driver, the others are in the executor's own report. */
    private static final int ACCOUNTS = 100;
    private static final int MOST_CHARACTERS = 1 << 20;

    /**
     * The last of an executor.
     *
     * @param report its report, made smaller; null when even that is too large
     */
    record Ended(Snapshot snapshot, String report) implements Serializable {}

    private final PluginContext plugin;
    private final Container container;
    private final Thread atExit = new Thread(null, this::say, "memgrant-last-word", 0, false);
    private boolean said;

    LastWord(PluginContext plugin, Container container) {
        this.plugin = plugin;
        this.container = container;
        atExit.setContextClassLoader(null);
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /** When the executor ends: whoever comes second waits for the first, so that the JVM does not go before it is sent. */
    synchronized void say() {
        if (said) {
            return;
        }
        said = true;
        try {
            Ended ended = new Ended(Snapshot.take(plugin.executorID(), container), smaller(Memgrant.report()));
            Thread asking = new Thread(null, () -> ask(ended), "memgrant-last-word", 0, false);
            asking.setDaemon(true);
            asking.start();
            asking.join(WAIT_MILLIS);
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        } catch (Throwable broken) {
            Say.once("the driver was not sent this executor's report", broken);
        }
    }

    /** In order: nothing need be done at the JVM's exit. */
    void sayAtOnce() {
        say();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException isExiting) {
            // Then it finds that everything is said.
        }
    }

    private void ask(Ended ended) {
        try {
            plugin.ask(ended);
        } catch (Exception gone) {
            Say.quietly("the driver was not sent this executor's report: " + gone);
        }
    }

    /**
     * Without places, which say nothing of a process that is gone, and stacks and the history (200 KB at most), which the executor's own report
     * has: the driver holds one for each executor.
     */
    static String smaller(String text) throws Exception {
        ObjectMapper json = new ObjectMapper();
        if (text == null || !(json.readTree(text) instanceof ObjectNode report)) {
            return null;
        }
        report.remove(List.of("places", "stacks", "history"));
        if (report.get("accounts") instanceof ArrayNode accounts && accounts.size() > ACCOUNTS) {
            List<JsonNode> all = StreamSupport.stream(accounts.spliterator(), false).toList();
            List<JsonNode> kept = IntStream.range(0, all.size()).boxed()
                    .sorted(Comparator.comparing((Integer i) -> i > 0).thenComparing(i -> -all.get(i).path("peak").asLong()))
                    .limit(ACCOUNTS).sorted().map(all::get).toList(); // the first is the executor's
            report.put("accounts_left_out", all.size() - kept.size());
            accounts.removeAll();
            accounts.addAll(kept);
        }
        String smaller = json.writeValueAsString(report);
        if (smaller.length() > MOST_CHARACTERS && report.remove("workers") != null) {
            smaller = json.writeValueAsString(report);
        }
        return smaller.length() <= MOST_CHARACTERS ? smaller : null;
    }
}
