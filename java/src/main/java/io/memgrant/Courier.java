package io.memgrant;

/**
 * Carries one account's requests to its accountant: a daemon thread that waits in native code until the account runs
 * low. One for each account, because an accountant that keeps one account waiting must not keep the others waiting.
 */
final class Courier extends Thread {
    private static final long JOIN_MILLIS = 2_000;

    private final long account;
    private final NativeMemoryAccountant accountant;

    Courier(long account, String accountName, NativeMemoryAccountant accountant) {
        // No inherited thread locals: Spark's local properties of the task would live as long as the courier.
        super(null, null, "memgrant courier: " + accountName, 0, false);
        this.account = account;
        this.accountant = accountant;
        setDaemon(true);
        setContextClassLoader(null);
    }

    /** Never lets anything out: an uncaught exception in any thread ends a Spark executor. */
    @Override
    public void run() {
        try {
            carry();
        } catch (Throwable broken) {
            Say.once("no more memory is asked for", getName() + ": " + broken);
        }
    }

    private void carry() {
        long asked;
        while ((asked = Native.awaitRequest(account)) > 0) {
            long begin = System.nanoTime();
            long granted = acquire(asked);
            Native.answer(account, asked, granted, System.nanoTime() - begin);
        }
    }

    private long acquire(long asked) {
        Thread.interrupted(); // an old interrupt, meant for an earlier request
        try {
            return Math.max(0, Math.min(asked, accountant.acquireMemory(asked)));
        } catch (Throwable refused) {
            Say.once("a request for memory ended as a denial", refused);
            return 0;
        }
    }

    /**
     * Waits for its end after {@link Native#stopRequests}, which comes at once unless an accountant breaks its promise
     * not to wait; such a one is interrupted. The caller's own interrupt is kept.
     *
     * @return whether it has ended
     */
    boolean awaitEnd() {
        boolean interrupted = Thread.interrupted();
        try {
            interrupted |= joinFor(JOIN_MILLIS);
            if (isAlive()) {
                interrupt();
                interrupted |= joinFor(JOIN_MILLIS);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return !isAlive();
    }

    /** Whether the caller was interrupted meanwhile. */
    private boolean joinFor(long millis) {
        boolean interrupted = false;
        long end = System.nanoTime() + millis * 1_000_000;
        for (long left = millis; left > 0 && isAlive(); left = (end - System.nanoTime()) / 1_000_000) {
            try {
                join(left);
            } catch (InterruptedException meanwhile) {
                interrupted = true;
            }
        }
        return interrupted;
    }
}
