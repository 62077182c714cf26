package io.memgrant.spark;

import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Whether tasks have all been waiting, in Java, for a while: then they may wait for the very one that waits for them, as tasks
 * that meet each other do. A task in native code, or one that uses its processor now and then, goes on.
 */
final class Stillness {
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(3);
    /** Whoever waits with a timeout looks now and then. */
    private static final long LITTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Map<Long, Long> processorTime = new HashMap<>();
    private long since = System.nanoTime();

    /** To be asked several times a second. */
    boolean lasts(Collection<EnforcedTask> tasks) {
        for (EnforcedTask task : tasks) {
            long id = task.thread().getId();
            long now = ManagementFactory.getThreadMXBean().getThreadCpuTime(id);
            Long before = processorTime.put(id, now);
            if (task.thread().getState() == Thread.State.RUNNABLE || before == null || now - before > LITTLE_NANOS) {
                since = System.nanoTime();
            }
        }
        return !tasks.isEmpty() && System.nanoTime() - since > LONG_NANOS;
    }
}
