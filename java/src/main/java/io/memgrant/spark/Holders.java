package io.memgrant.spark;

import io.memgrant.Memgrant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Who holds Spark's off-heap memory in this executor now, for people: the largest first, everything in bytes. */
final class Holders {
    private static final int SHOWN = 5;

    private final SparkMemory memory;
    private final List<Holder> holders = new ArrayList<>();

    private record Holder(String name, long bytes) {}

    Holders(SparkMemory memory, ExecutorMemory ofNoTask, Collection<EnforcedTask> tasks) {
        this.memory = memory;
        long granted = 0;
        for (EnforcedTask task : tasks) {
            long held = task.memory().heldWithAnchor();
            granted += held;
            add("native memory of " + task.account(), held);
        }
        add("native memory of no task", ofNoTask.own().held());
        add("what heaps keep resident beyond their blocks", ofNoTask.overhead().held());
        add("Spark's own execution", memory.executionUsed() - granted);
        add("Spark's storage", memory.storageUsed() - ofNoTask.own().held() - ofNoTask.overhead().held());
        holders.sort(Comparator.comparingLong(Holder::bytes).reversed());
    }

    private void add(String name, long bytes) {
        if (bytes > 0) {
            holders.add(new Holder(name, bytes));
        }
    }

    @Override
    public String toString() {
        String largest = holders.stream().limit(SHOWN).map(holder -> holder.name() + " has " + holder.bytes())
                .collect(Collectors.joining(", "));
        return "Of Spark's " + memory.size() + " bytes of off-heap memory, " + largest + "; all native memory used in this"
                + " executor is " + Memgrant.root().used();
    }
}
