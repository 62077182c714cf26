package io.memgrant;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** The levers of one account that has a grant, and of those in it, in the order in which they were registered. Thread-safe. */
final class Levers {
    private static final ScheduledThreadPoolExecutor CLOCK = new ScheduledThreadPoolExecutor(1, Levers::newThread);

    static {
        CLOCK.setRemoveOnCancelPolicy(true);
    }

    private final List<Registered> registered = new CopyOnWriteArrayList<>();
    /** One at a time, and none out of another one. */
    private final AtomicBoolean busy = new AtomicBoolean();

    private static Thread newThread(Runnable work) {
        Thread thread = new Thread(null, work, "memgrant-levers-clock", 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        return thread;
    }

    /** A place of its own for each registration: the same lever may be there twice. */
    private final class Registered implements SpillLever.Registration {
        private final SpillLever lever;
        private final Account account;
        private boolean pulled;

        Registered(SpillLever lever, Account account) {
            this.lever = lever;
            this.account = account;
        }

        @Override
        public void close() {
            registered.remove(this);
        }
    }

    SpillLever.Registration add(SpillLever lever, Account account) {
        Registered added = new Registered(lever, account);
        registered.add(added);
        return added;
    }

    /** Those of an account, and of all in it. */
    void clear(Account account) {
        registered.removeIf(lever -> Entered.isInside(lever.account, account));
    }

    /** Whether an account, by its handle, or one in it has any. */
    boolean has(long account) {
        return registered.stream().anyMatch(lever -> lever.account.isIn(account));
    }

    /**
     * Pulls the levers of an account, and of all in it, one after the other until that one uses so much less. On the calling thread.
     *
     * @param account its handle
     * @param millis the longest that one of them may take
     * @param interrupts whether one that takes longer may be interrupted
     * @return how much less the account uses
     */
    long pull(long account, long bytes, long millis, boolean interrupts) {
        long freed = 0;
        if (registered.isEmpty() || bytes <= 0 || !busy.compareAndSet(false, true)) {
            return freed;
        }
        try {
            for (Registered next : registered) {
                if (freed < bytes && next.account.isIn(account)) {
                    freed += pull(next, account, bytes - freed, millis, interrupts);
                }
            }
        } finally {
            busy.set(false);
        }
        return freed;
    }

    private long pull(Registered next, long account, long bytes, long millis, boolean interrupts) {
        long before = used(account);
        next.pulled = true;
        long claimed = call(next, () -> next.lever.spill(bytes), millis, interrupts);
        long freed = Math.max(0, before - used(account));
        Native.pulled(Math.max(0, claimed), freed);
        return freed;
    }

    private static long used(long account) {
        return Native.read(account)[Native.USED];
    }

    /** Tells those that were pulled that they may take some again: each what is left of it. */
    void ease(long bytes, long millis) {
        if (bytes <= 0 || !busy.compareAndSet(false, true)) {
            return;
        }
        try {
            for (Registered next : registered) {
                if (next.pulled) {
                    call(next, () -> {
                        next.lever.ease(bytes);
                        return 0;
                    }, millis, true);
                }
            }
        } finally {
            busy.set(false);
        }
    }

    private interface Body {
        long run() throws Exception;
    }

    /** Never lets anything out. 0 when something came. */
    private long call(Registered next, Body body, long millis, boolean interrupts) {
        Bound bound = new Bound(next, millis, interrupts);
        try {
            return body.run();
        } catch (Throwable broken) {
            if (!bound.isOver()) {
                Say.once("a lever freed nothing", next.account + ": " + next.lever + ": " + broken);
            }
            return 0;
        } finally {
            bound.close();
        }
    }

    /** Ends a call that takes too long, if an interrupt does, and has its lever not called again. */
    private final class Bound implements Runnable {
        private final Thread thread = Thread.currentThread();
        private final Registered called;
        private final long millis;
        private final boolean interrupts;
        private final ScheduledFuture<?> end;
        /** All guarded by this. */
        private boolean closed;
        private boolean over;
        private boolean interrupted;

        Bound(Registered called, long millis, boolean interrupts) {
            this.called = called;
            this.millis = millis;
            this.interrupts = interrupts;
            this.end = CLOCK.schedule(this, millis, TimeUnit.MILLISECONDS);
        }

        @Override
        public synchronized void run() {
            if (closed) {
                return;
            }
            over = true;
            called.close();
            Say.once("a lever takes longer than lever_wait_ms and is not pulled again", called.account + ": " + called.lever + ", "
                    + millis + " ms");
            interrupted = interrupts && !thread.isInterrupted(); // somebody else's stays theirs
            if (interrupted) {
                thread.interrupt();
            }
        }

        synchronized boolean isOver() {
            return over;
        }

        /** An interrupt that is ours ends here. */
        synchronized void close() {
            closed = true;
            end.cancel(false);
            if (interrupted) {
                Thread.interrupted();
            }
        }
    }
}
