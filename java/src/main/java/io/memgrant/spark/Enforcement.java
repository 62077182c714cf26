package io.memgrant.spark;

import io.memgrant.Account;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/** How Spark's memory manager grants native memory in this executor: one for all of its tasks. Thread-safe. */
final class Enforcement {
    private final SparkMemory memory;
    private final Denials denials;
    /** What a task is granted before it asks, in bytes. */
    private final long firstGrant;

    /** Starts to grant what the executor's own account needs. */
    Enforcement(SparkEnv env, Settings settings, Account executor) {
        // Spark makes its block store when it is first touched, and storage memory needs it (SPARK-46947).
        env.blockManager().memoryStore();
        memory = new SparkMemory(env.memoryManager());
        ExecutorAccountant accountant = new ExecutorAccountant(memory);
        denials = new Denials(memory, accountant);
        firstGrant = settings.pollsUnmanagedMemory() ? 0 : settings.firstGrant(memory.size());
        Denials.loadClasses();
        executor.startCourier(accountant);
    }

    /** On the task's thread, when it starts. */
    void start(TaskContext context, Account account) {
        TaskMemory granted = new TaskMemory(memory, context.taskMemoryManager(), context.taskAttemptId(), account);
        new EnforcedTask(context, account, granted, denials).start(firstGrant);
    }
}
