package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.NativeMemoryAccountant;
import io.memgrant.Say;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.memory.TaskMemoryManager;

/**
 * What Spark granted for one task's native memory, counted by where it came from, because each source must get back
 * exactly what it gave:
 *
 * <ul>
 *   <li>the <em>manager</em>: MemoryManager itself, which couriers ask without ever waiting ({@link #acquireMemory});
 *   <li>the <em>consumer</em>: TaskMemoryManager, which makes other consumers spill and may wait for other tasks
 *       ({@link #ask}), on the task's own thread. Spark's peak metrics see only this part;
 *   <li>the <em>anchor</em>: one byte from there, held from start to end. It makes the consumer known to Spark and keeps
 *       the task's entry in the pool, which Spark deletes when a task has 0 bytes, even if another thread waits on it.
 * </ul>
 *
 * Bytes are counted here before the account learns of them, and leave the account before they leave here: so what an
 * account gives back is always here. Thread-safe without a lock of its own: {@link TaskConsumer#spill} runs with Spark's
 * monitors held.
 */
final class TaskMemory implements NativeMemoryAccountant {
    private final SparkMemory memory;
    private final TaskMemoryManager task;
    private final long taskAttemptId;
    private final Account account;
    private final long kept;
    private final TaskConsumer consumer;
    private final AtomicLong byManager = new AtomicLong();
    private final AtomicLong byConsumer = new AtomicLong();
    private final AtomicLong anchor = new AtomicLong();
    private final Declared declared;
    /** No monitor of Spark's is taken while it is held. */
    private final Object covering = new Object();
    /** Both guarded by it: what a library that charges Spark itself has paid for, of what it uses; nothing changes any more. */
    private long covered;
    private boolean settled;
    /** Guarded by Spark's monitor: what is acquired for a task that is over, nobody releases. */
    private boolean closed;

    /** @param kept unused memory that stays with the account when a library declares what Spark granted before */
    TaskMemory(SparkMemory memory, TaskMemoryManager task, long taskAttemptId, Account account, long kept) {
        this.kept = kept;
        this.memory = memory;
        this.task = task;
        this.taskAttemptId = taskAttemptId;
        this.account = account;
        this.consumer = new TaskConsumer(task, account, this);
        this.declared = new Declared(task);
    }

    /**
     * Takes the anchor, if it can be had without waiting; then nothing was waited for, spilled or evicted. On the task's
     * thread, before anything else. Without it the consumer becomes known at the first {@link #ask}.
     */
    void takeAnchor() {
        // Spark's own order: first the task's monitor, then the manager's.
        synchronized (task) {
            synchronized (memory.monitor()) {
                if (memory.free() > 0) {
                    anchor.addAndGet(task.acquireExecutionMemory(1, consumer));
                }
            }
        }
    }

    /** What the manager has free for this task now, without waiting: nothing where that cannot be told before. */
    long acquireFree(long bytes) {
        return memory.mayAlwaysWait() ? 0 : acquireFromManager(bytes);
    }

    private long acquireFromManager(long bytes) {
        synchronized (memory.monitor()) {
            long got = closed || bytes <= 0 ? 0 : memory.acquireWithoutWaiting(bytes, taskAttemptId);
            byManager.addAndGet(got);
            return got;
        }
    }

    /**
     * For couriers only. Never waits: the calling thread's interrupt flag, which is nobody else's, is up meanwhile, so
     * that Spark's {@code wait()} would end before it began, should {@link SparkMemory#acquireWithoutWaiting} be wrong
     * about a Spark to come.
     */
    @Override
    public long acquireMemory(long bytes) {
        long paid = cover(bytes);
        return paid + acquireInterrupted(bytes - paid);
    }

    /** For threads of ours that are not the task's: as a courier asks, but for what the account is granted when this has returned. */
    long acquireInterrupted(long bytes) {
        long got = 0;
        Thread.currentThread().interrupt();
        try {
            got = acquireFromManager(bytes);
        } catch (Throwable refused) {
            sayUnlessExpected(refused);
        } finally {
            Thread.interrupted();
        }
        return got;
    }

    /**
     * Looks at what a library that charges Spark itself has declared, and makes as much of it as it uses a part of the grant.
     *
     * @param asked what the account's courier asks for
     * @return how much of that need not be asked for
     */
    private long cover(long asked) {
        synchronized (covering) {
            long measured = settled ? 0 : account.measured();
            if (settled || (measured == 0 && covered == 0)) {
                return 0;
            }
            long declares = declared.bytes();
            long now = Math.min(declares, measured);
            long byAnswer = Math.max(0, Math.min(asked, now - covered));
            account.cover(declares, now, byAnswer);
            covered = now;
            return byAnswer;
        }
    }

    /** The same at any time. Also gives back what Spark granted before the library declared it. */
    void lookAtDeclared() {
        cover(0);
        long paid = covered();
        if (paid > 0) {
            long surplus = account.granted() - Math.max(account.used(), paid) - kept;
            releaseMemory(surplus > 0 ? account.takeBack(surplus) : 0);
        }
    }

    /** What such a library has paid for itself. */
    long covered() {
        synchronized (covering) {
            return covered;
        }
    }

    /** What such a library has declared beyond what it uses here. */
    long declaredElsewhere() {
        return Math.max(0, declared.bytes() - covered());
    }

    /** Before the account is settled. */
    void settle() {
        synchronized (covering) {
            settled = true;
            covered = 0;
        }
    }

    /**
     * Asks Spark with all it can do: other consumers of the task spill, and it waits until the task could have its fair
     * share, but not for ever: the task may hold a lock that those need whom it waits for. Only on the task's own thread,
     * with none of Spark's monitors held. Where the wait could not be ended nothing is asked.
     *
     * @param bytes above 0
     * @return what was granted, 0 when an exception was
     */
    long ask(long bytes) {
        long claimed = BoundedWait.isPossible() ? memory.claim(bytes) : 0;
        if (claimed <= 0) {
            return 0;
        }
        long got = 0;
        BoundedWait wait = memory.boundWait();
        try {
            got = task.acquireExecutionMemory(claimed, consumer);
        } catch (Throwable refused) {
            // A partial grant before a failed spill stays Spark's until the task ends: it told nobody how much it was.
            if (refused instanceof InterruptedException && !wait.wasEnded()) {
                Thread.currentThread().interrupt(); // by somebody else, for something else
            }
            sayUnlessExpected(refused);
        } finally {
            wait.close();
            memory.unclaim(claimed - got);
        }
        byConsumer.addAndGet(got);
        return got;
    }

    /**
     * Gives back to the consumer's source first, then to the manager's: never more than each gave. What has left here Spark has, so that a task which
     * ends meanwhile leaves it nothing.
     */
    @Override
    public void releaseMemory(long bytes) {
        if (bytes <= 0) {
            return;
        }
        synchronized (memory.monitor()) {
            long toConsumer = takeUpTo(byConsumer, bytes);
            long toManager = takeUpTo(byManager, bytes - toConsumer);
            if (toConsumer > 0) {
                memory.release(toConsumer, task, consumer);
            }
            if (toManager > 0) {
                memory.release(toManager, taskAttemptId);
            }
        }
    }

    /**
     * Gives everything back, to exactly 0, and takes nothing from then on.
     *
     * @return how much it was, without the anchor
     */
    long close() {
        synchronized (memory.monitor()) {
            closed = true;
        }
        long all = held();
        releaseMemory(all);
        long anchored = anchor.getAndSet(0);
        if (anchored > 0) {
            task.releaseExecutionMemory(anchored, consumer);
        }
        return all;
    }

    /** What must stay while the task runs, in bytes: without an anchor Spark would forget it at 0, and whoever waits in the pool for it would fail. */
    long entry() {
        return anchor.get() > 0 ? 0 : 1;
    }

    /** Bytes granted to the account, from both sources. */
    long held() {
        return byManager.get() + byConsumer.get();
    }

    /** What Spark's books have for the consumer and for its courier. */
    long heldWithAnchor() {
        return held() + anchor.get();
    }

    /** Whether the thread is inside Spark's memory management: in a spill, or in the eviction of a block. */
    boolean isBeingManagedByThisThread() {
        return Thread.holdsLock(task) || Thread.holdsLock(memory.monitor());
    }

    private static long takeUpTo(AtomicLong source, long bytes) {
        long had = source.getAndUpdate(has -> has - Math.min(has, bytes));
        return Math.min(had, bytes);
    }

    private static void sayUnlessExpected(Throwable refused) {
        boolean expected = refused instanceof InterruptedException // the task was killed, or a courier was about to wait
                || refused instanceof NoSuchElementException // Spark had removed the task's entry meanwhile
                || refused instanceof OutOfMemoryError; // a spill had no disk space
        if (!expected) {
            Say.once("Spark refused memory in an unexpected way", refused);
        }
    }
}
