package io.memgrant;

/** Whether what accounts take has to be granted, where an accountant grants; it may change at any time. Thread-safe. */
public final class Mode {
    private Mode() {}

    /** From now on what is taken has to be granted, or is only counted. What was taken before stays as it is. */
    public static void enforce(boolean enforces) {
        if (Memgrant.isActive()) {
            Native.enforce(enforces);
        }
    }

    /** Before anything is charged to it: that account is counted and never denied, and nothing is asked for, whatever the mode is. */
    public static void observe(Account account) {
        Native.observe(account.handle);
    }

    /**
     * How long the courier that has waited longest for its accountant's answer has been waiting, in nanoseconds; 0 when none
     * waits, and Long.MAX_VALUE once one ended before its account.
     */
    public static long longestRequestNanos() {
        return Courier.longestRequestNanos();
    }
}
