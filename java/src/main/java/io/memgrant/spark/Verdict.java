package io.memgrant.spark;

import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.SparkConf;

/** Who ended an executor, what it held before, and what would have saved it: from what the cluster said and from its last snapshots. */
final class Verdict {
    /** What Spark, YARN and Kubernetes write: "Command exited with code 137", "Exit status: 143", "exit code 137(SIGKILL, ...)". */
    private static final Pattern EXIT = Pattern.compile("(?:exit(?:ed with)? code|exit status:?) +(\\d+)", Pattern.CASE_INSENSITIVE);
    private static final Pattern YARN = Pattern.compile("(?:exceeding|beyond).*(?:physical|virtual)[ -]memory.limits?");
    /** Where Spark itself knows why, which no exit code tells. */
    private static final Pattern SPARKS_OWN = Pattern.compile("preempted|heartbeat timed out", Pattern.CASE_INSENSITIVE);
    private static final Map<Integer, String> ENDS = Map.of(
            50, "an exception that nobody caught", 52, "java.lang.OutOfMemoryError: its heap, or a native call that became one",
            134, "SIGABRT: native code gave up, perhaps for want of memory", 139, "SIGSEGV: a crash in native code",
            143, "SIGTERM: somebody asked it to end, as an eviction does");
    private static final int KILLED = 137;
    private static final int SHOWN = 4;
    /** So near to the limit, in percent, it was probably that. */
    private static final int NEAR = 90;
    private static final long STEP = 64 << 20;

    private final String reason;
    private final Snapshot first;
    private final Snapshot last;
    private final long diedMillis;
    private final SparkConf conf;
    private final int exitCode;

    Verdict(String reason, Snapshot first, Snapshot last, long diedMillis, SparkConf conf) {
        this.reason = reason == null ? "" : reason;
        this.first = first;
        this.last = last;
        this.diedMillis = diedMillis;
        this.conf = conf;
        exitCode = exitCodeOf(this.reason);
    }

    /** -1: nobody said. */
    static int exitCodeOf(String reason) {
        Matcher exit = EXIT.matcher(reason == null ? "" : reason);
        try {
            return exit.find() ? Integer.parseInt(exit.group(1)) : -1;
        } catch (NumberFormatException tooLarge) {
            return -1;
        }
    }

    int exitCode() {
        return exitCode;
    }

    /** Nobody has to be told. */
    boolean isOrderly() {
        return isOrderly(reason);
    }

    static boolean isOrderly(String reason) {
        int exitCode = exitCodeOf(reason);
        return reason.contains("killed by driver") || reason.contains("decommission") && exitCode <= 0 || exitCode == 0;
    }

    /** The first sentence. */
    String killer() {
        if (isSparksOwn()) {
            return "executor " + last.executor() + " was lost: Spark says: " + sparksOwn();
        }
        return "executor " + last.executor() + " was lost: " + who() + ". The cluster said: "
                + reason.strip().lines().findFirst().orElse("nothing");
    }

    private boolean isSparksOwn() {
        return SPARKS_OWN.matcher(reason).find() && !YARN.matcher(reason).find();
    }

    /** The line that says it. */
    private String sparksOwn() {
        return reason.lines().map(String::strip).filter(line -> SPARKS_OWN.matcher(line).find()).findFirst().orElse(reason);
    }

    private String who() {
        if (YARN.matcher(reason).find()) {
            return "YARN killed it, because its processes were beyond YARN's own limit";
        }
        if (reason.contains("OOMKilled")) {
            return "the kernel killed it at the memory limit of its container" + limit();
        }
        if (reason.contains("decommission")) {
            return "its node was decommissioned";
        }
        if (exitCode == KILLED) {
            return whoKilled();
        }
        return exitCode < 0 ? "nobody knows how it ended" : ENDS.getOrDefault(exitCode, exitCode > 128
                ? "signal " + (exitCode - 128) : "it ended with exit code " + exitCode);
    }

    private String whoKilled() {
        long kills = Container.kills(last.eventsFile(), last.eventsFolder());
        if (kills > last.kills() && last.kills() >= 0) {
            return "the kernel killed it at the memory limit of its container" + limit();
        }
        if (kills >= 0 || !isLimited()) {
            return "somebody sent it SIGKILL" + (kills >= 0 ? ", and not the kernel for want of memory"
                    : "; it was in no container with a limit that is known");
        }
        return last.held() >= last.limit() / 100 * NEAR ? "probably the kernel killed it at the memory limit of its container" + limit()
                : "somebody sent it SIGKILL, while its container was not full" + limit();
    }

    private boolean isLimited() {
        return last.limit() != Long.MAX_VALUE;
    }

    private String limit() {
        return isLimited() ? ", " + mb(last.limit()) + " (held when last seen: " + mb(last.held()) + ")" : "";
    }

    /** The second sentence. */
    String held() {
        return String.format(Locale.ROOT, "%.1f s before, executor %s held: heap %s of %s, %s, kept free by their heaps %s, resident %s;"
                + " in the last %d s grew: %s; %s", Math.max(0, diedMillis - last.millis()) / 1000.0, last.executor(),
                mb(last.heapUsed()), mb(last.heapMax()), largest(last.libraries()), mb(last.overhead()), mb(last.resident()),
                Math.round((last.millis() - first.millis()) / 1000.0), largest(growth()), advice());
    }

    private Map<String, Long> growth() {
        Map<String, Long> growth = new TreeMap<>();
        last.libraries().forEach((name, bytes) -> growth.put(name, bytes - first.libraries().getOrDefault(name, 0L)));
        growth.put("heap", last.heapCommitted() - first.heapCommitted());
        return growth;
    }

    private static String largest(Map<String, Long> bytes) {
        String text = bytes.entrySet().stream().filter(one -> one.getValue() > 0)
                .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder())).limit(SHOWN)
                .map(one -> one.getKey() + " " + mb(one.getValue())).collect(Collectors.joining(", "));
        return text.isEmpty() ? "no library anything" : text;
    }

    /** What would have held what it had, and as much again as it grew by; or kept it from having it. */
    private String advice() {
        if (exitCode == 52 && last.used() < last.heapMax() / 4) {
            return "more spark.executor.memory would have held it";
        }
        String who = who();
        if (isSparksOwn() || !who.contains("limit") || who.contains("was not full")) {
            return "no memory setting is known to cure that";
        }
        String condition = who.contains("somebody") ? "if it was for want of memory, " : "";
        long heap = conf.getSizeAsMb("spark.executor.memory", "1g") << 20; // a number alone is MiB, and of the pool bytes
        long pool = conf.getBoolean("spark.memory.offHeap.enabled", false) ? conf.getSizeAsBytes("spark.memory.offHeap.size", "0") : 0;
        long beside = Math.max(last.held(), last.resident()) - Math.min(last.heapCommitted(), heap) - pool;
        long grown = Math.max(0, last.used() - first.used());
        long need = (Math.max(beside, 0) + Math.max(grown, beside / 4) + STEP - 1) / STEP * STEP;
        if (need == 0) {
            return "no memory setting is known to cure that: beside the heap's size it held nothing";
        }
        String enforce = conf.get("spark.memgrant.mode", "observe").equals("enforce") ? ""
                : ", or spark.memgrant.mode=enforce denies a task what would not fit";
        return condition + "spark.executor.memoryOverhead=" + (need >> 20) + "m would have held it" + enforce;
    }

    private static String mb(long bytes) {
        return (bytes >> 20) + " MB";
    }
}
