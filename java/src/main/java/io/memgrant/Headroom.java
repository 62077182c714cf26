package io.memgrant;

/**
 * Room in the process's container that nobody was promised, as somebody saw it, for accounts that their accountant refused
 * memory. Inside malloc nobody can look; so what was seen serves for a second, and what is lent meanwhile is set against it.
 */
public final class Headroom {
    private Headroom() {}

    /** To be called before one looks, and given to {@link #seen}: what is lent in between is then not overlooked. */
    public static long begin() {
        return Native.lentEver();
    }

    /**
     * What of all grants and of all that is used has no memory behind it yet, in bytes: it may get it without asking
     * anybody. To be read before the container's memory is, so that nothing is missed that moves from here to there.
     */
    public static long promised() {
        return Native.promised();
    }

    /**
     * So much may be lent.
     *
     * @param begun what {@link #begin} returned
     * @param room in bytes
     */
    public static void seen(long begun, long room) {
        Native.roomSeen(begun, Math.max(0, room));
    }
}
