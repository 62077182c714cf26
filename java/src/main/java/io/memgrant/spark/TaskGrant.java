package io.memgrant.spark;

import io.memgrant.Account;

/**
 * What a task was granted, for those who are not its own thread: others have of it what it does not use, workers get what they need, and once its
 * account is settled nothing comes and nothing goes. Its monitor is held so that two do not take the same; no other is taken meanwhile. Thread-safe.
 */
final class TaskGrant {
    private final Account account;
    private final TaskMemory memory;
    /** What the task was let start with, since an attempt before it was denied: no other task gets it, used or not. Set before anybody else knows of it. */
    private volatile long promised;
    /** What the account still has is the executor's. Guarded by this. */
    private boolean settled;

    TaskGrant(Account account, TaskMemory memory) {
        this.account = account;
        this.memory = memory;
    }

    void promise(long bytes) {
        promised = bytes;
    }

    /**
     * Another task lacks what this one was granted and does not use: up to so much of it goes back to Spark. On any thread; what of Spark's is
     * locked meanwhile is its memory manager alone.
     *
     * @return bytes
     */
    long giveBackUnused(long most) {
        long back = takeUnused(most);
        memory.releaseMemory(back);
        return back;
    }

    private synchronized long takeUnused(long most) {
        long needed = Math.max(account.used() + account.ahead() + account.workersAhead(), Math.max(memory.covered(), promised));
        long unused = settled ? 0 : account.granted() - needed - account.lent() - memory.entry();
        return unused > 0 ? account.takeBack(Math.min(unused, most)) : 0;
    }

    /** A process that works for the task asks for memory, as its account knows: whether that can be had at once. On any thread of ours. */
    boolean grantForWorker() {
        long missing = account.workerLacks();
        if (missing > 0) {
            grant(memory.acquireInterrupted(missing));
        }
        return missing <= 0 || account.workerLacks() <= 0;
    }

    /** Of a task that is settled it goes back to Spark with what the task had. */
    private synchronized void grant(long bytes) {
        if (bytes > 0 && !settled) {
            account.grant(bytes);
        }
    }

    synchronized void settle() {
        settled = true;
        account.settle();
    }
}
