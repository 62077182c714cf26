package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Headroom;
import io.memgrant.Say;
import java.util.concurrent.TimeUnit;

/**
 * Policy {@code headroom}: a refusal by Spark is a denial only where the executor's container has no room either. What it has is
 * its limit less the memory that the kernel can't take back, and less what is promised and can be taken without a question:
 * the rest of the heap, what Spark's pool has free, and what is granted or allocated and was never touched. A reserve stays,
 * for what nobody promised and grows all the same: threads, compiled code, children.
 *
 * <p>Looked at where a request was refused, before each denial, and {@link #LOOK_MILLIS} apart while memory is
 * short. When half of the reserve is gone, what was lent is called in. Thread-safe.
 */
final class Room {
    static final long LOOK_MILLIS = 200;
    /** Memory is short for so long after a refusal. */
    private static final long SHORT_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** Couriers of many tasks may be refused at once. */
    private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Container container;
    private final Heap heap = new Heap();
    private final SparkMemory memory;
    private final long reserve;
    private volatile long refusedNanos = System.nanoTime() - SHORT_NANOS;
    private volatile long lookedNanos = System.nanoTime() - SHORT_NANOS;
    private volatile long seen;

    Room(Container container, SparkMemory memory, Settings settings) {
        this.container = container;
        this.memory = memory;
        this.reserve = settings.headroomReserve(container.limit());
    }

    /** Null where the policy is strict, or nobody limits this executor. */
    static Room of(Container container, SparkMemory memory, Settings settings) {
        if (settings.isStrict(container.isLimited())) {
            return null;
        }
        if (container.isLimited()) {
            return new Room(container, memory, settings);
        }
        Say.once("spark.memgrant.policy=headroom needs a memory cgroup with a limit, and this executor is in none: as strict");
        return null;
    }

    /** Spark refused somebody memory: what others may be lent from now on. */
    void refused() {
        refusedNanos = System.nanoTime();
        if (refusedNanos - lookedNanos > FRESH_NANOS) {
            look();
        }
    }

    /** Whether somebody was refused memory of late. */
    boolean isShort() {
        return System.nanoTime() - refusedNanos < SHORT_NANOS;
    }

    /** Whether some account has something that was lent. */
    boolean isLent() {
        return Headroom.lent() > 0;
    }

    /** In the order in which a byte moves from one to the other, so that none is missed, but perhaps counted twice. */
    void look() {
        lookedNanos = System.nanoTime();
        Headroom look = Headroom.look();
        SparkMemory.Promise ofSpark = memory.promise();
        long promised = ofSpark.free() + Headroom.promised(ofSpark.granted());
        promised += heap.untouched();
        seen = container.left() - promised - reserve;
        look.seen(seen);
    }

    /** Whether what was seen last leaves so little that what was lent has to come back. */
    boolean isExhausted() {
        return seen < -reserve / 2;
    }

    /** Lends an account what Spark refused, out of what is seen now. False: there is not so much. */
    boolean lend(Account account, long bytes) {
        look();
        return account.lend(bytes);
    }

    /** Says once that something was lent, by us or inside malloc. */
    void sayIfLent() {
        if (Headroom.wasLent()) {
            Say.once("Spark refused native memory that the container has room for: it is lent, and counted as overdraft"
                    + " (spark.memgrant.policy=strict denies it)");
        }
    }

    @Override
    public String toString() {
        return "the container's room is " + seen + " bytes, its limit " + container.limit() + ", reserve " + reserve;
    }
}
