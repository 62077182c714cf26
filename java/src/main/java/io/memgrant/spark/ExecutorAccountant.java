package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.NativeMemoryAccountant;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.TestBlockId;

/**
 * Memory that no task owns, such as the blocks of process-wide thread pools, counts as Spark's off-heap <em>storage</em>
 * memory. So each task's share of the pool shrinks by it, as it should, and the number of tasks among which Spark divides
 * the pool stays right, which a pseudo task would change.
 */
final class ExecutorAccountant implements NativeMemoryAccountant {
    /** Storage memory comes all or nothing: smaller pieces than this are not worth a try. */
    static final long SMALLEST = 64 << 10;

    /** Unused memory that stays with the account, so that it does not come and go with each task. */
    private static final long KEPT = 16 << 20;

    private volatile SparkMemory memory;
    /** No block of that name ever exists; Spark needs one only to log it and to know that it is no RDD's. */
    private final BlockId owner = new TestBlockId("memgrant_" + UUID.randomUUID());
    private final AtomicLong held = new AtomicLong();

    ExecutorAccountant(SparkMemory memory) {
        this.memory = memory;
    }

    /**
     * A later SparkContext of the same process has a memory manager of its own. It gets to know of what the executor's
     * account has, as far as it has room; the old one is gone with all its books.
     */
    void moveTo(SparkMemory successor) {
        memory = successor;
        acquireMemory(held.getAndSet(0));
    }

    @Override
    public long acquireMemory(long bytes) {
        long request = Math.min(bytes, memory.storageAtMost());
        while (request > 0 && !memory.acquireStorage(owner, request)) {
            request = request / 2 < SMALLEST ? 0 : request / 2;
        }
        held.addAndGet(request);
        return request;
    }

    @Override
    public void releaseMemory(long bytes) {
        long had = held.getAndUpdate(has -> has - Math.min(has, bytes));
        memory.releaseStorage(Math.min(had, bytes));
    }

    /**
     * Returns what an account has not used for long enough to be trusted: Spark has no way to ask for it, since no block
     * of its cache holds it.
     *
     * @param account whose accountant this is
     * @param used what that account uses itself, without its tasks; a guess will do
     */
    void giveBackSurplus(Account account, long used) {
        long surplus = held.get() - used - KEPT;
        if (surplus > 0) {
            releaseMemory(account.takeBack(surplus));
        }
    }

    /** Bytes of storage memory that the executor's account has. */
    long held() {
        return held.get();
    }
}
