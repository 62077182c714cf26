package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Say;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;

/**
 * What processes take that work for one task, charged to the task's account while they do. Thread-safe; nobody waits for memory with its lock held.
 */
final class WorkerMemory {
    /** More than a process can have: no sum of such numbers is too large. */
    private static final long MOST = 1L << 47;
    /** Processes that may work for a task at once. Spark has one for each Python operator. */
    private static final int MOST_WORKERS = 16;
    /** In place of bytes: the worker's task is over. */
    static final long OVER = -1;
    /** What a worker has to be granted after it waited in vain, to wait as long again: else each of its allocations would, one after the other. */
    private static final long FURTHER = 4 << 20;

    private final Account account;
    /** Null where it is only counted. */
    private final EnforcedTask task;
    private final List<Worker> workers = new ArrayList<>();
    private boolean over;
    private boolean saidDenied;

    WorkerMemory(Account account, EnforcedTask task) {
        this.account = account;
        this.task = task;
    }

    /**
     * One process that works for the task from now on.
     *
     * @param connection is closed when the task ends
     * @return null when it has ended, or has enough of them
     */
    synchronized Worker begin(long pid, Closeable connection) {
        if (over || workers.size() >= MOST_WORKERS) {
            return null;
        }
        Worker worker = new Worker(pid, connection);
        workers.add(worker);
        return worker;
    }

    /** The task is over: it is charged for nothing of theirs any more, whatever they still have. */
    void end() {
        List<Worker> ended;
        synchronized (this) {
            over = true;
            ended = List.copyOf(workers);
        }
        ended.forEach(Worker::end);
    }

    /** One process. */
    final class Worker {
        private final long pid;
        private final Closeable connection;
        /** Guarded by the task's lock. */
        private long charged;
        private boolean ended;
        /** How long in vain, and what it was granted since. */
        private long waitedNanos;
        private long further;

        private Worker(long pid, Closeable connection) {
            this.pid = pid;
            this.connection = connection;
        }

        /**
         * Charges the account. Where that takes more than it has, its accountant is asked, and other tasks are waited for.
         *
         * @param need bytes, above 0
         * @param most as many at most, if there are plenty
         * @return how many were charged; 0 is a denial, {@link #OVER} that there is nothing to charge any more
         */
        long ask(long need, long most) {
            long want = Math.min(most, MOST);
            if (need > MOST || isTooMuch(want)) {
                return 0;
            }
            if (task == null) {
                return charge(want, 0);
            }
            long asked = 0;
            try {
                account.workerAsks(want);
                asked = want;
                if (!task.granted().grantForWorker()) {
                    account.workerAsks(need - want);
                    asked = need;
                    if (!awaits()) {
                        deny(need);
                        return 0;
                    }
                }
                long got = asked;
                asked = 0;
                return charge(got, got);
            } finally {
                account.workerAsks(-asked);
                if (asked > 0) {
                    task.granted().giveBackUnused(asked);
                }
            }
        }

        private boolean isTooMuch(long want) {
            synchronized (WorkerMemory.this) {
                return charged + want > MOST;
            }
        }

        private boolean awaits() {
            long waited;
            synchronized (WorkerMemory.this) {
                waited = waitedNanos;
            }
            long begun = System.nanoTime();
            boolean has = task.waitForWorker(waited);
            if (!has) {
                synchronized (WorkerMemory.this) {
                    waitedNanos += System.nanoTime() - begun;
                    further = 0;
                }
            }
            return has;
        }

        private long charge(long bytes, long asked) {
            boolean taken;
            synchronized (WorkerMemory.this) {
                taken = !ended && account.workerTakes(bytes, asked);
                if (!taken) {
                    account.workerAsks(-asked);
                }
                charged += taken ? bytes : 0;
                further += taken ? bytes : 0;
                waitedNanos = further >= FURTHER ? 0 : waitedNanos;
            }
            if (taken && task != null) {
                task.granted().grantForWorker(); // if Spark took back in between what it had been granted
            }
            return taken ? bytes : OVER;
        }

        private void deny(long need) {
            String text = task.denyWorker("Python worker " + pid, need);
            boolean isFirst;
            synchronized (WorkerMemory.this) {
                isFirst = !saidDenied;
                saidDenied = true;
            }
            if (isFirst) {
                Say.again("a Python worker gets a MemoryError: " + text);
            }
        }

        /** @return false for more than was charged: then nothing has changed */
        boolean giveBack(long bytes) {
            synchronized (WorkerMemory.this) {
                if (ended || bytes > charged) {
                    return false;
                }
                charged -= bytes;
                account.workerTakes(-bytes, 0);
            }
            if (task != null) {
                task.granted().giveBackUnused(bytes);
            }
            return true;
        }

        /** It works for the task no longer. */
        void end() {
            long left;
            synchronized (WorkerMemory.this) {
                left = charged;
                if (!ended) {
                    account.workerTakes(-charged, 0);
                    charged = 0;
                    ended = true;
                    workers.remove(this);
                }
            }
            WorkerServer.close(connection);
            if (task != null && left > 0) {
                task.granted().giveBackUnused(left);
            }
        }
    }
}
