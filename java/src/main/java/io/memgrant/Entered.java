package io.memgrant;

/** The calling thread works for an account until this is closed, on the same thread ({@link Account#enter}). */
public final class Entered implements AutoCloseable {
    private final Thread thread = Thread.currentThread();
    private final Account bound;
    private final Account account;
    private final long before;
    private boolean over;

    Entered(Account account, Account bound, long before) {
        this.account = account;
        this.bound = bound;
        this.before = before;
    }

    /**
     * The thread charges what it charged before, or what is above that where it has been closed meanwhile. Does nothing on another
     * thread, a second time, and when the thread has gone on to an account that is not in this one.
     */
    @Override
    public void close() {
        if (over || thread != Thread.currentThread()) {
            return;
        }
        over = true;
        Account now = Account.bound();
        if (!isInside(now, account)) {
            return;
        }
        Account back = stillOpen(bound);
        NativeTree.leave(back == bound || back == null ? before : back.handle);
        Account.rebound(back);
    }

    static boolean isInside(Account inner, Account outer) {
        Account above = inner;
        while (above != null && above != outer) {
            above = above.parent;
        }
        return above != null;
    }

    /** Itself, or the nearest one above it that was not closed; null when there is none. */
    private static Account stillOpen(Account account) {
        Account open = account;
        while (open != null && open.over.get()) {
            open = open.parent;
        }
        return open;
    }
}
