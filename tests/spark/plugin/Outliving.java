package io.memgrant.tests;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import java.io.Serializable;
import java.net.Socket;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.storage.RDDInfo;
import org.apache.spark.storage.StorageLevel;

/** Native memory that no task owns is Spark's storage memory: on one real executor with a pool of 128 MB. */
public final class Outliving extends OnCluster {
    private static final long POOL = 128 * MB;
    private static final long RESERVE = POOL / 8;
    private static final int SURVIVORS = 50;

    /** On the executor: blocks that outlive their task. */
    private static final Queue<Long> LEFT = new ConcurrentLinkedQueue<>();

    private Outliving(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Outliving outliving = new Outliving(spark);
            outliving.reserved();
            outliving.movesToTheExecutor();
            outliving.shrinksTheShares();
            outliving.freedByAThread();
            outliving.cachedBlocksMakeRoom();
            outliving.freedByAnotherTask();
            outliving.overheadIsCharged();
            outliving.saidNothing();
        }
    }

    /** The books of memory that no task owns, all of one moment, in bytes. */
    private record Books(long storage, long granted, long used, long overheadGranted, long overheadUsed)
            implements Serializable {
        static Books here() {
            MemoryManager manager = SparkEnv.get().memoryManager();
            Account overhead = Memgrant.overhead();
            synchronized (manager) {
                long usedByOverhead = overhead.used();
                return new Books(manager.offHeapStorageMemoryUsed(), Memgrant.root().granted(),
                        Memgrant.root().used() - usedByOverhead, overhead.granted(), usedByOverhead);
            }
        }

        boolean balance() {
            return storage == granted + overheadGranted;
        }

        /** Once that holds, or after twenty seconds: couriers are between Spark, which has said yes, and the account that they tell it to. */
        static Books once(Predicate<Books> holds) {
            long end = System.nanoTime() + 20_000_000_000L;
            Books books = here();
            while (!(books.balance() && holds.test(books)) && System.nanoTime() < end) {
                Thread.onSpinWait();
                books = here();
            }
            return books;
        }
    }

    /** Seen by a task that uses no native memory. */
    private Books books() {
        return spark.parallelize(List.of(1), 1).map(one -> Books.once(any -> true)).collect().get(0);
    }

    private void reserved() {
        Books books = books();
        Check.that(books.granted == RESERVE && books.balance(),
                "the executor has its reserve of Spark's storage memory before anything needs it", "%s", books);
    }

    private void leave() {
        run(1, task -> Boolean.toString(LEFT.addAll(allocate(SURVIVORS))));
    }

    private static void freeLeft() {
        for (Long block; (block = LEFT.poll()) != null; ) {
            Target.free(block);
        }
    }

    private void movesToTheExecutor() {
        leave();
        Books books = books();
        Check.that(books.used >= SURVIVORS * MB && books.used < (SURVIVORS + 1) * MB && books.granted >= books.used
                && books.granted < books.used + RESERVE && books.balance(),
                "what outlives its task is the executor's, and Spark's storage memory pays for it", "%s", books);
        thatNothingIsLeft("but the survivors");
    }

    /** Spark lets one of two tasks have half of what the survivors leave. */
    private void shrinksTheShares() throws Exception {
        try (Meeting meeting = new Meeting()) {
            int port = meeting.port();
            JavaFutureAction<Void> other = start(task -> {
                Meeting.arrive(port);
                return "";
            });
            Socket running = meeting.await();
            String seen = run(1, task -> {
                Spiller all = new Spiller(task.taskMemoryManager());
                MemoryManager manager = SparkEnv.get().memoryManager();
                synchronized (task.taskMemoryManager()) {
                    synchronized (manager) {
                        all.take(POOL);
                        long had = task.taskMemoryManager().getMemoryConsumptionForThisTask();
                        all.spill(POOL, null);
                        long share = (POOL - Math.min(manager.offHeapStorageMemoryUsed(), manager.offHeapStorageMemory())) / 2;
                        return had == share ? "its share" : had + " of " + share;
                    }
                }
            }).get(0);
            running.close();
            other.get();
            Check.that(seen.equals("its share"), "the share of a task shrinks by them: (pool - survivors) / tasks", "%s", seen);
        }
    }

    private void freedByAThread() {
        Books books = spark.parallelize(List.of(1), 1).map(one -> {
            Thread thread = new Thread(Outliving::freeLeft);
            thread.start();
            thread.join();
            Contexts.awaitGranted(RESERVE + 8 * MB);
            return Books.here();
        }).collect().get(0);
        Check.that(books.granted >= RESERVE, "what a Java thread frees is Spark's again before any task ends", "%s", books);
    }

    private static byte[] incompressible(int seed) {
        byte[] bytes = new byte[9 << 20];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private void cachedBlocksMakeRoom() {
        JavaRDD<byte[]> cached = spark.parallelize(IntStream.range(0, 10).boxed().toList(), 10)
                .map(Outliving::incompressible).persist(StorageLevel.OFF_HEAP());
        cached.count();
        long before = inMemory();
        leave();
        long after = inMemory();
        Books books = spark.parallelize(List.of(1), 1).map(one -> Books.here()).collect().get(0); // beside Spark's own blocks
        // With fewer of them there would have been room for the survivors.
        Check.that(before > 70 * MB && after < before - 10 * MB && books.granted >= books.used && books.storage <= POOL,
                "cached blocks make room for what outlives its task", "%d bytes cached before, %d after; %s", before, after,
                books);
        Check.that(cached.count() == 10, "and can be read from where they went", "%d", cached.count());
        cached.unpersist(true);
    }

    private long inMemory() {
        long bytes = 0;
        for (RDDInfo rdd : spark.sc().getRDDStorageInfo()) {
            bytes += rdd.memSize();
        }
        return bytes;
    }

    private void freedByAnotherTask() {
        run(1, task -> {
            freeLeft();
            return "";
        });
        Books books = spark.parallelize(List.of(1), 1).map(one -> {
            Contexts.awaitGranted(RESERVE + 8 * MB);
            return Books.here();
        }).collect().get(0);
        Check.that(books.granted >= RESERVE && books.used == 0, "when another task frees it, what stays is the reserve", "%s",
                books);
        thatNothingIsLeft("at the end");
    }

    /** What the heaps keep resident beyond blocks, such as pages of what was freed, Spark's storage memory pays for too. */
    private void overheadIsCharged() {
        Books books = spark.parallelize(List.of(1), 1).map(one -> {
            Memgrant.measureOverhead();
            return Books.once(now -> now.overheadGranted >= now.overheadUsed);
        }).collect().get(0);
        Check.that(books.overheadUsed > 0 && books.overheadGranted >= books.overheadUsed && books.balance(),
                "what heaps keep resident beyond their blocks is charged as well", "%s", books);
    }
}
