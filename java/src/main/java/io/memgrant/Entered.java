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

    /** The thread charges what it charged before. Does nothing on another thread, and a second time. */
    @Override
    public void close() {
        if (over || thread != Thread.currentThread()) {
            return;
        }
        over = true;
        NativeTree.leave(before);
        if (Account.bound() == account) {
            Account.rebound(bound);
        }
    }
}
