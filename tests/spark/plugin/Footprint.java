package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.Memgrant;
import io.memgrant.demo.Report;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.memory.MemoryManager;

/**
 * What is there in an executor while no task runs but those that look: accounts, Spark's pools, threads that are none of Java's,
 * open files.
 *
 * @param execution bytes of Spark's execution memory, on and off heap, that no looking task has
 * @param accounts of tasks, that are open or have memory
 * @param couriers of tasks, that still run
 * @param storage bytes of Spark's storage memory off heap
 * @param granted of them to blocks that no task owns
 * @param overhead of them to what heaps keep resident beyond blocks
 * @param used by library, in blocks that no task owns
 * @param mapped by libraries, for allocators of their own, which keep it
 * @param threads by name, that the kernel knows and Java does not
 * @param files by name, that are open; sockets and their like under their kind
 * @param broken invariants
 * @param injected how many charges were denied at random since the process began
 * @param denied attempts that were denied since then, whatever became of them
 * @param said what the plugin and Spark complained of
 */
record Footprint(String executor, long execution, long accounts, long couriers, long storage, long granted, long overhead,
        Map<String, Long> used, long mapped, Map<String, Long> threads, Map<String, Long> files, long broken, long injected, Set<Long> denied, String said)
        implements Serializable {
    /** What comes and goes with the JVM's own business. */
    private static final String JVMS = "(G1 |GC |C1 |C2 |VM |Compiler|Sweeper).*";
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(20);
    /** What free pages and thread caches may come to (DESIGN.md). */
    private static final long SLACK = 16 << 20;
    /** What libraries keep of what they were used for, undisturbed too: once (measured: DuckDB, 103 KB), and RocksDB of each database (160 bytes). */
    private static final long KEPT_ONCE = 256 << 10;
    private static final long KEPT_OF_A_TASK = 160;
    /** spark.memgrant.grantBatch. */
    private static final long BATCH = 2 << 20;
    /** Spark's executors connect to each other and to the driver when they first have to, each time by a socket and what waits for it. */
    private static final List<String> SPARKS = List.of("socket", "anon_inode");
    private static final long CONNECTIONS = 4;
    private static final Set<Long> DENIED = ConcurrentHashMap.newKeySet();

    /**
     * Once all other tasks are over, what the plugin gives back has gone back, and threads that have ended have left; or, after twenty
     * seconds, what there is.
     *
     * @param before what there was on each executor, so many tasks ago
     */
    static Footprint here(TaskContext task, Map<String, Footprint> before, int tasks) throws IOException {
        long reserve = before.values().stream().mapToLong(Footprint::granted).min().orElse(Long.MAX_VALUE);
        Footprint mine = before.get(SparkEnv.get().executorId());
        System.gc(); // what only a finalizer or a Cleaner closes
        long end = System.nanoTime() + MOST_NANOS;
        Footprint seen = look(task);
        while ((seen.isBusy() || seen.granted > seen.entitled(reserve) || mine != null && seen.hasMoreThan(mine, tasks)) && System.nanoTime() < end) {
            Thread.onSpinWait();
            seen = look(task);
        }
        return seen;
    }

    /** Or a courier is between Spark, which has said yes or has it back, and the account that it is told to. */
    boolean isBusy() {
        return execution != 0 || accounts != 0 || couriers != 0 || storage != granted + overhead;
    }

    /** The kernel shows a thread, and what it had open, for a moment after its end. */
    private boolean hasMoreThan(Footprint before, int tasks) {
        return !more(threads, before.threads).isEmpty() || !opened(before).isEmpty() || !kept(before, tasks).isEmpty();
    }

    private Map<String, Long> opened(Footprint before) {
        Map<String, Long> opened = more(files, before.files);
        SPARKS.forEach(kind -> opened.computeIfPresent(kind, (same, count) -> count > CONNECTIONS ? count : null));
        return opened;
    }

    private Map<String, Long> kept(Footprint before, int tasks) {
        Map<String, Long> kept = more(used, before.used);
        kept.values().removeIf(bytes -> bytes < KEPT_ONCE + tasks * KEPT_OF_A_TASK);
        return kept;
    }

    /** What no task owns, with a batch at hand. */
    private long entitled(long reserve) {
        return Math.max(reserve, used.values().stream().mapToLong(Long::longValue).sum() + mapped + BATCH);
    }

    /** Adds those that the report tells of now. */
    static void noteDenied() {
        noteDenied(Check.report());
    }

    private static void noteDenied(Report report) {
        for (JsonNode account : report.accounts()) {
            if (account.get("name").asText().startsWith("task ") && Report.figure(account, "denials") > 0) {
                DENIED.add(idOf(account));
            }
        }
    }

    private static long idOf(JsonNode account) {
        return Long.parseLong(account.get("name").asText().split(" ")[1]);
    }

    private static Footprint look(TaskContext task) throws IOException {
        Report report = Check.report();
        noteDenied(report);
        String looking = "(stage " + task.stageId() + ".";
        List<JsonNode> tasks = report.accounts().stream().filter(account -> account.get("name").asText().startsWith("task ")).toList();
        long accounts = tasks.stream().filter(account -> !account.get("name").asText().contains(looking)
                && (!account.get("state").asText().equals("closed") || Report.figure(account, "used") != 0)).count();
        long couriers = Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
                .filter(name -> name.startsWith("memgrant courier: task ") && !name.contains(looking)).count();
        Map<String, Long> used = new TreeMap<>();
        long mapped = 0;
        for (JsonNode library : Report.list(report.executor().get("libraries"))) {
            if (!library.get("name").asText().equals("libmemgrant")) { // the overhead
                String name = library.get("name").asText();
                long maps = report.libraries().stream().filter(one -> one.get("name").asText().equals(name))
                        .mapToLong(one -> Report.figure(one, "mapped")).sum();
                used.put(name, Report.figure(library, "used") - maps);
                mapped += maps;
            }
        }
        MemoryManager manager = SparkEnv.get().memoryManager();
        synchronized (manager) {
            long execution = manager.executionMemoryUsed();
            for (JsonNode account : tasks) {
                boolean looks = account.get("name").asText().contains(looking);
                execution -= looks ? manager.getExecutionMemoryUsageForTask(idOf(account)) : 0;
            }
            return new Footprint(SparkEnv.get().executorId(), execution, accounts, couriers, manager.offHeapStorageMemoryUsed(),
                    Memgrant.root().granted(), Memgrant.overhead().granted(), used, mapped, threadsNow(), filesNow(),
                    report.brokenInvariants(), Report.figure(report.json(), "injected"), Set.copyOf(DENIED), String.join("; ", OnCluster.complaints()));
        }
    }

    boolean knowsAll() {
        return Stream.of(SoakWork.values()).allMatch(work -> used.keySet().stream().anyMatch(name -> name.startsWith(work.library)));
    }

    /** With what was there before, so many tasks ago: nothing came to stay. */
    void comparedWith(Footprint before, int tasks) {
        String here = " on executor " + executor;
        Check.that(accounts == 0 && couriers == 0 && broken == 0, "every account is at zero" + here, "%d are not, %d couriers, %d invariants broken",
                accounts, couriers, broken);
        Check.that(execution == 0 && storage == granted + overhead && granted <= entitled(before.granted) && overhead <= before.overhead + SLACK,
                "Spark's pools are as they were" + here, "%d bytes of execution memory; storage %d: %d for what no task owns, %d before, and %d"
                + " for free pages, %d before; allocators of libraries' own have %d, %d before", execution, storage, granted, before.granted, overhead,
                before.overhead, mapped, before.mapped);
        Check.that(more(threads, before.threads).isEmpty(), "no thread is left" + here, "%d, more: %s", threads.size(),
                more(threads, before.threads));
        Check.that(opened(before).isEmpty(), "no file is left open" + here, "%d, more: %s", files.values().stream().mapToLong(Long::longValue).sum(), more(files, before.files));
        Check.that(kept(before, tasks).isEmpty(), "no library has more memory than before" + here, "%s, more: %s", used, more(used, before.used));
        Check.that(said.isEmpty(), "nobody had anything to say" + here, "%s", said);
    }

    private static Map<String, Long> more(Map<String, Long> now, Map<String, Long> before) {
        Map<String, Long> more = new TreeMap<>(now);
        before.forEach((name, count) -> more.computeIfPresent(name, (same, is) -> is > count ? is - count : null));
        return more;
    }

    private static Map<String, Long> threadsNow() throws IOException {
        Map<String, Long> names = new TreeMap<>();
        // Before and after: one of Java's may begin or end while the folder is read.
        Set<Thread> javas = new HashSet<>(Thread.getAllStackTraces().keySet());
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : all) {
                read(thread.resolve("comm")).filter(name -> !name.matches(JVMS)).ifPresent(name -> names.merge(name, 1L, Long::sum));
            }
        }
        javas.addAll(Thread.getAllStackTraces().keySet());
        for (Thread thread : javas) {
            names.computeIfPresent(short15(thread.getName()), (name, count) -> count > 1 ? count - 1 : null);
        }
        return names;
    }

    private static String short15(String name) {
        return name.substring(0, Math.min(15, name.length()));
    }

    /** Nothing, of a thread that ended since the folder was read. */
    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file).trim());
        } catch (IOException ended) {
            return Optional.empty();
        }
    }

    private static Map<String, Long> filesNow() throws IOException {
        Map<String, Long> names = new TreeMap<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path file : all) {
                target(file).ifPresent(name -> names.merge(name.replaceAll(":.*", ""), 1L, Long::sum));
            }
        }
        return names;
    }

    /** Nothing, of one that was closed since the folder was read. */
    private static Optional<String> target(Path file) {
        try {
            return Optional.of(Files.readSymbolicLink(file).toString());
        } catch (IOException closed) {
            return Optional.empty();
        }
    }
}
