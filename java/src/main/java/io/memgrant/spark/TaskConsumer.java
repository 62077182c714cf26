package io.memgrant.spark;

import io.memgrant.Account;
import org.apache.spark.memory.MemoryConsumer;
import org.apache.spark.memory.MemoryMode;
import org.apache.spark.memory.TaskMemoryManager;

/**
 * A task's native memory as Spark sees it: one off-heap consumer among the task's sorts and hash tables.
 *
 * <p>Spark's own counter {@code used} is of another type since 4.2 and is never touched here. {@link #getUsed} tells all
 * that Spark's books have for native memory, the courier's part too: Spark's memory dump adds up then, and Spark comes
 * here for a spill by the true size. What it gets is grant that is not used, which costs nobody anything; each part is
 * released to where it came from, and Spark's pool does not ask by whom.
 */
final class TaskConsumer extends MemoryConsumer {
    private final Account account;
    private final TaskMemory memory;

    TaskConsumer(TaskMemoryManager task, Account account, TaskMemory memory) {
        super(task, task.pageSizeBytes(), MemoryMode.OFF_HEAP);
        this.account = account;
        this.memory = memory;
    }

    @Override
    public long getUsed() {
        return memory.heldWithAnchor();
    }

    /**
     * Called by whichever thread of this task needs memory, with the task's monitor held: takes no lock that is held while
     * somebody waits, acquires nothing.
     */
    @Override
    public long spill(long size, MemoryConsumer trigger) {
        if (trigger == this) {
            return 0; // it asks because its grant does not suffice
        }
        memory.lookAtDeclared();
        long spare = account.granted() - account.used() - account.workersAhead(); // a worker is about to have what was granted for it
        long unused = spare > 0 ? account.takeBack(Math.min(size, spare)) : 0;
        memory.releaseMemory(unused);
        return unused;
    }

    @Override
    public String toString() {
        return "native memory of " + account;
    }
}
