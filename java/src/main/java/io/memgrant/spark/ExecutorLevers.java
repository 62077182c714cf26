package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.Say;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Pulls the levers of the executor's account, on a thread of their own: one that hangs costs a task that lacks memory a
 * bounded wait, and nobody else anything. Thread-safe.
 */
final class ExecutorLevers {
    /** One thread for the process, as there is one account; it ends when there was nothing to do for a while. */
    private static final Executor THREAD = newExecutor();

    private final Account account = Memgrant.root();
    private final long waitMillis;
    private final Runnable giveBack;
    /** What is under way; guarded by this. */
    private CompletableFuture<Void> pulling = CompletableFuture.completedFuture(null);
    /** What was waited for in vain. */
    private volatile CompletableFuture<Void> hung;

    /**
     * @param waitMillis the longest that one lever may take
     * @param giveBack returns to Spark what the account does not use any more
     */
    ExecutorLevers(long waitMillis, Runnable giveBack) {
        this.waitMillis = waitMillis;
        this.giveBack = giveBack;
    }

    private static Executor newExecutor() {
        ThreadPoolExecutor executor = new ThreadPoolExecutor(1, 1, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                ExecutorLevers::newThread);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    private static Thread newThread(Runnable work) {
        Thread thread = new Thread(null, work, "memgrant-levers", 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        return thread;
    }

    /**
     * Begins to pull levers, unless that is under way.
     *
     * @param bytes how much is missing
     * @return ends when Spark has what came free
     */
    synchronized CompletableFuture<Void> pull(long bytes) {
        if (bytes > 0 && account.hasLevers() && pulling.isDone()) {
            pulling = CompletableFuture.runAsync(() -> {
                account.pullLevers(bytes, waitMillis, true);
                giveBack.run();
            }, THREAD).exceptionally(broken -> {
                Say.once("the executor's levers were not pulled", broken);
                return null;
            });
        }
        return pulling;
    }

    /** Pulls them and waits for it, but not for ever. On a task's thread, with none of Spark's monitors held. */
    void pullAndWait(long bytes) {
        CompletableFuture<Void> end = pull(bytes);
        try {
            if (end != hung) {
                end.get(waitMillis, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException meanwhile) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException withoutThem) {
            hung = end; // Spark is asked all the same
        }
    }

    /** Tells them that they may take so much again, unless something is under way. */
    synchronized void ease(long bytes) {
        if (bytes > 0 && account.hasLevers() && pulling.isDone()) {
            pulling = CompletableFuture.runAsync(() -> account.easeLevers(bytes, waitMillis), THREAD);
        }
    }
}
