package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.NativeMemoryAccountant;
import java.util.UUID;
import org.apache.spark.storage.BlockId;
import org.apache.spark.storage.TestBlockId;

/**
 * Memory that no task owns counts as Spark's off-heap <em>storage</em> memory: cached blocks make room for it, each task's
 * share of the pool shrinks by it, as it should, and the number of tasks among which Spark divides the pool stays right, which
 * a pseudo task would change.
 *
 * <p>A <em>reserve</em> of it is taken when the executor starts and stays. Its monitor is taken before Spark's, never
 * while that is held.
 */
final class ExecutorAccountant implements NativeMemoryAccountant {
    /** Storage memory comes all or nothing: smaller pieces than this are not worth a try. */
    static final long SMALLEST = 64 << 10;

    private final Account account;
    /** No block of that name ever exists; Spark needs one only to log it and to know that it is no RDD's. */
    private final BlockId owner = new TestBlockId("memgrant_" + UUID.randomUUID());
    private SparkMemory memory;
    private long reserve;
    /** Unused memory that stays with the account beyond the reserve, so that it does not come and go with each task. */
    private long kept;
    /** Storage memory that the account has; written under the monitor. */
    private volatile long held;
    /** What the account has though Spark's books do not: a later SparkContext's had no room for it yet. */
    private long owed;

    /** @param account one that lives as long as the process; what it has from here is its whole grant */
    ExecutorAccountant(Account account) {
        this.account = account;
    }

    /**
     * Takes memory from there from now on, the reserve at once. A later SparkContext of the same process has a memory
     * manager of its own, which gets to know of what the account has, as far as it has room, and of the rest when it has;
     * the old one is gone with all its books.
     */
    synchronized void moveTo(SparkMemory successor, long newReserve, long newKept) {
        owed += held;
        held = 0;
        memory = successor;
        reserve = newReserve;
        kept = newKept;
        askForMissing();
    }

    @Override
    public synchronized long acquireMemory(long bytes) {
        long request = Math.min(bytes, memory.storageAtMost());
        while (request > 0 && !memory.acquireStorage(owner, request)) {
            request = request / 2 < SMALLEST ? 0 : request / 2;
        }
        request = Math.max(request, 0);
        held += request;
        return request;
    }

    @Override
    public synchronized void releaseMemory(long bytes) {
        long unknown = Math.min(owed, bytes);
        owed -= unknown;
        long known = Math.min(held, bytes - unknown);
        held -= known;
        memory.releaseStorage(known);
    }

    /** Asks for what is owed, for what the account uses beyond its grant, and for what its reserve lacks. */
    synchronized void askForMissing() {
        if (owed > 0) {
            owed -= acquireMemory(owed);
        }
        long missing = Math.max(account.overdraft(), reserve - held - owed);
        if (missing > 0) {
            account.grant(acquireMemory(missing));
        }
    }

    /**
     * Returns what the account does not use, beyond its reserve: Spark has no way to ask for it, since no block of its cache
     * holds it.
     *
     * @param used what the account uses, without the accounts below it; read before this is called, a guess will do
     * @param keeps whether some of it stays, so that it need not come and go
     */
    synchronized void giveBackSurplus(long used, boolean keeps) {
        long surplus = held + owed - Math.max(reserve, keeps ? used + kept : used);
        if (surplus > 0) {
            releaseMemory(account.takeBack(surplus));
        }
    }

    /** Bytes of storage memory that the executor's account has. */
    long held() {
        return held;
    }
}
