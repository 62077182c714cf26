package io.memgrant.demo;

import io.memgrant.Memgrant;
import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.memory.TaskMemoryManager;

/** Asked inside an executor: who it is, what Spark believes of its tasks, what memgrant counted. */
final class Census {
    private static final Map<Long, TaskMemoryManager> TASKS = new ConcurrentHashMap<>();
    private static final Map<Long, AtomicLong> PUTS = new ConcurrentHashMap<>();

    private Census() {}

    /**
     * One executor.
     *
     * @param memoryByTask what Spark still shows for each remembered task
     * @param putsByTask how far the tasks that count their puts came
     * @param otherMemory execution memory that Spark shows beyond the asking task and the remembered ones
     * @param report memgrant's report; null when memgrant is not there
     */
    record Executor(String id, long pid, Map<Long, Long> memoryByTask, Map<Long, Long> putsByTask, long otherMemory,
            String report) implements Serializable {}

    /** Keeps a task in mind, so that it can be asked about after its end. What it counts here outlives it too. */
    static AtomicLong remember(TaskContext task) {
        TASKS.put(task.taskAttemptId(), task.taskMemoryManager());
        return PUTS.computeIfAbsent(task.taskAttemptId(), id -> new AtomicLong());
    }

    /** Bytes that Spark believes a task to use, on and off heap. */
    static long memoryBySpark(TaskContext task) {
        return task.taskMemoryManager().getMemoryConsumptionForThisTask();
    }

    /** To be called from a task when the remembered ones have ended. */
    static Executor take(boolean armed) {
        MemoryManager manager = SparkEnv.get().memoryManager();
        Map<Long, Long> memoryByTask = new TreeMap<>();
        long known = memoryBySpark(TaskContext.get());
        for (Map.Entry<Long, TaskMemoryManager> task : TASKS.entrySet()) {
            long bytes = task.getValue().getMemoryConsumptionForThisTask();
            memoryByTask.put(task.getKey(), bytes);
            known += bytes;
        }
        Map<Long, Long> puts = new TreeMap<>();
        PUTS.forEach((task, count) -> puts.put(task, count.get()));
        return new Executor(SparkEnv.get().executorId(), ProcessHandle.current().pid(), memoryByTask, puts,
                manager.executionMemoryUsed() - known, armed ? Memgrant.report() : null);
    }
}
