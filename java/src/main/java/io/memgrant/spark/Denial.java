package io.memgrant.spark;

import io.memgrant.Account;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.spark.memory.SparkOutOfMemoryError;

/**
 * Spark's no to a task, and the exception that tells it.
 *
 * <p>It is a SparkOutOfMemoryError because that passes {@code catch (Exception)}, counts as a failed attempt, and does
 * not end the executor, as any other OutOfMemoryError does.
 *
 * @param library the library that went beyond the grant
 * @param asked bytes that Spark was asked for
 * @param received bytes that it gave
 */
record Denial(String library, long asked, long received) {
    /** The first one costs up to two seconds, in which Spark reads its messages: better at the start than in a task. */
    static void loadClasses() {
        error("0", "0");
    }

    /**
     * Never fails: where the figures cannot be had, the text is shorter.
     *
     * @param share tells the most that Spark lets a task have now, the limit of an account that has none of its own
     * @param holders tells who has the memory
     */
    SparkOutOfMemoryError exception(Account account, LongSupplier share, Supplier<String> holders) {
        String text = received + " for " + library + " in " + account;
        try {
            text += figures(account, share.getAsLong()) + ". " + holders.get();
        } catch (RuntimeException | LinkageError unreadable) {
            text += " (no figures: " + unreadable + ")";
        }
        return error(Long.toString(asked), text);
    }

    private static String figures(Account account, long share) {
        long limit = account.limit();
        return ": limit " + (limit == Account.NO_LIMIT ? share + " (its share of Spark's memory)" : limit) + ", granted "
                + account.granted() + ", used " + account.used() + " bytes";
    }

    /**
     * Spark's message is a template, "Unable to acquire X bytes of memory, got Y.", in all versions; a message of one's
     * own can be given to Spark 3 only. So what we have to say is the end of Y.
     */
    private static SparkOutOfMemoryError error(String requested, String received) {
        Map<String, String> parameters = new HashMap<>();
        parameters.put("requestedBytes", requested);
        // Spark would look for a parameter of that name.
        parameters.put("receivedBytes", received.replace("${", "$ {"));
        return new SparkOutOfMemoryError("UNABLE_TO_ACQUIRE_MEMORY", parameters);
    }
}
