package io.memgrant;

/**
 * Room in the process's container that nobody was promised, as somebody saw it, for accounts that their accountant refused
 * memory. Inside malloc nobody can look; so what was seen serves for a second, and what is lent meanwhile is set against it.
 */
public final class Headroom {
    /** What had ever been lent then, in bytes. */
    private final long lentEver;
    private final long begunNanos;

    private Headroom(long[] look) {
        lentEver = look[0];
        begunNanos = look[1];
    }

    /** Before one looks: what is lent from then on is not overlooked, and what is seen is as old as that. */
    public static Headroom look() {
        return new Headroom(Native.look());
    }

    /** What all accounts have of it now, in bytes. */
    public static long lent() {
        return Native.lent();
    }

    /** Whether anything was ever lent. */
    public static boolean wasLent() {
        return look().lentEver > 0;
    }

    /**
     * What of all grants and of all that is used has no memory behind it yet, in bytes: it may get it without asking
     * anybody. To be read before the container's memory is, so that nothing is missed that moves from here to there.
     *
     * @param granted what the accountant has granted all accounts, read before: what of it no account has is on its way to
     *         one, or back
     */
    public static long promised(long granted) {
        return Native.promised(granted);
    }

    /**
     * So much may be lent, unless somebody who began to look later has told already.
     *
     * @param room in bytes
     */
    public void seen(long room) {
        Native.roomSeen(lentEver, begunNanos, Math.max(0, room));
    }
}
