package io.memgrant.spark;

import org.apache.spark.CometTaskMemoryManager;
import org.apache.spark.SparkConf;
import org.apache.spark.memory.TaskMemoryManager;
import org.apache.spark.memory.UnifiedMemoryManager;

/** What libraries declare to Spark themselves is known, also where one of them is not understood. */
final class Declarations {
    private static final long MB = 1 << 20;

    public static void main(String[] words) {
        SparkConf conf = new SparkConf(false).set("spark.memory.offHeap.enabled", "true").set("spark.memory.offHeap.size", "64m");
        TaskMemoryManager task = new TaskMemoryManager(UnifiedMemoryManager.apply(conf, 1), 1);
        Declared declared = new Declared(task);
        is(declared.bytes(), 0, "nobody declares anything");
        CometTaskMemoryManager comet = new CometTaskMemoryManager(task);
        comet.acquire(3 * MB);
        is(declared.bytes(), 3 * MB, "what one declares");
        CometTaskMemoryManager.Unknown unknown = new CometTaskMemoryManager.Unknown(task);
        unknown.acquire(MB);
        is(declared.bytes(), 3 * MB, "another that is not understood leaves the first as it is");
        comet.acquire(2 * MB);
        is(declared.bytes(), 5 * MB, "which goes on");
    }

    private static void is(long seen, long expected, String what) {
        System.out.println((seen == expected ? "ok - " : "FAILED - ") + what + " (" + seen + ", expected " + expected + ")");
        if (seen != expected) {
            throw new AssertionError(what);
        }
    }
}
