package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import java.io.IOException;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an executor holds at one moment, in bytes: sent to the driver, where it outlives the executor.
 *
 * @param millis when, by the executor's clock
 * @param resident of the process, the heap's part and files' pages included
 * @param limit of its container; Long.MAX_VALUE without one
 * @param held against that limit, by all processes in the container
 * @param kills how many the kernel had killed there, by {@code eventsFile}; -1 unknown
 * @param eventsFolder the folder that it is in, by which the driver knows whether it sees the same
 * @param libraries what each has now
 * @param peaks what each had at most
 * @param tasks those that ended since the last one, and used most
 */
record Snapshot(String executor, long millis, long used, long peak, long granted, long lent, long overdraft, long denials, long overhead,
                long heapUsed, long heapCommitted, long heapMax, long resident, long limit, long held, long kills,
                String eventsFile, String eventsFolder, TreeMap<String, Long> libraries, TreeMap<String, Long> peaks,
                ArrayList<EndedTasks.Task> tasks) implements Serializable {
    private static final long serialVersionUID = 3;

    /** Of this executor, now. */
    static Snapshot take(String executor, Container container) {
        Account.Figures root = Memgrant.root().figures();
        Account overhead = Memgrant.overhead();
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        TreeMap<String, Long> libraries = new TreeMap<>();
        TreeMap<String, Long> peaks = new TreeMap<>();
        for (Memgrant.LibraryUse library : Memgrant.libraries()) {
            if (!library.name().equals("libmemgrant")) { // the overhead by another name
                libraries.merge(library.name(), library.used(), Long::sum);
                peaks.merge(library.name(), library.peak(), Long::sum);
            }
        }
        String events = container.eventsFile();
        return new Snapshot(executor, System.currentTimeMillis(), root.used(), root.peak(), root.granted(), io.memgrant.Headroom.lent(),
                root.overdraftPeak(), Memgrant.denials(), overhead == null ? 0 : overhead.used(), heap.getUsed(), heap.getCommitted(),
                heap.getMax(), residentNow(), container.limit(), container.held(), Container.kills(events), events,
                Container.folderOf(events), libraries, peaks, EndedTasks.HERE.take());
    }

    private static long residentNow() {
        try {
            String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ");
            return Long.parseLong(pages[1]) * 4096;
        } catch (IOException | RuntimeException unreadable) {
            return 0;
        }
    }

    /** By name, for metrics. */
    Map<String, Long> figures() {
        Map<String, Long> figures = new TreeMap<>(Map.of("used", used, "granted", granted, "lent", lent, "overdraft", overdraft,
                "denials", denials, "overhead", overhead));
        libraries.forEach((name, bytes) -> figures.put("library." + name + ".used", bytes));
        return figures;
    }
}
