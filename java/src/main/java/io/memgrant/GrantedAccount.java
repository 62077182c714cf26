package io.memgrant;

/** An {@link Account} as those see it who grant it memory, or refuse it: accountants, and whoever stands at its boundaries. Safe to call from any thread. */
public abstract sealed class GrantedAccount extends AccountFigures permits Account {
    GrantedAccount(long handle) {
        super(handle);
    }

    /** Takes unused grant away again. Returns how much of it, from 0 to {@code bytes}; the caller gives it back to whom it came from. */
    public long takeBack(long bytes) {
        return Native.takeBack(handle, bytes);
    }

    /** What is used beyond the grant now; 0 when nothing is. */
    public long overdraft() {
        return Native.overdraft(handle);
    }

    /**
     * What would still have to be granted for the most that was ever used while the accountant's last answer was no; 0 when
     * everything was granted in time, or later.
     */
    public long unmet() {
        return Native.unmet(handle);
    }

    /** The library in mode stop whose charge went beyond the grant first; null when there was none. */
    public String culprit() {
        return Native.culprit(handle);
    }

    /** Says nothing more about the overdraft at boundaries until it has grown by that much (Long.MAX_VALUE: ever). */
    public void tolerate(long furtherBytes) {
        Native.tolerate(handle, furtherBytes);
    }

    /**
     * Lends room of the process's container ({@link Headroom}): a part of the grant that the accountant has not granted.
     *
     * @return whether there was so much room; if not, nothing was lent
     */
    public boolean lend(long bytes) {
        return Native.lend(handle, bytes);
    }

    /** Takes back what was lent, used or not: then the account is in overdraft. */
    public void callIn() {
        Native.callIn(handle);
    }

    /**
     * Reports show from now on that somebody waits for memory for this account.
     *
     * @param bytes for how much
     * @return to be closed when the wait is over
     */
    public Wait waitFor(long bytes) {
        long begun = Native.waitBegins(handle, bytes);
        return () -> Native.waitEnds(handle, bytes, begun);
    }

    /** A wait that reports show. */
    @FunctionalInterface
    public interface Wait extends AutoCloseable {
        @Override
        void close();
    }

    /** Ends waits of the account's threads inside malloc, where settings allow them, and begins none: its task ends. */
    public void waitNoMore() {
        Native.waitNoMore(handle);
    }

    /** Which account nested in this one refused memory last, because of its own limit, as "NAME, limit N bytes"; null for none since. */
    public String takeRefusal() {
        return NativeTree.refusal(handle);
    }

    /** Of what it and its descendants use, what libraries use that charge Spark themselves (profile: charges-itself). */
    public long measured() {
        return Native.measured(handle);
    }

    /**
     * Makes a part of the grant what such libraries have paid for by themselves.
     *
     * @param declared what they have declared to Spark for this account, for the report
     * @param covered that part from now on
     * @param byAnswer how much of it the accountant's next answer brings; it is granted once
     */
    public void cover(long declared, long covered, long byAnswer) {
        Native.cover(handle, declared, covered, byAnswer);
    }

    /**
     * A process that works for the account's task asks for so many bytes: {@link #workerLacks} counts them until they are charged
     * ({@link #workerTakes}) or, with a negative number, taken back. Without effect once the account has closed.
     */
    public void workerAsks(long bytes) {
        Native.workerAsks(handle, bytes);
    }

    /** What the grant lacks for what is used and what such processes ask for, in bytes; what its own threads ask for does not count. */
    public long workerLacks() {
        return Native.workerLacks(handle);
    }

    /** Counts a denial of what such a process asked for. */
    public void denyWorker() {
        Native.workerDenied(handle);
        Recorder.denied((Account) this);
    }

    /**
     * Charges the account for what such a process has, in reports as of the library "Python workers".
     *
     * @param bytes negative ones are refunded
     * @param asked of these, how many were asked for
     * @return false when the account has closed; then nothing was charged
     */
    public boolean workerTakes(long bytes, long asked) {
        return Native.workerTakes(handle, bytes, asked);
    }

    /**
     * Whether a denial was injected, for a test, since this was last asked (deny_nth, deny_random, in mode stop): whoever
     * asks at a boundary throws, however much memory there is.
     */
    public boolean takeInjectedDenial() {
        return Native.takeInjected(handle);
    }
}
