package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Headroom;
import io.memgrant.Say;
import java.util.concurrent.TimeUnit;

/**
 * Policy {@code headroom}: a refusal by Spark is a denial only where the executor's container has no room either. What it has is
 * its limit less the memory that the kernel can't take back, and less what is promised and can be taken without a question:
 * the rest of the heap, what Spark's pool has free, a page of Spark's own for each task, and what is granted or allocated and was
 * never touched. A reserve stays, for what nobody promised and grows all the same: threads, compiled code, direct buffers, children.
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
    private final Neighbours neighbours;
    /** Whether somebody has set this policy, whoever else is in the container. */
    private final boolean isChosen;
    private final Heap heap = new Heap();
    private final SparkMemory memory;
    private final long reserve;
    /** What Spark's own operators have allocated at most and not touched yet. */
    private final long pages;
    private volatile long refusedNanos = System.nanoTime() - SHORT_NANOS;
    private final Object looking = new Object();
    /** When the last look ended. */
    private volatile long lookedNanos = System.nanoTime() - SHORT_NANOS;
    private volatile long seen;

    Room(Container container, SparkMemory memory, Settings settings) {
        this.container = container;
        this.neighbours = new Neighbours(container);
        this.isChosen = !settings.policy().isEmpty();
        this.memory = memory;
        this.pages = settings.cores() * memory.page();
        this.reserve = settings.headroomReserve(container.limit());
    }

    /** Null where the policy is strict, or nobody limits this executor, or not it alone. */
    static Room of(Container container, SparkMemory memory, Settings settings) {
        String policy = settings.policy();
        if (policy.equals("strict")) {
            return null;
        }
        if (!container.isLimited()) {
            if (!policy.isEmpty()) {
                Say.once("spark.memgrant.policy=headroom needs a memory cgroup with a limit, and this executor is in none: as strict");
            }
            return null;
        }
        Room room = new Room(container, memory, settings);
        if (room.isShared()) {
            return null;
        }
        Say.quietly("spark.memgrant.policy is headroom, since " + (policy.isEmpty() ? "no other executor is in this one's" : "it is set; the")
                + " memory cgroup with a limit of " + container.limit() + " bytes");
        return room;
    }

    /** Whether nothing is to be lent, because another executor may use the same room: it may have started meanwhile. */
    private boolean isShared() {
        String other = isChosen ? null : neighbours.find();
        if (other != null) {
            Say.once("spark.memgrant.policy is strict, since the memory cgroup of this executor holds another one:"
                    + " give each its own, or set the policy to headroom where they leave each other room", "process " + other);
        }
        return other != null;
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

    /** One at a time, since a look takes a while: who comes meanwhile has what that one sees. */
    void look() {
        long came = System.nanoTime();
        synchronized (looking) {
            if (lookedNanos - came < 0) {
                lookNow();
                lookedNanos = System.nanoTime();
            }
        }
    }

    /** In the order in which a byte moves from one to the other, so that none is missed, but perhaps counted twice. */
    private void lookNow() {
        Headroom look = Headroom.look();
        SparkMemory.Promise ofSpark = memory.promise();
        long promised = ofSpark.free() + Math.min(ofSpark.ofSpark(), pages) + Headroom.promised(ofSpark.granted());
        promised += heap.untouched();
        seen = container.left() - promised - reserve;
        look.seen(isShared() ? 0 : seen);
    }

    /** The same by what is in use alone: needs no monitor of Spark's, which the eviction of a block may hold for long. */
    boolean isFull() {
        return container.left() < reserve / 2;
    }

    /** Whether what was seen last leaves so little that what was lent has to come back. */
    boolean isExhausted() {
        return seen < -reserve / 2;
    }

    /**
     * Lends an account what Spark refused, out of what is seen now.
     *
     * @param cushion on top, if there is so much
     * @return false: there is not so much, and nothing was lent
     */
    boolean lend(Account account, long missing, long cushion) {
        refusedNanos = System.nanoTime();
        look();
        return account.lend(missing + cushion) || cushion > 0 && account.lend(missing);
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
