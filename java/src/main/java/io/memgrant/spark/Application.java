package io.memgrant.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.memgrant.Say;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;

/**
 * On the driver: the report of an application. Of each executor its own, which it sends when it ends; of one that could not, the last snapshot.
 * Bounded, however many executors there are. Thread-safe.
 */
final class Application {
    private static final int MOST_EXECUTORS = 2_000;
    private static final long MOST_CHARACTERS = 32 << 20;
    /** Of what was told, a sixteenth more or less; at least a megabyte. */
    private static final long MOVED = 16;
    /** Executors that are told to end with the application send their reports within milliseconds, or never. */
    private static final long WAIT_MILLIS = 10_000;
    /** What its memory was to be, and what memgrant was to do. */
    private static final List<String> SETTINGS = List.of("spark.master", "spark.executor.memory", "spark.executor.memoryOverhead",
            "spark.executor.memoryOverheadFactor", "spark.executor.cores", "spark.executor.pyspark.memory", "spark.memory.offHeap.enabled",
            "spark.memory.offHeap.size", "spark.memgrant.mode", "spark.memgrant.pool", "spark.memgrant.policy", "spark.memgrant.targets");

    /** What is known of one. */
    private static final class Executor {
        Snapshot last;
        /** Resident in its container at most, or in itself, beyond what its heap might be and what libraries used then. */
        long beside;
        String report;
        ExecutorDied died;
        boolean isOver;
        /** Since the event log was told: anything at all. */
        boolean isNews;
        /** What it was told last: null when nothing. */
        Snapshot told;
        List<EndedTasks.Task> toldTasks;
        /** It ended, or was lost, since. */
        boolean isOtherwise;
        final EndedTasks tasks = new EndedTasks();

        void see(Snapshot snapshot) {
            last = snapshot;
            isNews = true;
            snapshot.tasks().forEach(tasks::add);
            beside = Math.max(beside, Math.max(snapshot.held(), snapshot.resident()) - snapshot.heapCommitted() - snapshot.used());
        }

        private static boolean hasMoved(long before, long now) {
            return Math.abs(now - before) > Math.max(before / MOVED, 1 << 20);
        }

        /** Whether it is worth a place in a log that only grows: a snapshot comes every second. */
        boolean isWorthTelling() {
            return told == null || isOtherwise || last.denials() != told.denials() || hasMoved(told.peak(), last.peak())
                    || hasMoved(told.used(), last.used()) || !tasks.most().equals(toldTasks);
        }

        void tell() {
            isNews = false;
            isOtherwise = false;
            told = last;
            toldTasks = tasks.most();
        }
    }

    private final ObjectMapper json = new ObjectMapper();
    private final Map<String, Executor> executors = new LinkedHashMap<>();
    private long characters;
    private int leftOut;

    private Executor of(String id) {
        Executor executor = executors.computeIfAbsent(id, new_ -> new Executor());
        Iterator<Executor> oldest = executors.values().iterator();
        while (executors.size() > MOST_EXECUTORS && oldest.hasNext()) {
            Executor one = oldest.next();
            if (one.isOver && one != executor) {
                characters -= one.report == null ? 0 : one.report.length();
                oldest.remove();
                leftOut++;
            }
        }
        return executor;
    }

    synchronized void seen(Snapshot snapshot) {
        Executor executor = of(snapshot.executor());
        if (executor.report == null) {
            executor.see(snapshot);
        }
    }

    synchronized void ended(LastWord.Ended ended) {
        Executor executor = of(ended.snapshot().executor());
        executor.see(ended.snapshot());
        executor.isOver = true;
        executor.isOtherwise = true;
        if (ended.report() != null && executor.report == null && characters + ended.report().length() <= MOST_CHARACTERS) {
            executor.report = ended.report();
            characters += executor.report.length();
        }
        notifyAll();
    }

    /** Whether or not it was heard of before. */
    synchronized void removed(String id) {
        Executor executor = executors.get(id);
        if (executor != null) {
            executor.isOver = true;
        }
        notifyAll();
    }

    synchronized void died(ExecutorDied died) {
        Executor executor = of(died.executorId);
        executor.died = died;
        executor.isNews = true;
        executor.isOtherwise = true;
    }

    /** Until all that were heard of have ended, for a moment. */
    synchronized void awaitEnds() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MILLIS);
        for (long left = WAIT_MILLIS; left > 0 && executors.values().stream().anyMatch(one -> !one.isOver);) {
            wait(left);
            left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        }
    }

    /** All that are known, for those who look at them now. */
    synchronized List<JsonNode> executors() {
        List<JsonNode> list = new ArrayList<>();
        executors.forEach((id, executor) -> {
            if (executor.last != null) {
                list.add(put(json.createObjectNode(), id, executor));
            }
        });
        return list;
    }

    /**
     * Of those of whom something is new since this was last asked, as JSON; null when there are none.
     *
     * @param all of whom anything is, as the last word; else what differs too little waits
     */
    synchronized String news(boolean all) throws IOException {
        ArrayNode list = json.createArrayNode();
        executors.forEach((id, executor) -> {
            if (executor.isNews && executor.last != null && (all || executor.isWorthTelling())) {
                list.add(put(json.createObjectNode(), id, executor));
                executor.tell();
            }
        });
        return list.isEmpty() ? null : json.writeValueAsString(list);
    }

    /** Null when no executor ever said anything. */
    synchronized String text(SparkConf conf) throws IOException {
        if (executors.isEmpty()) {
            return null;
        }
        ObjectNode all = json.createObjectNode();
        all.put("version", 1);
        ObjectNode application = all.putObject("application");
        application.put("id", conf.get("spark.app.id", "")).put("name", conf.get("spark.app.name", ""));
        ObjectNode settings = application.putObject("settings");
        SETTINGS.stream().filter(conf::contains).forEach(name -> settings.put(name, conf.get(name)));
        all.put("executors_left_out", leftOut);
        ArrayNode list = all.putArray("executors");
        for (Map.Entry<String, Executor> one : executors.entrySet()) {
            if (one.getValue().last != null) {
                String report = one.getValue().report;
                ObjectNode executor = put(list.addObject(), one.getKey(), one.getValue());
                // As it came: a tree of all of them would be many times their size.
                executor.putRawValue("report", report == null ? null : new RawValue(report));
            }
        }
        return json.writeValueAsString(all);
    }

    private static ObjectNode put(ObjectNode to, String id, Executor executor) {
        to.put("id", id);
        to.put("state", executor.died != null ? "lost" : executor.report != null ? "ended" : "last seen");
        if (executor.died != null) {
            to.put("killer", executor.died.killer).put("held", executor.died.held);
        }
        Snapshot last = executor.last;
        to.put("millis", last.millis());
        to.put("heap_used", last.heapUsed()).put("heap_committed", last.heapCommitted()).put("heap_max", last.heapMax());
        to.put("rss_bytes", last.resident()).put("container_limit", last.limit() == Long.MAX_VALUE ? null : last.limit());
        to.put("container_held", last.held()).put("beside_heap_peak", Math.max(0, executor.beside));
        to.put("used", last.used()).put("peak", last.peak()).put("granted", last.granted()).put("lent", last.lent());
        to.put("overdraft_peak", last.overdraft()).put("denials", last.denials()).put("overhead", last.overhead());
        ArrayNode libraries = to.putArray("libraries");
        last.libraries().forEach((name, used) -> libraries.addObject().put("name", name).put("used", used)
                .put("peak", last.peaks().getOrDefault(name, used)));
        ArrayNode tasks = to.putArray("tasks");
        executor.tasks.most().forEach(task -> tasks.addObject().put("name", task.name()).put("peak", task.peak()).put("denials", task.denials()));
        return to;
    }

    /** A pipe or a device, /dev/stdout with all that it may lead to, is not ours to replace. */
    private static boolean isSpecial(Path file) {
        Path whole = file.toAbsolutePath().normalize();
        try {
            return whole.startsWith("/dev") || whole.startsWith("/proc") || Files.readAttributes(file, BasicFileAttributes.class).isOther();
        } catch (IOException isNotThere) {
            return false;
        }
    }

    private static void write(String text, WritableByteChannel channel) throws IOException {
        for (var bytes = StandardCharsets.UTF_8.encode(text); bytes.hasRemaining();) {
            channel.write(bytes);
        }
    }

    /** Whole or not at all; for its owner only, and into nothing that somebody else has laid there. */
    static void write(String text, Path file) throws IOException {
        if (isSpecial(file)) {
            try (var channel = Files.newByteChannel(file, EnumSet.of(StandardOpenOption.WRITE, StandardOpenOption.APPEND))) {
                write(text, channel);
            }
            return;
        }
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp" + ProcessHandle.current().pid());
        Files.deleteIfExists(temporary);
        try {
            try (var channel = Files.newByteChannel(temporary, EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                write(text, channel);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** At the end of the application. */
    void end(SparkConf conf, String file) {
        boolean hurried = Thread.interrupted(); // it would end the wait at once, and close what is written to
        try {
            try {
                awaitEnds();
            } catch (InterruptedException meanwhile) {
                hurried = true;
            }
            String text = text(conf);
            if (text != null) {
                write(text + "\n", Path.of(file));
            }
        } catch (Throwable broken) {
            Say.once("the report of the application was not written to " + file, broken);
        } finally {
            if (hurried) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
