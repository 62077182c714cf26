package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.spark.memory.SparkOutOfMemoryError;

/**
 * The exception that stops a task, and what it tells: who asked, for how much, and who has the memory. It knows all open
 * tasks of the executor for that. Thread-safe.
 *
 * <p>It is a SparkOutOfMemoryError because that passes {@code catch (Exception)}, counts as a failed attempt, and does
 * not end the executor, as any other OutOfMemoryError does.
 */
final class Denials {
    private static final int HOLDERS_SHOWN = 5;

    private final SparkMemory memory;
    private final ExecutorAccountant executor;
    private final Set<EnforcedTask> open = ConcurrentHashMap.newKeySet();

    /** What Spark refused: the library that wanted it bytes asked for and received. */
    record Denial(String library, long asked, long received) {}

    private record Holder(String name, long bytes) {}

    Denials(SparkMemory memory, ExecutorAccountant executor) {
        this.memory = memory;
        this.executor = executor;
    }

    void opened(EnforcedTask task) {
        open.add(task);
    }

    void closed(EnforcedTask task) {
        open.remove(task);
    }

    /** The first one costs up to two seconds, in which Spark reads its messages: better at the start than in a task. */
    static void loadClasses() {
        error("0", "0");
    }

    /** Never fails: where the figures cannot be had, the text is shorter. */
    SparkOutOfMemoryError exception(Account account, Denial denial) {
        String received;
        try {
            received = denial.received() + " for " + describe(account, denial) + ". " + holders();
        } catch (RuntimeException unreadable) {
            received = denial.received() + " for " + account;
        }
        return error(Long.toString(denial.asked()), received);
    }

    /**
     * Spark's message is a template, "Unable to acquire X bytes of memory, got Y.", in all versions; a message of one's
     * own can be given to Spark 3 only. So what we have to say is the end of Y, where Spark's full stop ends it.
     */
    private static SparkOutOfMemoryError error(String requested, String received) {
        Map<String, String> parameters = new HashMap<>();
        parameters.put("requestedBytes", requested);
        // Spark would look for a parameter of that name.
        parameters.put("receivedBytes", received.replace("${", "$ {"));
        return new SparkOutOfMemoryError("UNABLE_TO_ACQUIRE_MEMORY", parameters);
    }

    private static String describe(Account account, Denial denial) {
        long limit = account.limit();
        return denial.library() + " in " + account + ": limit " + (limit == Account.NO_LIMIT ? "none" : limit) + ", granted "
                + account.granted() + ", used " + account.used() + " bytes";
    }

    private String holders() {
        List<Holder> holders = new ArrayList<>();
        long granted = 0;
        for (EnforcedTask task : open) {
            granted += task.memory().heldWithAnchor();
            holders.add(new Holder("native memory of " + task.account(), task.memory().held()));
        }
        holders.add(new Holder("native memory of no task", executor.held()));
        holders.add(new Holder("Spark's own execution", memory.executionUsed() - granted));
        holders.add(new Holder("Spark's storage", memory.storageUsed() - executor.held()));
        return "Of Spark's " + memory.size() + " bytes of off-heap memory, " + holders.stream()
                .filter(holder -> holder.bytes() > 0)
                .sorted(Comparator.comparingLong(Holder::bytes).reversed())
                .limit(HOLDERS_SHOWN)
                .map(holder -> holder.name() + " has " + holder.bytes())
                .collect(Collectors.joining(", ")) + overdraftOfAll();
    }

    /** What is used beyond every grant: real memory that Spark does not know of. */
    private static String overdraftOfAll() {
        Account root = Memgrant.root();
        return root == null ? "" : "; native memory used in this executor: " + root.used();
    }
}
