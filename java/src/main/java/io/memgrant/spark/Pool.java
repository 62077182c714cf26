package io.memgrant.spark;

import org.apache.spark.SparkConf;

/**
 * The memory that Spark grants native memory from, as the job's settings describe it. It is always Spark's pool of
 * off-heap memory, which has {@code spark.memory.offHeap.size} bytes whether Spark itself uses it or not:
 *
 * <ul>
 *   <li>{@code offheap}: Spark uses it too ({@code spark.memory.offHeap.enabled=true}) and spills for native memory; the
 *       container has room for it beside its overhead;
 *   <li>{@code overhead}: Spark's own memory stays on heap, and the container is as large as without the pool: what
 *       is granted is a part of its {@code spark.executor.memoryOverhead}.
 * </ul>
 */
final class Pool {
    static final String OFF_HEAP = "offheap";
    static final String OVERHEAD = "overhead";

    private static final String ENABLED = "spark.memory.offHeap.enabled";
    private static final String SIZE = "spark.memory.offHeap.size";

    private final SparkConf conf;
    private final String kind;

    Pool(SparkConf conf, String kind) {
        this.conf = conf;
        this.kind = kind;
    }

    /** In bytes. */
    long size() {
        return conf.getSizeAsBytes(SIZE, "0");
    }

    /** Null, or why nothing can be granted. */
    String whatIsWrong() {
        boolean isSparks = conf.getBoolean(ENABLED, false);
        if (kind.equals(OVERHEAD)) {
            return isSparks ? "spark.memgrant.pool=overhead grants native memory from the container's overhead, but with "
                            + ENABLED + "=true Spark's own memory is in that pool and the container grows by it: set it to"
                            + " false, or spark.memgrant.pool=offheap; nothing is counted"
                    : size() > 0 ? null : "spark.memgrant.pool=overhead grants native memory from a part of the"
                            + " container's overhead, and its size is not set: set " + SIZE + " to it, with "
                            + ENABLED + "=false; nothing is counted";
        }
        if (!kind.equals(OFF_HEAP)) {
            return "spark.memgrant.pool=" + kind + " is not known; it is offheap or overhead; nothing is counted";
        }
        return isSparks && size() > 0 ? null : "spark.memgrant.mode=enforce grants native memory from Spark's off-heap"
                + " memory, and there is none: set " + ENABLED + "=true and " + SIZE + ", or, to grant it from a part of the"
                + " container's overhead, spark.memgrant.pool=overhead and " + SIZE + "; nothing is counted";
    }

    /** Null, or why the container may be too small for the pool. Only where there are containers that Spark sizes. */
    String whatIsDoubtful() {
        String master = conf.get("spark.master", "");
        boolean hasContainer = master.startsWith("yarn") || master.startsWith("k8s");
        if (!kind.equals(OVERHEAD) || !hasContainer || size() <= overhead(master)) {
            return null;
        }
        return "spark.memgrant.pool=overhead: " + SIZE + " is " + size() + " bytes, more than the container's overhead of "
                + overhead(master) + ", so the container may be killed before Spark denies anything: make"
                + " spark.executor.memoryOverhead larger, or " + SIZE + " smaller";
    }

    /** The overhead of an executor's container in bytes, as Spark 3.5 and 4 compute it. */
    private long overhead(String master) {
        long mega = 1 << 20;
        if (conf.contains("spark.executor.memoryOverhead")) {
            return conf.getSizeAsMb("spark.executor.memoryOverhead") * mega;
        }
        String onKubernetes = master.startsWith("k8s") ? conf.get("spark.kubernetes.memoryOverheadFactor", "0.1") : "0.1";
        double factor = Double.parseDouble(conf.get("spark.executor.memoryOverheadFactor", onKubernetes));
        long least = conf.getSizeAsMb("spark.executor.minMemoryOverhead", "384m");
        return Math.max((long) (factor * conf.getSizeAsMb("spark.executor.memory", "1g")), least) * mega;
    }
}
