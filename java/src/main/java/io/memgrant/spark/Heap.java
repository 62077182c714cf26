package io.memgrant.spark;

import com.sun.management.GarbageCollectorMXBean;
import com.sun.management.GcInfo;
import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the JVM's heap may still take of the container's memory: it was promised all of -Xmx, and takes it without asking.
 * How much of it has memory behind it, the JVM does not tell; it is at least what was in use at once, which is most
 * just before a garbage collection. Thread-safe.
 */
final class Heap {
    private final List<MemoryPoolMXBean> pools = ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP).toList();
    private final Set<String> names = pools.stream().map(MemoryPoolMXBean::getName).collect(Collectors.toSet());
    private final List<GarbageCollectorMXBean> collectors =
            ManagementFactory.getPlatformMXBeans(GarbageCollectorMXBean.class);
    private final boolean isTouchedAtOnce = isTouchedAtOnce();
    private long mostInUse;

    private static boolean isTouchedAtOnce() {
        try {
            return ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).getVMOption("AlwaysPreTouch").getValue()
                    .equals("true");
        } catch (RuntimeException anotherJvm) {
            return false;
        }
    }

    /** In bytes. */
    synchronized long untouched() {
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        mostInUse = Math.max(mostInUse, heap.getUsed());
        for (GarbageCollectorMXBean collector : collectors) {
            GcInfo last = collector.getLastGcInfo();
            if (last != null) {
                mostInUse = Math.max(mostInUse, last.getMemoryUsageBeforeGc().entrySet().stream()
                        .filter(pool -> names.contains(pool.getKey())).mapToLong(pool -> pool.getValue().getUsed()).sum());
            }
        }
        // A heap that shrinks gives memory back.
        mostInUse = isTouchedAtOnce ? heap.getCommitted() : Math.min(mostInUse, heap.getCommitted());
        return Math.max(0, heap.getMax() - mostInUse);
    }
}
