package io.memgrant;

import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.TreeMap;
import javax.management.InstanceAlreadyExistsException;
import javax.management.ObjectName;
import javax.management.StandardMBean;

/** The bean by which JMX sees what is counted. */
final class Watched implements NativeMemoryMXBean {
    static final String NAME = "io.memgrant:type=NativeMemory";

    private final Account root;
    private final Account overhead;

    private Watched(Account root, Account overhead) {
        this.root = root;
        this.overhead = overhead;
    }

    /** A JVM may be without JMX: then this class can't be loaded. */
    static void show(Account root, Account overhead) {
        try {
            ManagementFactory.getPlatformMBeanServer().registerMBean(
                    new StandardMBean(new Watched(root, overhead), NativeMemoryMXBean.class, true), new ObjectName(NAME));
        } catch (InstanceAlreadyExistsException shown) {
            // By another class loader's copy of this class: the figures are the process's.
        } catch (Exception refused) {
            Say.quietly("JMX does not show native memory: " + refused);
        }
    }

    private record Figures(long used, long peak, long denials) implements Library {
        @Override
        public long getUsed() {
            return used;
        }

        @Override
        public long getPeak() {
            return peak;
        }

        @Override
        public long getDenials() {
            return denials;
        }
    }

    @Override
    public long getUsed() {
        return root.used();
    }

    @Override
    public long getPeak() {
        return root.peak();
    }

    @Override
    public long getGranted() {
        return root.granted();
    }

    @Override
    public long getLent() {
        return Headroom.lent();
    }

    @Override
    public long getOverdraftPeak() {
        return root.overdraftPeak();
    }

    @Override
    public long getDenials() {
        return Memgrant.denials();
    }

    @Override
    public long getOverhead() {
        return overhead == null ? 0 : overhead.used();
    }

    @Override
    public Map<String, Library> getLibraries() {
        Map<String, Library> libraries = new TreeMap<>();
        for (Memgrant.LibraryUse use : Memgrant.libraries()) {
            libraries.merge(use.name(), new Figures(use.used(), use.peak(), use.denials()), (one, other) -> new Figures(
                    one.getUsed() + other.getUsed(), one.getPeak() + other.getPeak(), one.getDenials() + other.getDenials()));
        }
        return libraries;
    }
}
