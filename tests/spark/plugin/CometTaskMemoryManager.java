package org.apache.spark;

import org.apache.spark.memory.MemoryConsumer;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.memory.TaskMemoryManager;

/** Called what Comet's is: declares native memory to Spark by a consumer whose own counter stays 0, and counts beside it. */
public final class CometTaskMemoryManager {
    private final Consumer consumer;
    private long counted;

    public CometTaskMemoryManager(TaskMemoryManager task) {
        consumer = new Consumer(task);
    }

    public void acquire(long bytes) {
        counted += consumer.taken(bytes);
    }

    public long getUsed() {
        return counted;
    }

    private final class Consumer extends MemoryConsumer {
        Consumer(TaskMemoryManager task) {
            super(task, 0, MemoryMode.OFF_HEAP);
        }

        long taken(long bytes) {
            return taskMemoryManager.acquireExecutionMemory(bytes, this);
        }

        @Override
        public long spill(long size, MemoryConsumer trigger) {
            return counted < 0 ? size : 0; // javac keeps the object around what asks for it only
        }
    }

    /** Of another version: nothing leads from it to who counts. */
    public static final class Unknown extends MemoryConsumer {
        public Unknown(TaskMemoryManager task) {
            super(task, 0, MemoryMode.OFF_HEAP);
        }

        public void acquire(long bytes) {
            taskMemoryManager.acquireExecutionMemory(bytes, this);
        }

        @Override
        public long spill(long size, MemoryConsumer trigger) {
            return 0;
        }
    }
}
