package io.memgrant.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Other executors in this one's container, as a standalone worker in one container has several: of what they were promised
 * and have not touched nothing is seen here, and each would lend the same room. Thread-safe.
 */
final class Neighbours {
    /** One that starts takes longer than that until it lends anything. */
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Container container;
    private long lookedNanos = System.nanoTime() - FRESH_NANOS;
    private String found;

    Neighbours(Container container) {
        this.container = container;
    }

    /** The number of another executor's process; null when there is none. */
    synchronized String find() {
        if (System.nanoTime() - lookedNanos >= FRESH_NANOS) {
            Set<String> own = ProcessHandle.current().descendants().map(child -> Long.toString(child.pid()))
                    .collect(Collectors.toSet());
            own.add(Long.toString(ProcessHandle.current().pid()));
            found = container.processes().filter(process -> !own.contains(process) && isExecutor(Path.of("/proc", process)))
                    .findFirst().orElse(null);
            lookedNanos = System.nanoTime();
        }
        return found;
    }

    /** A JVM that Spark started as one, or that memgrant is in. One that can't be read is another user's. */
    private static boolean isExecutor(Path process) {
        try {
            return Files.readSymbolicLink(process.resolve("exe")).getFileName().toString().startsWith("java")
                    && (Files.readString(process.resolve("cmdline")).contains("ExecutorBackend")
                    || PreloadedLibrary.find(Files.readString(process.resolve("maps")), null) != null);
        } catch (IOException | RuntimeException gone) {
            return false;
        }
    }
}
