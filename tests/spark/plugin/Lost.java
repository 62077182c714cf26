package io.memgrant.spark;

import com.codahale.metrics.MetricRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;

/** What the driver says of an executor that was lost, from what Spark says and from the executor's snapshots. */
final class Lost {
    private static final long MB = 1 << 20;
    private static final String KILLED = "Command exited with code 137";

    /** Properties: a folder to write in. */
    public static void main(String[] words) throws Exception {
        killsOfItsOwnContainer(Path.of(System.getProperty("folder")));
        atMostOneEachSecond();
        figuresOfTheLiving();
        sizesAsSparkReadsThem();
        whatSparkKnows();
        whatTheModeFileSays(Path.of(System.getProperty("folder")));
        whenEnforcementIsGivenUp();
    }

    private static SparkConf enforcing() {
        return new SparkConf(false).set("spark.memgrant.mode", "enforce");
    }

    private static Object mode(Rollout rollout, long late) {
        return rollout.receive(new Rollout.Question("3", late));
    }

    private static void whatTheModeFileSays(Path work) throws Exception {
        Path file = work.resolve("mode");
        Rollout rollout = new Rollout(new Settings(enforcing().set("spark.memgrant.modeFile", file.toString()), Map.of()));
        is(mode(rollout, 0) + "", "enforce", "without the file the mode is what it was set to");
        for (String[] step : new String[][] {{"observe\n", "observe"}, {"", "observe"}, {"\u0000\u00ff".repeat(1000), "observe"},
                {" enforce \r\nobserve", "enforce"}, {"off", "enforce"}, {"observe", "observe"}}) {
            Files.writeString(file, step[0]);
            rollout.look();
            is(mode(rollout, 0) + "", step[1], "what the file says is done, if it is a mode");
        }
        Files.delete(file);
        rollout.look();
        is(mode(rollout, 0) + "", "observe", "and stays when the file goes");
        check(rollout.receive("something else") == null, "other messages are others'", "answered");
    }

    private static void whenEnforcementIsGivenUp() {
        Rollout rollout = new Rollout(new Settings(enforcing().set("spark.memgrant.giveUpAfter", "2"), Map.of()));
        for (String reason : List.of("Command exited with code 1", "Executor 137 killed by driver.", "Command exited with code 143",
                "Exit status: 99999999999", KILLED)) {
            rollout.ended(reason);
            is(mode(rollout, 0) + "", "enforce", "one executor that ends so changes nothing");
        }
        rollout.ended("Container from a bad node: exited. Exit status: 139.");
        is(mode(rollout, 0) + "", "observe", "the second one that crashed or was killed ends enforcement");
        Rollout stuck = new Rollout(new Settings(enforcing(), Map.of()));
        is(mode(stuck, 1) + "", "observe", "a courier that is stuck ends it at once");
        Rollout never = new Rollout(new Settings(enforcing().set("spark.memgrant.giveUpAfter", "0"), Map.of()));
        for (int i = 0; i < 10; i++) {
            never.ended(KILLED);
        }
        is(mode(never, 0) + "", "enforce", "0 is never");
    }

    /** Of an executor in a container of 1024 MB. */
    private static Snapshot snapshot(long millis, long heldMb, long kills, String file, String folder) {
        return new Snapshot("3", millis, heldMb / 2 * MB, heldMb * MB, 0, 0, 0, 0, 0, 100 * MB, 200 * MB, 512 * MB, heldMb * MB, 1024 * MB,
                heldMb * MB, kills, file, folder, new TreeMap<>(Map.of("librocksdbjni.so", heldMb / 2 * MB)), new TreeMap<>(), new ArrayList<>());
    }

    private static Verdict verdict(String reason, Snapshot last, SparkConf conf) {
        return new Verdict(reason, last, last, last.millis(), conf);
    }

    private static void killsOfItsOwnContainer(Path work) throws Exception {
        Path container = Files.createDirectories(work.resolve("container"));
        Path events = Files.writeString(container.resolve("memory.events"), "oom 0\noom_kill 0\n");
        String folder = Container.folderOf(events.toString());
        Snapshot last = snapshot(0, 300, Container.kills(events.toString()), events.toString(), folder);
        Snapshot full = snapshot(0, 1000, 0, events.toString(), folder);
        SparkConf conf = new SparkConf(false);
        contains(verdict(KILLED, last, conf).killer(), "somebody sent it SIGKILL, and not the kernel",
                "the driver sees the executor's container, in which nobody was killed");
        Files.writeString(events, "oom 1\noom_kill 1\n");
        contains(verdict(KILLED, last, conf).killer(), "the kernel killed it at the memory limit of its container, 1024 MB",
                "the driver sees the executor's container, in which somebody was killed");

        // In containers with namespaces of their own both are called the same.
        Files.move(container, work.resolve("elsewhere"));
        Files.createDirectories(container);
        Files.writeString(events, "oom 5\noom_kill 5\n");
        contains(verdict(KILLED, last, conf).killer(), "somebody sent it SIGKILL, while its container was not full",
                "what was killed in the driver's container is not the executor");
        contains(verdict(KILLED, full, conf).killer(), "probably the kernel killed it",
                "a container that the driver does not see was full");
        Files.writeString(events, "oom 0\noom_kill 0\n");
        contains(verdict(KILLED, full, conf).killer(), "probably the kernel killed it",
                "nobody was killed in the driver's container, which says nothing of the executor's");
        Snapshot unknown = snapshot(0, 300, -1, "", "");
        contains(verdict(KILLED, unknown, conf).killer(), "while its container was not full", "there is no such file");
    }

    /** Ten looks a second at an executor that takes and gives back much. */
    private static void atMostOneEachSecond() {
        Pace pace = new Pace();
        long start = Long.MAX_VALUE - 5 * Pace.SECOND_NANOS / 2; // System.nanoTime() may be anywhere, and wraps
        int sent = 0;
        int shown = 0;
        boolean isLastSent = false;
        for (int look = 0; look <= 50; look++) {
            long used = look < 41 ? look % 2 * 64 * MB : 7 * 64 * MB; // the last change is between two seconds
            isLastSent = pace.sends(start + look * (Pace.SECOND_NANOS / 10));
            sent += isLastSent ? 1 : 0;
            if (pace.shows(used)) {
                shown++;
                pace.shown(used);
            }
        }
        check(sent == 6, "in five seconds the driver is told at their six ends, whatever happens", sent + " times");
        check(isLastSent, "what changed last is told a second later, though nothing changes then", "not sent");
        check(shown == 41, "the live page follows at each look", shown + " times");
    }

    private static void figuresOfTheLiving() {
        List<ExecutorDied> told = new ArrayList<>();
        List<String> ended = new ArrayList<>();
        Deaths deaths = new Deaths(new SparkConf(false), new Rollout(new Settings(new SparkConf(false), Map.of())), told::add, ended::add);
        MetricRegistry registry = new MetricRegistry();
        deaths.show(new Metrics(registry));
        deaths.receive(snapshot(0, 100, -1, "", ""));
        check(registry.getNames().contains("executor.3.used"), "an executor's figures are shown", registry.getNames().toString());
        check(executors(registry) == 1, "one executor is counted", executors(registry) + "");
        deaths.onExecutorRemoved(new SparkListenerExecutorRemoved(5, "3", KILLED));
        check(told.size() == 1 && told.get(0).exitCode == 137, "its end is told", told.toString());
        check(executors(registry) == 0, "none is counted any more", executors(registry) + "");
        deaths.receive(snapshot(1, 100, -1, "", ""));
        check(registry.getNames().equals(Set.of("executors")) && executors(registry) == 0,
                "what it sent before and comes after leaves nothing", registry.getNames().toString());
        deaths.onExecutorRemoved(new SparkListenerExecutorRemoved(6, "3", KILLED));
        check(told.size() == 1, "its end is told once", told.toString());
        deaths.onExecutorRemoved(new SparkListenerExecutorRemoved(7, "4", KILLED));
        check(told.size() == 1, "of one that never said anything nothing is told", told.toString());
        Deaths broken = new Deaths(new SparkConf(false), new Rollout(new Settings(new SparkConf(false), Map.of())), died -> {
            throw new IllegalStateException("nobody hears");
        }, ended::add);
        ended.clear();
        broken.receive(snapshot(0, 100, -1, "", ""));
        broken.onExecutorRemoved(new SparkListenerExecutorRemoved(8, "3", KILLED));
        check(ended.equals(List.of("3")), "that it ended is told even where why is not", ended.toString());
    }

    /** 1000 MB are held, 200 of them are the heap's. */
    private static void sizesAsSparkReadsThem() {
        Snapshot full = snapshot(0, 1000, 1, "", "");
        String asked = verdict("OOMKilled", full, new SparkConf(false).set("spark.executor.memory", "512m")).held();
        contains(asked, "spark.executor.memoryOverhead=1024m would have held it", "1000 MB less 200 of heap, and a quarter more");
        SparkConf plain = new SparkConf(false).set("spark.executor.memory", "512");
        contains(verdict("OOMKilled", full, plain).held(), "spark.executor.memoryOverhead=1024m", "memory without a unit is MiB");
        plain.set("spark.memory.offHeap.enabled", "true").set("spark.memory.offHeap.size", Long.toString(400 * MB));
        contains(verdict("OOMKilled", full, plain).held(), "spark.executor.memoryOverhead=512m", "the pool without a unit is bytes");
        contains(verdict("OOMKilled", snapshot(0, 100, 1, "", ""), new SparkConf(false)).held(), "no memory setting is known to cure that",
                "what is below the heap's size needs no overhead");
    }

    /** Texts as Spark 4.3 writes them. */
    private static void whatSparkKnows() {
        Snapshot last = snapshot(0, 1000, -1, "", "");
        SparkConf conf = new SparkConf(false);
        for (String reason : List.of("Container container_1732_0001_01_000004 on host: limit.example was preempted.",
                "Executor heartbeat timed out after 131072 ms")) {
            Verdict verdict = verdict(reason, last, conf);
            is(verdict.killer(), "executor 3 was lost: Spark says: " + reason, "what Spark knows is repeated");
            contains(verdict.held(), "no memory setting is known to cure that", "and nothing else is made of it");
        }
        is(verdict("Container killed by YARN for exceeding physical memory limits. 2 GB of 1 GB used", last, conf).killer(),
                "executor 3 was lost: YARN killed it, because its processes were beyond YARN's own limit. The cluster said: "
                + "Container killed by YARN for exceeding physical memory limits. 2 GB of 1 GB used", "YARN's limit is YARN's limit");
        contains(verdict("Remote RPC client disassociated", last, conf).killer(), "nobody knows how it ended. The cluster said: Remote",
                "what nobody knows is not made up");
    }

    private static void is(String seen, String expected, String what) {
        check(seen.equals(expected), what, seen + ", expected " + expected);
    }

    private static long executors(MetricRegistry registry) {
        return (Long) registry.getGauges().get("executors").getValue();
    }

    private static void contains(String seen, String expected, String what) {
        check(seen.contains(expected), what, seen + ", expected " + expected);
    }

    private static void check(boolean holds, String what, String seen) {
        System.out.println((holds ? "ok - " : "FAILED - ") + what + (holds ? "" : ": " + seen));
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
