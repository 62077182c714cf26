package io.memgrant;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What {@code libmemgrant.so} counts in this process, for anybody. Everything is thread-safe and harmless where the
 * library is absent: then nothing is active and there is no report.
 */
public final class Memgrant {
    private static volatile Account root;
    private static volatile Account overhead;
    private static String[] armedWith;

    private Memgrant() {}

    /** Whether native memory is counted in this process. */
    public static boolean isActive() {
        return root != null;
    }

    /**
     * What was used by whom until now.
     *
     * @return the report as JSON, as it is written at the end of the process, or null when nothing is counted
     */
    public static String report() {
        return isActive() ? Native.report() : null;
    }

    /** What a library has now, and had at most, in bytes, and how often it was denied memory. */
    public record LibraryUse(String name, long used, long peak, long denials) {}

    /** Libraries that ever used anything or were denied it; empty when nothing is counted. Costs some 10 to 100 microseconds. */
    public static List<LibraryUse> libraries() {
        List<LibraryUse> uses = new ArrayList<>();
        long[] figures = isActive() ? Native.libraries() : new long[0];
        for (int i = 0; i < figures.length; i += 3) {
            if (figures[i + 1] > 0 || figures[i + 2] > 0) {
                uses.add(new LibraryUse(Native.libraryName(i / 3), figures[i], figures[i + 1], figures[i + 2]));
            }
        }
        return uses;
    }

    /** How often memory was denied to any account of this process, those of tasks among them; costs as much as {@link #libraries}. */
    public static long denials() {
        return libraries().stream().mapToLong(LibraryUse::denials).sum();
    }

    /** Brings what {@code memgrant top} shows up to date, which otherwise happens when more memory is taken. */
    public static void publish() {
        if (isActive()) {
            Native.publish();
        }
    }

    /** Writes the report to the file that the settings name, if they name one. */
    public static void writeReport() {
        if (isActive()) {
            Native.writeReport();
        }
    }

    /**
     * What was seen resident just now of processes that work for this one, and was not before they did: of what accounts are charged for them, so much has
     * memory in the container already. For Spark's plugin.
     */
    public static void sawWorkers(long resident) {
        if (isActive()) {
            Native.workersSeen(resident);
        }
    }

    /** What processes that work for this one use, as a JSON array: the report holds it as `workers` from now on. For Spark's plugin. */
    public static void sayWorkers(String json) {
        if (isActive()) {
            Native.sayWorkers(json);
        }
    }

    /** The account of the whole process, the parent of all others; null when nothing is counted. */
    public static Account root() {
        return root;
    }

    /**
     * The account that the calling thread was bound to: in a Spark task's own thread the task's. Null on other threads, and
     * when nothing is counted.
     */
    public static Account currentAccount() {
        return isActive() ? Account.bound() : null;
    }

    /**
     * Has a lever pulled when the calling thread's account lacks memory, until what is returned is closed or the account
     * ends. Without an account, and where nothing is counted, the lever is never pulled: programs need not ask before.
     */
    public static SpillLever.Registration addLever(SpillLever lever) {
        Account account = currentAccount();
        return account == null ? () -> {} : account.addLever(lever);
    }

    /**
     * The account, below {@link #root}, of what the process keeps resident beyond the blocks in use: free pages, thread
     * caches, fragmentation. Null when nothing is counted.
     */
    public static Account overhead() {
        return overhead;
    }

    /**
     * Measures {@link #overhead} now, which happens by itself where memory comes and goes; when enforcing, pages are given
     * back where it is beyond 5 % and 16 MB. Takes some 10 to 100 microseconds.
     */
    public static void measureOverhead() {
        if (isActive()) {
            Native.measureOverhead();
        }
    }

    /**
     * Ends the dormancy of the preloaded library. For integrations such as the Spark plugin; in a process settings take
     * effect once.
     *
     * @param file the file that the process was started with (LD_PRELOAD)
     * @param settings "name=value", in lower case with underscores, as in MEMGRANT_NAME
     * @return null when the library counts now, otherwise what is wrong, in one line; it then stays a pass-through
     */
    public static synchronized String start(String file, String... settings) {
        if (isActive()) {
            return Arrays.equals(armedWith, settings) ? null
                    : "the settings cannot change in a running process; it was started with "
                            + String.join(", ", armedWith);
        }
        try {
            System.load(file);
            String wrong = Native.arm(settings);
            if (wrong == null) {
                armedWith = settings.clone();
                overhead = new Account(Native.overhead(), "overhead");
                root = new Account(Native.root(), "executor");
                beSeen();
            }
            return wrong;
        } catch (LinkageError unusable) {
            return file + " cannot be used: " + unusable.getMessage();
        }
    }

    /** By the JVM's own tools, where this JVM has them. */
    private static void beSeen() {
        try {
            Watched.show(root, overhead);
        } catch (LinkageError hasNoJmx) {
            Say.quietly("JMX does not show native memory: " + hasNoJmx);
        }
        Recorder.isOn();
    }
}
