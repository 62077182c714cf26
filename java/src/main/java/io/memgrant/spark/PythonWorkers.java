package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.Say;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ScheduledFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.network.util.JavaUtils;
import org.apache.spark.util.TaskCompletionListener;

/**
 * An executor's Python workers, which count for themselves (memgrant_daemon.py): has Spark start them by our daemon, with the library, and reads what
 * they leave in a folder of the executor's at the end of each task. Thread-safe.
 */
final class PythonWorkers {
    private static final String MODULE = "memgrant_daemon";
    private static final String DAEMON = "spark.python.daemon.module";
    private static final long LOOK_MILLIS = 1000;
    /** What a worker leaves of a task is some 2 KB. */
    private static final int MOST_BYTES = 1 << 18;
    private static final long NO_TASK = -1;
    private static final long LEAST_LIMIT = 64 << 20;

    private final Path folder;
    private final WorkerTasks tasks = new WorkerTasks();
    /** By the files that they left when they began. */
    private final Map<Path, WorkerTasks.Working> working = new HashMap<>();
    private final ScheduledFuture<?> looking;
    /** Null where they are not charged to their tasks' accounts. */
    private final WorkerServer server;

    private PythonWorkers(Path folder, WorkerServer server) {
        this.folder = folder;
        this.server = server;
        this.looking = Watch.every(LOOK_MILLIS, LOOK_MILLIS, this::look);
    }

    /** Null where nobody asked for it, and where it can't be: then one line says why, and Spark's own daemon starts them as ever. */
    static PythonWorkers start(Settings settings, String library, String executorId) {
        try {
            if (!settings.countsPython()) {
                if (settings.chargesPython()) {
                    Say.once("Python workers are not charged: spark.memgrant.pythonCharge needs spark.memgrant.python=true");
                }
                if (settings.pythonLimit() != null) {
                    Say.once("Python workers are not limited: spark.memgrant.pythonLimit needs spark.memgrant.python=true");
                }
                return null;
            }
            SparkConf conf = SparkEnv.get().conf();
            String why = whyNot(conf, executorId, System.getenv("PYTHONPATH"));
            if (why != null) {
                Say.once("Python workers are not counted: " + why);
                return null;
            }
            Path folder = SparkEnv.get().blockManager().diskBlockManager().localDirs()[0].toPath().resolve("memgrant-python");
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Files.writeString(folder.resolve("environment"), environment(settings, library));
            WorkerServer server = settings.chargesPython() ? serve(folder) : null;
            conf.set(DAEMON, MODULE);
            return new PythonWorkers(folder, server);
        } catch (Throwable broken) {
            Say.once("Python workers are not counted", broken);
            return null;
        }
    }

    /** Null where it can't be, which a line says: they are counted all the same. */
    private static WorkerServer serve(Path folder) {
        WorkerServer server = null;
        try {
            server = new WorkerServer();
            Path file = Files.createFile(folder.resolve("charge"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, server.address());
            return server;
        } catch (Throwable broken) {
            Say.once("Python workers are not charged to their tasks' accounts", broken);
            if (server != null) {
                server.close();
            }
            return null;
        }
    }

    /** Python would not start for a module that it does not find, and neither would any task with Python in it. */
    private static String whyNot(SparkConf conf, String executorId, String path) {
        if (executorId.equals("driver")) {
            return "in local mode the driver is the executor; there has to be an executor of its own";
        }
        if (conf.contains(DAEMON)) {
            return DAEMON + "=" + conf.get(DAEMON) + " starts them already";
        }
        for (String entry : path == null ? new String[0] : path.split(File.pathSeparator)) {
            // A worker may be started in another folder than the executor.
            if (new File(entry).isAbsolute() && holdsModule(new File(entry))) {
                return null;
            }
        }
        return "memgrant.jar is not on the executors' PYTHONPATH; set spark.executorEnv.PYTHONPATH to its whole path on the executors";
    }

    private static boolean holdsModule(File jar) {
        if (!jar.isFile()) {
            return new File(jar, MODULE + ".py").isFile();
        }
        try (ZipFile file = new ZipFile(jar)) {
            return file.getEntry(MODULE + ".py") != null;
        } catch (IOException isNone) {
            return false;
        }
    }

    /** As memgrant_daemon.py reads it. Arrow's own pools take memory by the gigabyte, whatever they use of it; by malloc it is exact. */
    private static String environment(Settings settings, String library) {
        Map<String, String> values = new TreeMap<>(Map.of("LD_PRELOAD", library, "MEMGRANT_MODE", "observe", "MEMGRANT_TARGETS", "*",
                "ARROW_DEFAULT_MEMORY_POOL?", "system"));
        String limit = settings.pythonLimit();
        if (limit != null && JavaUtils.byteStringAsBytes(limit) < LEAST_LIMIT) {
            Say.once("spark.memgrant.pythonLimit=" + limit + " is less than 64m, of which Python itself needs some: there is no limit");
        } else if (limit != null && settings.enforces()) {
            values.putAll(Map.of("MEMGRANT_MODE", "enforce", "MEMGRANT_LIMIT", Long.toString(JavaUtils.byteStringAsBytes(limit)), "MEMGRANT_ON_DENIAL", "fail"));
        }
        return values.entrySet().stream().map(value -> value.getKey() + "=" + value.getValue() + "\n").collect(Collectors.joining());
    }

    /** At its end the task's workers have left what it used. */
    void watch(TaskContext context) {
        context.addTaskCompletionListener((TaskCompletionListener) ended -> look(ended.taskAttemptId()));
    }

    /**
     * What the task's workers take is charged to its account, if that is asked for. On the task's thread, after whoever settles that account listens for the
     * task's end.
     *
     * @param task null where nothing is granted
     */
    void charge(TaskContext context, Account account, EnforcedTask task) {
        if (server != null) {
            server.serve(context, account, task);
        }
    }

    /** Reads what workers have left since the last time. */
    private void look() {
        look(NO_TASK);
    }

    /** The same; and of those that still work for this task, which has ended, nothing more may come: they were killed, or soon will be. */
    private synchronized void look(long ended) {
        try {
            boolean any = take();
            noteWorking();
            for (Path file : List.copyOf(working.keySet())) {
                if (working.get(file).task() == ended) {
                    tasks.add(working.remove(file));
                    Files.deleteIfExists(file);
                    any = true;
                }
            }
            if (any) {
                Memgrant.sayWorkers(tasks.json());
            }
        } catch (Throwable broken) {
            Say.once("what Python workers used is not in the report", broken);
        }
    }

    private boolean take() throws IOException {
        boolean any = false;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.json")) {
            for (Path file : files) {
                String text = read(file);
                Files.delete(file);
                any |= text != null && tasks.add(text);
            }
        }
        return any;
    }

    /** Those that have begun a task and not ended it, and what is resident of them now. */
    private void noteWorking() throws IOException {
        Set<Path> found = new HashSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.begun")) {
            for (Path file : files) {
                WorkerTasks.Working worker = working.containsKey(file) ? working.get(file) : tasks.working(read(file));
                if (worker != null) {
                    working.put(file, worker.seenWith(residentOf(worker.pid())));
                    found.add(file);
                }
            }
        }
        working.keySet().retainAll(found);
        if (server != null) {
            Memgrant.sawWorkers(working.values().stream().mapToLong(WorkerTasks.Working::grown).sum());
        }
    }

    /** Of memory that is its own; 0 for one that is gone. */
    private static long residentOf(int pid) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
            return lines.filter(line -> line.startsWith("RssAnon:")).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst().orElse(0);
        } catch (IOException | RuntimeException gone) {
            return 0;
        }
    }

    /** Null where it is gone, or nothing that a worker would leave. */
    private static String read(Path file) throws IOException {
        try {
            boolean good = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) <= MOST_BYTES;
            return good ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8) : null; // damaged letters become others
        } catch (NoSuchFileException ended) {
            return null;
        }
    }

    /** The last look: the executor ends. */
    void close() {
        looking.cancel(false);
        if (server != null) {
            server.close();
        }
        look();
    }
}
