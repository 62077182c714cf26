import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Threads that came while the library worked and that are none of the JVM's: the library's own, by the kernel's names. */
final class Threads extends Thread {
    private static final String JVMS = "(java|GC |G1 |VM |C1 |C2 |Compiler|Signal|Finalizer|Reference|Common-|Service|Monitor|"
            + "Notification|Sweeper|Attach|DestroyJavaVM|memgrant|Cleaner|process reaper|RMI|Thread-|Thread |threads of ).*";

    private final Set<Path> before = ConcurrentHashMap.newKeySet();
    private final Map<Path, String> names = new ConcurrentHashMap<>();

    private Threads() {
        super("threads of libraries");
        setDaemon(true);
    }

    /** From now on. Only what stays for some milliseconds is met. */
    static Threads watch() throws IOException {
        Threads threads = new Threads();
        threads.start();
        threads.look(threads.before::add);
        return threads;
    }

    void say() throws IOException {
        Set<String> javas = getAllStackTraces().keySet().stream().map(Threads::short15).collect(Collectors.toSet());
        Map<String, Integer> count = new TreeMap<>();
        for (Map.Entry<Path, String> thread : names.entrySet()) {
            boolean isWorker = thread.getValue().startsWith("Executor task");
            if (!thread.getValue().matches(JVMS) && (isWorker || !javas.contains(thread.getValue()))) {
                count.merge(thread.getValue(), 1, Integer::sum);
            }
        }
        // The worker itself has the name that libraries' threads inherit.
        count.computeIfPresent("Executor task l", (name, threads) -> threads > 1 ? threads - 1 : null);
        Fate.say("threads " + count.entrySet().stream().map(e -> e.getValue() + " x " + e.getKey())
                .collect(Collectors.joining(", ")));
    }

    private static String short15(Thread thread) {
        return thread.getName().substring(0, Math.min(15, thread.getName().length()));
    }

    @Override
    public void run() {
        try {
            while (true) {
                look(this::note);
                Thread.sleep(2);
            }
        } catch (IOException | InterruptedException end) {
            // Then no more are met.
        }
    }

    private void note(Path thread) {
        if (before.contains(thread)) {
            return;
        }
        try {
            names.put(thread, Files.readString(thread.resolve("comm")).trim());
        } catch (IOException ended) {
            // It keeps the name that it had before.
        }
    }

    private void look(java.util.function.Consumer<Path> at) throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            all.forEach(at);
        }
    }
}
