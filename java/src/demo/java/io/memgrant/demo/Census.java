package io.memgrant.demo;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.memory.MemoryManager;
import org.apache.spark.memory.TaskMemoryManager;

/** Asked inside an executor: who it is, what Spark believes of its tasks, what memgrant counted. */
final class Census {
    private static final Map<Long, TaskMemoryManager> TASKS = new ConcurrentHashMap<>();

    private Census() {}

    /**
     * One executor.
     *
     * @param memoryByTask what Spark still shows for each remembered task
     * @param otherMemory execution memory that Spark shows beyond the asking task and the remembered ones
     * @param report memgrant's report; null when memgrant is not there
     */
    record Executor(String id, long pid, Map<Long, Long> memoryByTask, long otherMemory, String report)
            implements Serializable {}

    /** Keeps a task in mind, so that it can be asked about after its end. */
    static void remember(TaskContext task) {
        TASKS.put(task.taskAttemptId(), task.taskMemoryManager());
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
        return new Executor(SparkEnv.get().executorId(), ProcessHandle.current().pid(), memoryByTask,
                manager.executionMemoryUsed() - known, armed ? io.memgrant.Memgrant.report() : null);
    }
}
