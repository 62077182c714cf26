package io.memgrant;

/** What an {@link Account} has and had: its figures, in bytes, also of one that closed lately. Safe to call from any thread. */
public abstract sealed class AccountFigures permits GrantedAccount {
    /** No limit of its own. */
    public static final long NO_LIMIT = -1;

    final long handle;

    AccountFigures(long handle) {
        this.handle = handle;
    }

    /**
     * Figures of one moment.
     *
     * @param limit the most that it may use, or {@link #NO_LIMIT}
     * @param used by it and its descendants
     */
    public record Figures(long limit, long reservation, long granted, long lent, long used, long peak, long denials, long overdraftPeak) {
        /** Whether more is used than the limit. */
        public boolean isOverLimit() {
            return limit >= 0 && used > limit;
        }
    }

    /** All of them at once: each method below costs as much as this one. */
    public Figures figures() {
        long[] figures = Native.read(handle);
        return new Figures(figures[Native.LIMIT], figures[Native.RESERVATION], figures[Native.GRANTED], figures[Native.LENT],
                figures[Native.USED], figures[Native.PEAK], figures[Native.DENIALS], figures[Native.OVERDRAFT_PEAK]);
    }

    /** What is held for it, used or not, in bytes. */
    public long reservation() {
        return figure(Native.RESERVATION);
    }

    /** What its task thread asks for just now before Java's code takes it, in bytes: it is in {@link Account#overdraft} already. */
    public long ahead() {
        return figure(Native.AHEAD);
    }

    /** The same of processes that work for its task. */
    public long workersAhead() {
        return figure(Native.WORKERS_AHEAD);
    }

    /** What is lent to it now, in bytes. */
    public long lent() {
        return figure(Native.LENT);
    }

    /** How long somebody has been waiting for memory for it; 0 when nobody waits. */
    public long waitingNanos() {
        return figure(Native.WAITING_NS);
    }

    /** For how much memory somebody waits now, in bytes. */
    public long waitingBytes() {
        return figure(Native.WAITING_BYTES);
    }

    /** The most that it may use, or {@link #NO_LIMIT}. */
    public long limit() {
        return figure(Native.LIMIT);
    }

    /** What its accountant granted, less what went back. */
    public long granted() {
        return figure(Native.GRANTED);
    }

    /** What it and its descendants use now: charged less refunded. */
    public long used() {
        return figure(Native.USED);
    }

    /** The most that was used at any time. */
    public long peak() {
        return figure(Native.PEAK);
    }

    /** How often it was denied memory: a library got NULL, or its task was stopped. */
    public long denials() {
        return figure(Native.DENIALS);
    }

    /** The most that was used beyond the grant at any time; where something was lent ({@link Account#lend}), at most a few loans too much. */
    public long overdraftPeak() {
        return figure(Native.OVERDRAFT_PEAK);
    }

    /** Whether it uses more than its limit: what could not be denied, or was handed to it. */
    public boolean isOverLimit() {
        return figures().isOverLimit();
    }

    /**
     * It and all accounts below it, a line each, indented: used, granted, peak and limit in bytes, how often it was denied, whose grant
     * pays, how old it is. Empty when it has closed. Of many children 40 are shown.
     */
    public String toVerboseString() {
        return NativeTree.text(handle, false);
    }

    /** The same as JSON, with all children; empty when it has closed. */
    public String toJson() {
        return NativeTree.text(handle, true);
    }

    private long figure(int index) {
        return Native.read(handle)[index];
    }
}
