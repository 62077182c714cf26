package io.memgrant.tests;

import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.memory.MemoryMode;

/**
 * Memory that others report to Spark (since 4.1) can make Spark wait for ever for a single task, where that asks for what is free:
 * on one real executor with a pool of 128 MB, of which 77 are reported.
 */
public final class Unmanaged extends OnCluster {
    /** On the executor. */
    private static final CountDownLatch POLLED = new CountDownLatch(2);

    private Unmanaged(JavaSparkContext spark) {
        super(spark);
    }

    public static void main(String[] arguments) {
        try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
            Unmanaged unmanaged = new Unmanaged(spark);
            unmanaged.run(1, task -> {
                free(allocate(90)); // makes Spark's execution pool as large as that
                return report();
            });
            String failure = unmanaged.failure(1, task -> {
                allocate(90);
                return "";
            });
            Check.that(failure.contains("UNABLE_TO_ACQUIRE_MEMORY"), "a task that reported memory leaves no room for is denied", "%s",
                    first(failure));
        }
    }

    private static long reported() {
        POLLED.countDown();
        return 77 * MB;
    }

    private static String report() throws Exception {
        ClassLoader spark = MemoryManager.class.getClassLoader();
        Class<?> consumer = spark.loadClass("org.apache.spark.memory.UnmanagedMemoryConsumer");
        Object id = spark.loadClass("org.apache.spark.memory.UnmanagedMemoryConsumerId").getConstructor(String.class, String.class)
                .newInstance("tests", "one");
        Object reporter = Proxy.newProxyInstance(spark, new Class<?>[] { consumer }, (self, method, arguments) -> switch (method.getName()) {
            case "unmanagedMemoryConsumerId" -> id;
            case "memoryMode" -> MemoryMode.OFF_HEAP;
            case "getMemBytesUsed" -> reported();
            case "hashCode" -> System.identityHashCode(self);
            case "equals" -> self == arguments[0];
            default -> "a reporter";
        });
        Class<?> manager = spark.loadClass("org.apache.spark.memory.UnifiedMemoryManager");
        manager.getMethod("registerUnmanagedMemoryConsumer", consumer).invoke(null, reporter);
        POLLED.await(); // twice: what was reported first is known by then
        return "";
    }
}
