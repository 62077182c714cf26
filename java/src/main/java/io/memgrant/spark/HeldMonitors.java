package io.memgrant.spark;

import java.lang.management.ManagementFactory;
import java.lang.management.MonitorInfo;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;

/**
 * Whether a thread is in the middle of something of Spark's. Its iterators over what was spilled decompress, by native libraries, with
 * their own monitor held, which whoever spills them needs; and that one holds the task's monitor, which an acquisition
 * needs (UnsafeExternalSorter.SpillableIterator, BytesToBytesMap.MapIterator and ExternalSorter.SpillableIterator of Spark 3.5 and 4.3).
 */
final class HeldMonitors {
    private HeldMonitors() {}

    /**
     * Whether the calling thread holds a monitor that one of Spark's methods took. A tenth of a millisecond or more: the JVM stops for it.
     * Where the JVM doesn't tell, none is known.
     */
    static boolean isInsideSpark() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        if (!threads.isObjectMonitorUsageSupported()) {
            return false;
        }
        for (ThreadInfo info : threads.getThreadInfo(new long[] {Thread.currentThread().getId()}, true, false)) {
            for (MonitorInfo monitor : info.getLockedMonitors()) {
                StackTraceElement taker = monitor.getLockedStackFrame();
                if (taker != null && taker.getClassName().startsWith("org.apache.spark.")) {
                    return true;
                }
            }
        }
        return false;
    }
}
