package io.memgrant.tests;

import org.apache.spark.memory.MemoryConsumer;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.memory.TaskMemoryManager;

/** A consumer of Spark's own kind, that gives back what it is asked for. */
final class Spiller extends MemoryConsumer {
    private long held;

    Spiller(TaskMemoryManager task) {
        super(task, task.pageSizeBytes(), MemoryMode.OFF_HEAP);
    }

    long take(long bytes) {
        long got = taskMemoryManager.acquireExecutionMemory(bytes, this);
        held += got;
        return got;
    }

    @Override
    public long getUsed() {
        return held;
    }

    @Override
    public long spill(long size, MemoryConsumer trigger) {
        long spilled = Math.min(size, held);
        held -= spilled;
        taskMemoryManager.releaseExecutionMemory(spilled, this);
        return spilled;
    }
}
