package io.memgrant.tests;

import com.fasterxml.jackson.databind.JsonNode;
import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.demo.Report;
import java.io.Serializable;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryConsumer;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.memory.TaskMemoryManager;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.map.BytesToBytesMap;

/**
 * Four ways to hang a process in which malloc waits for an answer from Java, and one for a boundary. In each, the answer cannot
 * come before the allocation, or the boundary, has returned: so if it waited for it, this program would never end.
 */
public final class Deadlocks {
    private static final long MB = 1 << 20;
    private static final long POOL = 512 * MB;
    private static final int ROUNDS = 60;

    private Deadlocks() {}

    /** What a task does. */
    private interface Body extends Serializable {
        void run(TaskContext task) throws Exception;
    }

    /** A consumer of Spark's own kind; a subclass may spill. */
    private static class Consumer extends MemoryConsumer {
        Consumer(TaskMemoryManager task) {
            super(task, task.pageSizeBytes(), MemoryMode.OFF_HEAP);
        }

        @Override
        public long spill(long size, MemoryConsumer trigger) {
            return 0;
        }
    }

    /** Run by spark-submit with a {@link #POOL} of 512 MB and three cores. */
    public static void main(String[] words) throws Exception {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(
                SparkSession.builder().appName("deadlocks").getOrCreate().sparkContext());
        Target.boundary();
        constructorWhileSparkIsLocked(spark);
        constructorWhileTheCourierLoads();
        insideSpill(spark);
        insideCritical();
        behindAnothersWait(spark);
        insideAnIterator(spark);
        Check.thatBooksBalance("at the end");
        JsonNode grants = Check.report().json().get("grants");
        System.out.println("the longest that a request waited for its answer: " + grants.get("wait_ns_max") + " ns");
        spark.stop();
    }

    private static JavaFutureAction<Void> start(JavaSparkContext spark, Body body) {
        return spark.parallelize(List.of(0), 1).foreachAsync(nothing -> body.run(TaskContext.get()));
    }

    private static JsonNode account(TaskContext task) {
        return Check.report().task(task.taskAttemptId());
    }

    private static long beyondGrant(JsonNode account) {
        return Math.max(0, Report.figure(account, "used") - Report.figure(account, "granted"));
    }

    /** A copy of the library with the constructor, because the same file is loaded once only. */
    private static String constructorLibrary() throws Exception {
        Path copy = Files.createTempFile(Path.of(System.getenv("WORK")), "libtarget_constructor", ".so");
        Files.write(copy, Files.readAllBytes(Path.of(System.getenv("TARGET_CONSTRUCTOR"))));
        return copy.toString();
    }

    /** (a) ld.so's lock is held, and Spark's memory manager can't answer until the library is loaded. */
    private static void constructorWhileSparkIsLocked(JavaSparkContext spark) throws Exception {
        String library = constructorLibrary();
        start(spark, task -> {
            JsonNode inside;
            MemoryManager manager = SparkEnv.get().memoryManager();
            synchronized (manager) {
                System.load(library);
                inside = account(task);
            }
            Check.that(beyondGrant(inside) > 0, "a static constructor gets memory beyond the grant inside dlopen while Spark"
                    + " cannot answer", "used %d, granted %d", Report.figure(inside, "used"),
                    Report.figure(inside, "granted"));
            Target.boundary();
            JsonNode after = account(task);
            Check.that(beyondGrant(after) == 0, "Spark grants it at the next boundary", "used %d, granted %d",
                    Report.figure(after, "used"), Report.figure(after, "granted"));
        }).get();
    }

    /** (a) ld.so's lock is held, and the accountant needs it for its answer. */
    private static void constructorWhileTheCourierLoads() throws Exception {
        String library = constructorLibrary();
        String ofCourier = constructorLibrary();
        AtomicLong requests = new AtomicLong();
        CountDownLatch loaded = new CountDownLatch(1);
        Account account = Memgrant.root().open("an accountant that loads a library", Account.NO_LIMIT);
        account.startCourier(new Accountant(bytes -> {
            if (requests.getAndIncrement() == 0) {
                System.load(ofCourier);
                loaded.countDown();
            }
            return bytes;
        }));
        onThread(account, () -> {
            System.load(library);
            return null;
        });
        loaded.await();
        Check.that(account.endCourier(), "a static constructor allocates inside dlopen while the accountant loads a library",
                "%d requests, %d bytes used", requests.get(), account.used());
        account.settle();
    }

    /** (b) The allocating thread holds the TaskMemoryManager's monitor, which every acquisition of the task needs. */
    private static void insideSpill(JavaSparkContext spark) throws Exception {
        start(spark, task -> {
            TaskMemoryManager manager = task.taskMemoryManager();
            long[] block = new long[1];
            boolean[] locked = new boolean[1];
            JsonNode[] inside = new JsonNode[1];
            Consumer hog = new Consumer(manager) {
                @Override
                public long spill(long size, MemoryConsumer trigger) {
                    if (trigger == this || getUsed() == 0) {
                        return 0;
                    }
                    locked[0] = Thread.holdsLock(manager);
                    block[0] = Target.allocate(64 * MB);
                    inside[0] = account(task);
                    long spilled = getUsed();
                    freeMemory(spilled);
                    return spilled;
                }
            };
            hog.acquireMemory(1024 * MB);
            Consumer other = new Consumer(manager);
            long got = other.acquireMemory(100 * MB);
            Check.that(locked[0] && block[0] != 0, "a target allocates inside spill(), with the task's monitor held",
                    "used %d, granted %d meanwhile", Report.figure(inside[0], "used"),
                    Report.figure(inside[0], "granted"));
            Check.that(got == 100 * MB, "the consumer that made it spill gets all it asked for", "%d bytes", got);
            Target.boundary();
            Check.that(beyondGrant(account(task)) == 0, "and the bytes allocated in spill() are granted afterwards", "%s",
                    "at the next boundary");
            Target.free(block[0]);
            other.freeMemory(got);
        }).get();
    }

    /** (c) The JVM cannot collect garbage until the allocation returns, and the accountant needs new objects. */
    private static void insideCritical() throws Exception {
        CountDownLatch returned = new CountDownLatch(1);
        AtomicLong requests = new AtomicLong();
        Account account = Memgrant.root().open("an accountant that makes garbage", Account.NO_LIMIT);
        account.startCourier(new Accountant(bytes -> {
            returned.await();
            requests.incrementAndGet();
            return Arrays.stream(new int[(int) MB]).sum() + bytes;
        }));
        long collections = collections();
        Thread pressure = new Thread(Deadlocks::makeGarbage, "garbage");
        pressure.setDaemon(true);
        int rounds = onThread(account, () -> {
            byte[] array = new byte[1 << 10];
            long first = Target.allocateInCritical(array, 16 * MB);
            returned.countDown();
            pressure.start();
            Target.free(first);
            int done = 1;
            for (; done < ROUNDS; done++) {
                account.takeBack(Long.MAX_VALUE);
                Target.free(Target.allocateInCritical(array, 16 * MB));
            }
            return done;
        });
        pressure.interrupt();
        pressure.join();
        boolean ended = account.endCourier();
        Check.that(ended && rounds == ROUNDS && requests.get() > 0, "a target allocates inside GetPrimitiveArrayCritical"
                + " while the accountant makes garbage", "%d rounds, %d requests, %d garbage collections", rounds,
                requests.get(), collections() - collections);
        account.settle();
    }

    private static void makeGarbage() {
        byte[][] young = new byte[64][];
        for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
            young[i % young.length] = new byte[1 << 16];
        }
    }

    private static long collections() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .mapToLong(GarbageCollectorMXBean::getCollectionCount).sum();
    }

    private static final long FIRST_GRANT = 8 * MB;
    private static final CountDownLatch NEEDY_HAS_STARTED = new CountDownLatch(1);
    private static final CountDownLatch HOG_GAVE_SOME_BACK = new CountDownLatch(1);
    private static final CountDownLatch HOG_HAS_IT = new CountDownLatch(1);
    private static final CountDownLatch NEEDY_IS_DONE = new CountDownLatch(1);
    private static volatile Thread waiting;

    /**
     * (d) One task's request waits in Spark for half of a fair share. Another one's must not wait behind it: what it asks
     * for is there, and the third task, which has nearly everything, gives up the rest only when that one is done.
     */
    private static void behindAnothersWait(JavaSparkContext spark) throws Exception {
        JavaFutureAction<Void> hog = start(spark, task -> {
            Consumer consumer = new Consumer(task.taskMemoryManager());
            FreePages.await(); // with them the one that is to wait would come above 1/2N, where Spark lets nobody wait
            // A task that ended before may still count as active: then Spark gives nobody more than half.
            for (long free = free(); free > 2 * FIRST_GRANT; free = free()) {
                consumer.acquireMemory(free - 2 * FIRST_GRANT);
            }
            HOG_HAS_IT.countDown();
            awaitWaiting();
            consumer.freeMemory(24 * MB); // the needy one's first grant was not used: the one that waits has it
            HOG_GAVE_SOME_BACK.countDown();
            NEEDY_IS_DONE.await();
            consumer.freeMemory(consumer.getUsed());
        });
        HOG_HAS_IT.await();
        JavaFutureAction<Void> needy = start(spark, Deadlocks::needLittle);
        NEEDY_HAS_STARTED.await();
        JavaFutureAction<Void> fair = start(spark, task -> {
            waiting = Thread.currentThread();
            long block = Target.allocate(120 * MB); // more than 1/N, whatever comes free meanwhile
            JsonNode account = account(task);
            Check.that(block != 0 && beyondGrant(account) == 0 && NEEDY_IS_DONE.getCount() == 0,
                    "the one that waited gets its memory when the others are done", "used %d, granted %d",
                    Report.figure(account, "used"), Report.figure(account, "granted"));
            Target.free(block);
        });
        needy.get();
        hog.get();
        fair.get();
    }

    private static void needLittle(TaskContext task) throws Exception {
        NEEDY_HAS_STARTED.countDown();
        HOG_GAVE_SOME_BACK.await();
        long block = Target.allocate(FIRST_GRANT + 8 * MB);
        JsonNode account = account(task);
        Check.that(block != 0 && beyondGrant(account) == 0 && isInPool(waiting),
                "a task is granted what it needs while another one waits for its 1/2N", "used %d, granted %d",
                Report.figure(account, "used"), Report.figure(account, "granted"));
        Target.free(block);
        NEEDY_IS_DONE.countDown();
    }

    /**
     * (e) The task reads what one of Spark's iterators spilled, and holds the iterator's monitor; another thread of the task makes that
     * iterator spill, and holds the task's monitor, which an acquisition needs.
     */
    private static void insideAnIterator(JavaSparkContext spark) throws Exception {
        start(spark, task -> {
            TaskMemoryManager manager = task.taskMemoryManager();
            BytesToBytesMap map = filledMap(manager);
            BytesToBytesMap.MapIterator iterator = map.destructiveIterator();
            iterator.next();
            FreePages.await();
            Consumer hog = new Consumer(manager);
            hog.acquireMemory(2 * POOL); // all that there is, and what the map spills for it
            Consumer more = new Consumer(manager);
            long[] block = new long[1];
            JsonNode[] inside = new JsonNode[1];
            Thread spiller = new Thread(() -> {
                while (inside[0] == null && more.acquireMemory(MB) == MB) { // what came free meanwhile makes nobody spill
                    continue;
                }
            }, "spiller");
            ReadInsideSpark.doThen(() -> {
                spiller.start();
                while (spiller.getState() != Thread.State.BLOCKED || !Thread.holdsLock(iterator)) {
                    if (!spiller.isAlive()) {
                        Check.that(false, "the other thread makes the iterator spill", "it was given %d bytes", more.getUsed());
                    }
                }
                block[0] = Target.allocate(2 * FIRST_GRANT); // and comes to a boundary
                inside[0] = account(task);
            });
            int read = 1;
            for (; iterator.hasNext(); read++) {
                iterator.next();
            }
            spiller.join();
            Check.that(ReadInsideSpark.isDone() && inside[0] != null && beyondGrant(inside[0]) > 0 && read == RECORDS,
                    "a boundary inside one of Spark's iterators waits for nobody, while another thread makes it spill",
                    "%d records, used %d, granted %d meanwhile", read, Report.figure(inside[0], "used"),
                    Report.figure(inside[0], "granted"));
            hog.freeMemory(hog.getUsed());
            more.freeMemory(more.getUsed());
            Target.boundary();
            JsonNode behind = account(task);
            Check.that(block[0] != 0 && beyondGrant(behind) == 0, "and the bytes are granted at the next one behind it",
                    "used %d, granted %d, free %d", Report.figure(behind, "used"), Report.figure(behind, "granted"), free());
            Target.free(block[0]);
            map.free();
        }).get();
    }

    private static final int RECORDS = 4_000;

    /** In pages of 1 MB, several of them. */
    private static BytesToBytesMap filledMap(TaskMemoryManager manager) {
        BytesToBytesMap map = new BytesToBytesMap(manager, RECORDS, MB);
        byte[] value = new byte[1 << 10];
        for (long i = 0; i < RECORDS; i++) {
            byte[] key = ByteBuffer.allocate(Long.BYTES).putLong(i).array();
            map.lookup(key, Platform.BYTE_ARRAY_OFFSET, key.length)
                    .append(key, Platform.BYTE_ARRAY_OFFSET, key.length, value, Platform.BYTE_ARRAY_OFFSET, value.length);
        }
        return map;
    }

    private static void awaitWaiting() {
        while (!isWaitingForItsShare(waiting)) {
            Thread.onSpinWait();
        }
    }

    private static long free() {
        MemoryManager manager = SparkEnv.get().memoryManager();
        synchronized (manager) {
            return manager.offHeapExecutionMemoryPool().memoryFree() + manager.offHeapStorageMemoryPool().memoryFree();
        }
    }

    private static boolean isWaitingForItsShare(Thread thread) {
        return thread != null && thread.getState() == Thread.State.WAITING && isInPool(thread);
    }

    /** It is awake there for moments, whenever something is given back. */
    private static boolean isInPool(Thread thread) {
        return Arrays.stream(thread.getStackTrace()).anyMatch(frame -> frame.getClassName().endsWith("ExecutionMemoryPool"));
    }

    /** Does something on a thread of its own that is bound to the account. */
    private static <T> T onThread(Account account, Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            account.bind();
            try {
                return work.call();
            } finally {
                Account.unbind();
            }
        });
        new Thread(task, account.name()).start();
        return task.get();
    }
}
