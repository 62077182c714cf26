package io.memgrant.tests;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** What a task's own thread does at a boundary: it fails nobody who stayed inside the grant, and waits for ever for nobody. */
public final class Boundaries {
    private static final long MB = 1 << 20;
    private static final Object LOCK = new Object();
    private static final CountDownLatch HOLDS_MOST = new CountDownLatch(1);
    private static final CountDownLatch HAS_LOCK = new CountDownLatch(1);

    private Boundaries() {}

    /** Pool 32 MB: Spark has the 20 MB that the task needs, but not the cushion that its courier asks for as well. */
    private static void lessThanAskedButAllThatWasNeeded(JavaSparkContext spark) {
        for (int round = 0; round < 5; round++) {
            spark.parallelize(List.of(1), 1).foreach(one -> {
                long block = Target.allocate(20 * MB);
                Target.boundary();
                Target.free(block);
            });
        }
        Check.that(true, "a task that was granted less than asked for, but all that it needed, succeeds", "5 of 5 rounds");
    }

    private static void takeInSmallAccount() {
        long block = 0;
        try (Account parse = Memgrant.currentAccount().child("parse", MB)) {
            block = Target.allocate(4 * MB);
            for (int i = 0; i < 1000; i++) {
                Target.boundary(); // not at once: this method was given a block, which it is to give back
            }
            throw new IllegalStateException("not stopped with " + parse.used());
        } finally {
            Target.free(block);
        }
    }

    /** Spark has memory; the limit of a part of the task's work is what refuses, and the task is told which. */
    private static void anAccountsLimitStopsItsTaskAndIsNamed(JavaSparkContext spark) {
        String ended = "it was not";
        try {
            spark.parallelize(List.of(1), 1).foreach(one -> takeInSmallAccount());
        } catch (Exception failed) {
            ended = String.valueOf(failed.getMessage());
        }
        Check.that(ended.contains("UNABLE_TO_ACQUIRE_MEMORY") && ended.contains("(refused by parse, limit 1048576 bytes)"),
                "a task is stopped by the limit of an account inside it, which is named", "%s", ended);
        Check.thatBooksBalance("after that");
    }

    private static void holdMostThenLock() throws InterruptedException {
        long block = Target.allocate(24 * MB);
        HOLDS_MOST.countDown();
        HAS_LOCK.await();
        synchronized (LOCK) {
            Target.free(block);
        }
    }

    private static void lockThenAsk() {
        synchronized (LOCK) {
            HAS_LOCK.countDown();
            Target.free(Target.allocate(12 * MB)); // at the boundary it waits for the other one, who waits for the lock
        }
    }

    /** It may be denied, and is tried again then; nothing hangs. */
    private static void locksAreLetGo(JavaSparkContext spark) throws InterruptedException {
        Thread first = new Thread(() -> spark.parallelize(List.of(1), 1).foreach(one -> holdMostThenLock()));
        first.start();
        HOLDS_MOST.await();
        String ended = "granted";
        try {
            spark.parallelize(List.of(1), 1).foreach(one -> lockThenAsk());
        } catch (Exception failed) {
            ended = String.valueOf(failed.getMessage()).contains("UNABLE_TO_ACQUIRE_MEMORY") ? "denied" : failed.toString();
        }
        first.join();
        Check.that(ended.equals("granted") || ended.equals("denied"),
                "a task that asks while it holds a lock lets those go on whom it waits for", "%s", ended);
        Check.thatBooksBalance("afterwards");
    }

    public static void main(String[] arguments) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            lessThanAskedButAllThatWasNeeded(spark);
            locksAreLetGo(spark);
            anAccountsLimitStopsItsTaskAndIsNamed(spark);
        }
    }
}
