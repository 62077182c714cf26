package io.memgrant.spark;

import io.memgrant.Account;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.memory.SparkOutOfMemoryError;

/** How Spark's memory manager grants native memory in this executor: one for all of its tasks. Thread-safe. */
final class Enforcement {
    /** The executor's account and its courier live as long as the process, longer than a SparkContext. */
    private static ExecutorAccountant executors;

    private final SparkMemory memory;
    private final Account executor;
    private final ExecutorAccountant accountant;
    /** What a task is granted before it asks, in bytes. */
    private final long firstGrant;
    private final Set<EnforcedTask> tasks = ConcurrentHashMap.newKeySet();

    /** Starts to grant what the executor's own account needs. */
    Enforcement(SparkEnv env, Settings settings, Account executor) {
        // Spark makes its block store when it is first touched, and storage memory needs it (SPARK-46947).
        env.blockManager().memoryStore();
        this.memory = new SparkMemory(env.memoryManager(), settings.boundaryWaitMillis());
        this.executor = executor;
        firstGrant = settings.pollsUnmanagedMemory() ? 0 : settings.firstGrant(memory.size());
        Denial.loadClasses();
        accountant = accountantOf(executor, memory); // last: from now on something is granted
    }

    private static synchronized ExecutorAccountant accountantOf(Account executor, SparkMemory memory) {
        if (executors == null) {
            ExecutorAccountant first = new ExecutorAccountant(memory);
            executor.startCourier(first);
            executors = first;
        } else {
            executors.moveTo(memory);
        }
        return executors;
    }

    /** On the task's thread, when it starts. */
    void start(TaskContext context, Account account) {
        TaskMemory granted = new TaskMemory(memory, context.taskMemoryManager(), context.taskAttemptId(), account);
        EnforcedTask task = new EnforcedTask(context, account, granted, this);
        tasks.add(task);
        task.start(firstGrant);
    }

    /** A task was settled. What it left behind the executor pays for now, and what is freed it need not keep. */
    void ended(EnforcedTask task) {
        tasks.remove(task);
        long inherited = executor.overdraft();
        if (inherited > 0) {
            executor.grant(accountant.acquireMemory(inherited));
        }
        long usedByTasks = tasks.stream().mapToLong(open -> open.account().used()).sum();
        accountant.giveBackSurplus(executor, executor.used() - usedByTasks);
    }

    /** What a task is stopped with. */
    SparkOutOfMemoryError exception(Account account, Denial denial) {
        return denial.exception(account, () -> memory.shareAmong(tasks.size()),
                () -> new Holders(memory, accountant, tasks).toString());
    }
}
