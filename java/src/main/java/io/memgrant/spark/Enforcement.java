package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.Say;
import java.util.concurrent.ScheduledFuture;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.plugin.PluginContext;
import org.apache.spark.memory.SparkOutOfMemoryError;

/** How Spark's memory manager grants native memory in this executor: one for all of its tasks. Thread-safe. */
final class Enforcement {
    /** How often is looked for memory of no task that was freed by itself, and how often for room for what has none. */
    private static final long LOOK_MILLIS = 1_000;
    private static final int LOOKS_TO_ASK = 10;

    private final SparkMemory memory;
    private final ExecutorMemory ofNoTask;
    private final ScheduledFuture<?> looking;
    /** What a task is granted before it asks, in bytes. */
    private final long firstGrant;
    private final Admission admission;
    private final Retries retries;
    private int looks;

    /** Starts to grant what no task owns. */
    Enforcement(SparkEnv env, Settings settings, PluginContext plugin) {
        // Spark makes its block store when it is first touched, and storage memory needs it (SPARK-46947).
        env.blockManager().memoryStore();
        memory = new SparkMemory(env.memoryManager(), settings.boundaryWaitMillis(), settings.pollsUnmanagedMemory());
        firstGrant = memory.mayAlwaysWait() ? 0 : settings.firstGrant(memory.size());
        Denial.loadClasses();
        retries = new Retries(plugin);
        admission = new Admission(memory, settings, this::mostForOneTask);
        ofNoTask = ExecutorMemory.from(memory, settings); // last: from now on something is granted
        looking = Watch.every(LOOK_MILLIS, LOOK_MILLIS, this::look);
    }

    /** Its SparkContext ends. Tasks that still run are settled as ever. */
    void close() {
        looking.cancel(false);
    }

    private long mostForOneTask() {
        return memory.size() - ofNoTask.own().held() - ofNoTask.overhead().held();
    }

    /** On the task's thread, when it starts. */
    void start(TaskContext context, Account account) {
        TaskMemory granted = new TaskMemory(memory, context.taskMemoryManager(), context.taskAttemptId(), account);
        EnforcedTask task = new EnforcedTask(context, account, granted, this);
        long need = retries.need(context);
        admission.start(task, need);
        task.start(firstGrant > 0 ? Math.max(firstGrant, need) : 0);
    }

    Admission admission() {
        return admission;
    }

    Retries retries() {
        return retries;
    }

    /** A task is over, and its account has nothing: what Spark granted it goes back, and what it left behind is paid for. */
    void ended(EnforcedTask task) {
        ofNoTask.inherit(() -> {
            try {
                task.memory().close();
            } finally {
                admission.end(task);
            }
        });
        giveBackSurplus();
    }

    /** Memory of no task is freed by anybody, at any time, and memory that Spark had no room for may have come free. */
    private void look() {
        try {
            Memgrant.measureOverhead();
            giveBackSurplus();
            if (++looks % LOOKS_TO_ASK == 0) {
                ofNoTask.askForMissing();
            }
        } catch (Throwable broken) {
            Say.once("the executor's own memory was not looked at", broken);
        }
    }

    private void giveBackSurplus() {
        ofNoTask.giveBackSurplus(admission.running().stream().mapToLong(open -> open.account().used()).sum());
    }

    /** Counts a denial. What the task is stopped with. */
    SparkOutOfMemoryError deny(Account account, Denial denial) {
        account.deny();
        return denial.exception(account, () -> memory.shareAmong(admission.running().size()),
                () -> new Holders(memory, ofNoTask, admission.running()).toString());
    }
}
