package io.memgrant.tests;

import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryConsumer;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.memory.SparkOutOfMemoryError;

/**
 * Tasks that Spark refuses memory at dangerous moments, on one real executor with a pool of 128 MB. Each is stopped behind the
 * moment, and its next attempt finds on the same executor every lock free, every class usable, and nothing open.
 */
public final class Moments extends OnCluster {
    private static final long TOO_MUCH = 150 * MB;

    // On the executor.
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final Object MONITOR = new Object();
    private static final Cleaner CLEANER = Cleaner.create();
    /** By moment, what its first attempt has seen. */
    private static final ConcurrentHashMap<String, String> SEEN = new ConcurrentHashMap<>();

    private Moments(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Moments moments = new Moments(spark);
            moments.at("with a lock and a monitor held", task -> withLocks());
            moments.at("for bytes of a thread of the library's", task -> freed(Target.allocateOnOwnThread(TOO_MUCH)));
            moments.at("while a critical region is open", task -> freed(Target.allocateInCritical(new byte[100], TOO_MUCH)));
            moments.at("while an exception is pending", task -> whileAnotherIsPending());
            moments.at("inside a static initialiser", task -> freed(Initialised.BLOCK));
            moments.at("inside a Cleaner", task -> insideCleaner());
            moments.at("inside spill()", Moments::insideSpill);
            moments.saidNothing();
        }
    }

    /** The first attempt is stopped; what the moment leaves to be done is checked by the second. */
    private void at(String moment, Body body) {
        String seen = run(1, task -> {
            if (task.attemptNumber() == 0) {
                String ended = "not stopped";
                try {
                    ended = body.run(task);
                } catch (SparkOutOfMemoryError stopped) {
                    ended = "stopped";
                    throw stopped;
                } finally {
                    SEEN.put(moment, ended);
                }
            }
            String locks = LOCK.tryLock() ? "locks free" : "a lock is held";
            synchronized (MONITOR) {
                LOCK.unlock();
            }
            return SEEN.get(moment) + ", then attempt " + task.attemptNumber() + " on executor "
                    + SparkEnv.get().executorId() + ", " + locks + ", " + Target.openBlocks() + " open"
                    + (moment.contains("initialiser") ? ", initialised " + Initialised.TIMES : "");
        }).get(0);
        Check.that(seen.startsWith("stopped, then attempt 1 on executor 0, locks free, 0 open"), "a task is stopped " + moment,
                "%s", seen);
        thatNothingIsLeft("after it");
    }

    /** To the library these methods are its own Java half, which may go on for a while when it was given a handle. */
    private static void boundaries() {
        for (int i = 0; i < 20; i++) {
            Target.boundary();
        }
    }

    /** Frees it whatever the boundaries say. */
    private static String freed(long block) {
        try {
            boundaries();
        } finally {
            Target.free(block);
        }
        return "not stopped";
    }

    private static String withLocks() {
        LOCK.lock();
        try {
            synchronized (MONITOR) {
                return freed(Target.allocate(TOO_MUCH));
            }
        } finally {
            LOCK.unlock();
        }
    }

    private static String whileAnotherIsPending() {
        long[] block = new long[1];
        IllegalStateException own = new IllegalStateException("the library's own");
        try {
            Target.allocateAndThrow(block, TOO_MUCH, own);
        } catch (IllegalStateException caught) {
            return caught == own ? freed(block[0]) : "another exception than the library's own";
        }
        return "no exception";
    }

    /** Of a class whose initialiser was left by an exception, every later use fails. */
    private static final class Initialised {
        static int TIMES;
        static final long BLOCK = Target.allocate(TOO_MUCH);

        static {
            boundaries();
            TIMES++;
        }
    }

    /** The JDK's Cleaner does its work once: what it does not come to is never done. */
    private static String insideCleaner() {
        long block = Target.allocate(MB);
        CLEANER.register(new Object(), () -> {
            long more = Target.allocate(TOO_MUCH);
            boundaries();
            Target.free(more);
            Target.free(block);
        }).clean();
        long last = Target.allocate(TOO_MUCH);
        return freed(last);
    }

    /** Spark's own monitor is held, and half of what it asked for is not there yet. */
    private static String insideSpill(TaskContext task) {
        boolean[] spilled = new boolean[1];
        List<Long> blocks = new ArrayList<>();
        MemoryConsumer hog = new MemoryConsumer(task.taskMemoryManager(), task.taskMemoryManager().pageSizeBytes(),
                MemoryMode.OFF_HEAP) {
            @Override
            public long spill(long size, MemoryConsumer trigger) {
                if (trigger == this || getUsed() == 0) {
                    return 0;
                }
                allocate(blocks, 140);
                long had = getUsed();
                freeMemory(had);
                spilled[0] = true;
                return had;
            }
        };
        hog.acquireMemory(60 * MB);
        Spiller other = new Spiller(task.taskMemoryManager());
        try {
            takeBySpilling(other);
            if (!spilled[0]) {
                return "spill() was not ended";
            }
            boundaries();
            return "not stopped";
        } finally {
            free(blocks);
            other.spill(other.getUsed(), null);
            hog.freeMemory(hog.getUsed());
        }
    }

    private static void takeBySpilling(Spiller other) {
        try {
            other.take(100 * MB);
        } catch (SparkOutOfMemoryError stopped) {
            throw new IllegalStateException("stopped inside spill()", stopped);
        }
    }
}
