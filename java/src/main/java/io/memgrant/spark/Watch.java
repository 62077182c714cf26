package io.memgrant.spark;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** What is looked at now and then, on daemon threads of our own. */
final class Watch {
    /** Two: one look may take as long as the eviction of a block. */
    private static final ScheduledThreadPoolExecutor THREADS = new ScheduledThreadPoolExecutor(2, Watch::newThread);

    /** For what never waits for a monitor of Spark's: what is sent, what is called in and what is asked don't wait for each other. */
    private static final ScheduledThreadPoolExecutor UNDISTURBED = new ScheduledThreadPoolExecutor(3, Watch::newThread);

    static {
        UNDISTURBED.setRemoveOnCancelPolicy(true);
        THREADS.setRemoveOnCancelPolicy(true);
    }

    private Watch() {}

    /** What a look throws ends all further ones. */
    static ScheduledFuture<?> every(long firstMillis, long millis, Runnable look) {
        return THREADS.scheduleWithFixedDelay(look, firstMillis, millis, TimeUnit.MILLISECONDS);
    }

    static ScheduledFuture<?> everyUndisturbed(long millis, Runnable look) {
        return UNDISTURBED.scheduleWithFixedDelay(look, millis, millis, TimeUnit.MILLISECONDS);
    }

    private static Thread newThread(Runnable work) {
        return daemon(work, "memgrant-watch");
    }

    /** A daemon that has nothing of who starts it. */
    static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(null, work, name, 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        return thread;
    }
}
