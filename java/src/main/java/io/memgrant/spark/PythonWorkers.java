package io.memgrant.spark;

import io.memgrant.Memgrant;
import io.memgrant.Say;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledFuture;
import java.util.stream.Collectors;
import java.util.zip.ZipFile;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
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
    private static final String ENDING = ".json";

    private final Path folder;
    private final WorkerTasks tasks = new WorkerTasks();
    private final ScheduledFuture<?> looking;

    private PythonWorkers(Path folder) {
        this.folder = folder;
        this.looking = Watch.every(LOOK_MILLIS, LOOK_MILLIS, this::look);
    }

    /** Null where nobody asked for it, and where it can't be: then one line says why, and Spark's own daemon starts them as ever. */
    static PythonWorkers start(Settings settings, String library, String executorId) {
        try {
            if (!settings.countsPython()) {
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
            conf.set(DAEMON, MODULE);
            return new PythonWorkers(folder);
        } catch (Throwable broken) {
            Say.once("Python workers are not counted", broken);
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
        if (limit != null && settings.enforces()) {
            values.putAll(Map.of("MEMGRANT_MODE", "enforce", "MEMGRANT_LIMIT", limit, "MEMGRANT_ON_DENIAL", "fail"));
        }
        return values.entrySet().stream().map(value -> value.getKey() + "=" + value.getValue() + "\n").collect(Collectors.joining());
    }

    /** At its end the task's workers have left what it used. */
    void watch(TaskContext context) {
        context.addTaskCompletionListener((TaskCompletionListener) ended -> look());
    }

    /** Reads what workers have left since the last time. */
    synchronized void look() {
        try {
            if (take()) {
                Memgrant.sayWorkers(tasks.json());
            }
        } catch (Throwable broken) {
            Say.once("what Python workers used is not in the report", broken);
        }
    }

    private boolean take() throws IOException {
        boolean any = false;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + ENDING)) {
            for (Path file : files) {
                String text = read(file);
                Files.delete(file);
                any |= text != null && tasks.add(text);
            }
        }
        return any;
    }

    private static String read(Path file) throws IOException {
        boolean good = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) <= MOST_BYTES;
        return good ? Files.readString(file) : null;
    }

    /** The last look: the executor ends. */
    void close() {
        looking.cancel(false);
        look();
    }
}
