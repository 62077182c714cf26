package io.memgrant.spark;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Who waits for whom, so that tasks are denied seldom, and not again and again. A library cannot spill as Spark's operators
 * do; but other tasks end.
 *
 * <ul>
 *   <li>A task that Spark refused memory waits at its boundary while another one runs that can still end. Where all of them
 *       wait, one is stopped: the one with the most attempts left, of these the youngest. So the others go on.
 *   <li>While one waits, and while one must be alone, no other task starts: what comes free is theirs.
 *   <li>A task that was denied starts again when what it needed then is free, else when no other task runs; one that was denied
 *       twice runs alone.
 * </ul>
 *
 * All waits are bounded: a task that waits may hold a lock that those need whom it waits for. And a task starts once all
 * that run have been waiting themselves for some seconds ({@link Stillness}). Everything is guarded by Spark's
 * monitor, which Spark notifies when memory comes free.
 */
final class Admission {
    /** How often is looked whether those that run are stuck, of which nobody is notified. */
    private static final long LOOK_MILLIS = 250;

    /** Of those that all need memory the first one is stopped: the one with the most attempts left, of these the youngest. */
    static final Comparator<EnforcedTask> FIRST_TO_STOP =
            Comparator.comparingInt(EnforcedTask::attempt).thenComparing(EnforcedTask::id, Comparator.reverseOrder());

    private final SparkMemory memory;
    private final long startMillis;
    private final long boundaryMillis;
    private final LongSupplier mostForOne;
    private final Set<EnforcedTask> running = ConcurrentHashMap.newKeySet();
    private final Queue<EnforcedTask> atStart = new ArrayDeque<>();
    /** How often each waits: a task may at its boundary, and for each process that works for it. */
    private final Map<EnforcedTask, Integer> atBoundary = new HashMap<>();
    private EnforcedTask alone;

    /** @param mostForOne the most native memory that a task could have if it was alone, in bytes */
    Admission(SparkMemory memory, Settings settings, LongSupplier mostForOne) {
        this.memory = memory;
        this.startMillis = settings.admissionWaitMillis();
        this.boundaryMillis = settings.boundaryWaitMillis();
        this.mostForOne = mostForOne;
    }

    /** Tasks that started and did not end yet. Needs no monitor. */
    Set<EnforcedTask> running() {
        return running;
    }

    /**
     * Returns when the task may start. On its own thread, before it has anything; in the order in which they come.
     *
     * @param need what an earlier attempt needed when it was denied, in bytes; 0 when there was none
     */
    void start(EnforcedTask task, long need) {
        synchronized (memory.monitor()) {
            atStart.add(task);
            try {
                long end = deadline(startMillis);
                Stillness still = new Stillness();
                while (!mayStart(task, need) && !task.isEnding() && !still.lasts(running) && waitUntil(end)) {
                    continue;
                }
            } catch (InterruptedException meanwhile) {
                Thread.currentThread().interrupt();
            } finally {
                atStart.remove(task);
                if (need > 0 && running.isEmpty() && !fitsBesideOthers(task, need)) {
                    alone = task;
                }
                running.add(task);
                memory.monitor().notifyAll();
            }
        }
    }

    private boolean mayStart(EnforcedTask task, long need) {
        if (task.isBarrier()) {
            return true; // it needs all tasks of its stage
        }
        return atStart.peek() == task && alone == null && atBoundary.isEmpty()
                && (need == 0 || running.isEmpty() || fitsBesideOthers(task, need));
    }

    private boolean fitsBesideOthers(EnforcedTask task, long need) {
        int tasks = Math.max(2, running.size() + 1);
        return task.attempt() < 2 && need <= memory.freeForNative() && need <= memory.shareAmong(tasks);
    }

    /** The task is over, and has nothing any more. */
    void end(EnforcedTask task) {
        synchronized (memory.monitor()) {
            running.remove(task);
            if (alone == task) {
                alone = null;
            }
            memory.monitor().notifyAll();
        }
    }

    /**
     * Waits for what Spark refused a task until now. On the task's thread, at a boundary where it may be stopped; or on a thread of ours, for a process that
     * works for it.
     *
     * @param waitedNanos how long it was let wait before, by Spark for one; its wait here is that much shorter
     * @param takeMissing takes what is free, if that is enough; with Spark's monitor held
     * @return whether the task has what it needs
     */
    boolean awaitMissing(EnforcedTask task, long waitedNanos, BooleanSupplier takeMissing) {
        synchronized (memory.monitor()) {
            atBoundary.merge(task, 1, Integer::sum);
            memory.monitor().notifyAll(); // those who wait have one less to wait for
            try {
                long end = deadline(boundaryMillis) - waitedNanos;
                while (!takeMissing.getAsBoolean()) {
                    if (task.isEnding() || !mayHope(task) || !waitUntil(end)) {
                        return false;
                    }
                }
                return true;
            } catch (InterruptedException meanwhile) {
                Thread.currentThread().interrupt();
                return false;
            } finally {
                atBoundary.computeIfPresent(task, (waiting, waits) -> waits > 1 ? waits - 1 : null);
                memory.monitor().notifyAll();
            }
        }
    }

    /** Whether that is as long as one may wait here. */
    boolean hasWaited(long nanos) {
        return nanos >= TimeUnit.MILLISECONDS.toNanos(boundaryMillis);
    }

    private boolean mayHope(EnforcedTask task) {
        if (running.size() < 2 || task.account().used() + task.account().workersAhead() > mostForOne.getAsLong()) {
            return false;
        }
        boolean othersAreStuck = running.stream().allMatch(other -> other == task || isStuck(other));
        return !othersAreStuck || task != firstToStop();
    }

    private EnforcedTask firstToStop() {
        return atBoundary.keySet().stream().min(FIRST_TO_STOP).orElseThrow();
    }

    /** Whether a task cannot end before one that waits at a boundary has gone on. */
    private boolean isStuck(EnforcedTask other) {
        return atBoundary.containsKey(other) || BoundedWait.isInPool(other.thread()) || isLockedOut(other.thread());
    }

    private boolean isLockedOut(Thread thread) {
        ThreadInfo info = ManagementFactory.getThreadMXBean().getThreadInfo(thread.getId());
        if (info == null || info.getLockInfo() == null
                || info.getLockInfo().getIdentityHashCode() == System.identityHashCode(memory.monitor())) {
            return false; // Spark's monitor is this thread's, but not for long
        }
        return atBoundary.keySet().stream().anyMatch(waiting -> waiting.thread().getId() == info.getLockOwnerId());
    }

    private static long deadline(long millis) {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** Waits a little. False when that time has come. */
    private boolean waitUntil(long end) throws InterruptedException {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left > 0) {
            memory.monitor().wait(Math.min(left, LOOK_MILLIS));
        }
        return left > 0;
    }
}
