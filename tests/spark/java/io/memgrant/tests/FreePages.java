package io.memgrant.tests;

import io.memgrant.Memgrant;
import org.apache.spark.SparkEnv;
import org.apache.spark.memory.MemoryManager;

/**
 * What heaps keep of what was freed before. It is measured now and then, charged to Spark's pool, and given back later: a test that
 * needs a full pool finds that it is none any more.
 */
final class FreePages {
    /** What free pages and thread caches may come to (DESIGN.md). */
    static final long MOST = 16 << 20;

    private FreePages() {}

    /** In the process that has them: until they are known, and back with Spark but for some. */
    static void await() {
        MemoryManager manager = SparkEnv.get().memoryManager();
        do {
            Memgrant.measureOverhead();
        } while (Memgrant.overhead().used() > MOST || manager.offHeapStorageMemoryUsed() - Memgrant.root().granted() > 2 * MOST);
    }
}
