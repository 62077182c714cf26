package io.memgrant;

/**
 * The door to what {@code libmemgrant.so} does with accounts that are nested in others; as {@link Native}, and registered with it. A handle
 * that is 0, or whose account has closed, does nothing rather than harm.
 */
final class NativeTree {
    private NativeTree() {}

    /** Opens an account nested in another one; limit -1 is none. 0 when there is no room, or eight are nested already. */
    static native long nest(String name, long parent, long limit);

    /**
     * What the calling thread's libraries allocate is that account's from now on.
     *
     * @param bound what a virtual thread charges now, which native code does not know
     * @return for {@link #leave}; 0 when nothing changed
     */
    static native long enter(long account, long bound);

    /** The end of that: the thread charges what it charged before. */
    static native void leave(long before);

    /** Closes an account that is nested. Returns the bytes left in use, which are its parent's now. */
    static native long end(long account);

    /** The same, but they are the heir's. -1 when that has closed, or is in it: then nothing has changed. */
    static native long endInto(long account, long heir);

    /** A block, by its address, is an account's from now on, if it was another one's. Returns its bytes; 0: it was not; -1: the receiver has closed. */
    static native long transfer(long block, long account, long receiver);

    /** The one of that name that is shared below an account, or a new one with that limit, held once more. 0 when there is no room. */
    static native long hold(long above, String name, long limit);

    /** Holds it once less; the last time it ends. Returns the bytes left in use then. */
    static native long letGo(long account);

    /** Holds bytes for an account that is nested: all or none, or in part as many as there are. Returns how many. */
    static native long reserve(long account, long bytes, boolean inPart);

    /** The end of that for so many bytes. Returns how many of them nobody used. */
    static native long giveBack(long account, long bytes);

    /** What the account's children divide, they divide fairly from now on, or not. False: it has closed. */
    static native boolean shareFairly(long account, boolean fairly);

    /** What an account is sure of, of its parent's limit; -1 for nothing. */
    static native long share(long account);

    /** An account and all below it as text, for people or as JSON; empty when it has closed. */
    static native String text(long account, boolean json);

    /**
     * All nested in this one whose limits refused, and nothing was denied at once, since {@link #refusal} was last asked. 0 for one that is not
     * there any more, and for what is more than there is room for.
     */
    static native long[] refusers(long account);

    /** Which account nested in this one refused last, by its own limit: "NAME, limit N bytes"; null for none since this was last asked. */
    static native String refusal(long account);
}
