package io.memgrant;

/**
 * The door to {@code libmemgrant.so}. {@code JNI_OnLoad} registers these methods when the preloaded file is given to
 * {@link System#load}. An account is a handle, never 0; sizes are bytes. All methods are safe to call from any thread.
 */
final class Native {
    private Native() {}

    /** Indices into {@link #read}. */
    static final int LIMIT = 0, RESERVATION = 1, GRANTED = 2, USED = 3, PEAK = 4, CHARGED = 5, REFUNDED = 6,
            ALLOCATIONS = 7, FREES = 8, DENIALS = 9, OVERDRAFT_PEAK = 10, STATE = 11;

    /**
     * Ends the library's dormancy in this process.
     *
     * @param settings "name=value", names as in settings.def in lower case with underscores ("on_denial=stop")
     * @return null when the library now counts, otherwise one line that says what is wrong; it then stays a pass-through
     */
    static native String arm(String[] settings);

    /** The root account: the executor. Open from arm() to the end of the process. */
    static native long root();

    /** The account, below the root, of what heaps keep resident beyond the blocks in use. Open as long as the root. */
    static native long overhead();

    /** Measures it now; when enforcing, gives pages back where it is beyond its bound. Some 10 to 100 microseconds. */
    static native void measureOverhead();

    /** Opens a child account; limit -1 is none. 0 when there is no room for another one: bind nothing then. */
    static native long open(String name, long parent, long limit);

    /** Binds the calling thread to an account, as the account's own task thread: only there a denial is thrown. */
    static native void bind(long account);

    /** Undoes bind: the thread's unused credit goes back to its account. */
    static native void unbind();

    /**
     * Waits, in native state, until the account wants a grant. Couriers call it in a loop.
     *
     * @return bytes to ask for (above 0), or -1 once {@link #stopRequests} was called: the courier ends
     */
    static native long awaitRequest(long account);

    /** The courier's answer to the request that awaitRequest returned; granted may be anything from 0 to asked. */
    static native void answer(long account, long asked, long granted, long waitNanos);

    /** Adds bytes to the account's grant that no courier asked for (first grant, or a grant got at a boundary). */
    static native void grant(long account, long bytes);

    /** Takes up to that many bytes of unused grant away again. Returns how many; the caller gives them back to Spark. */
    static native long takeBack(long account, long bytes);

    /** Bytes used beyond the grant now; 0 when there are none. */
    static native long overdraft(long account);

    /** The library of mode stop that went beyond the account's grant first, the one that boundaries name; null for none. */
    static native String culprit(long account);

    /** What is still missing for the most that was used against the accountant's no; 0 when all of it was granted. */
    static native long unmet(long account);

    /** No boundary is reported for this account until its overdraft has grown by that many bytes (Long.MAX_VALUE: ever). */
    static native void tolerate(long account, long furtherBytes);

    /** Counts a denial: the accountant's final no. From then on libraries in mode fail get NULL beyond the grant. */
    static native void deny(long account);

    /** First step of settling: the account posts no more requests and its courier's awaitRequest returns -1. */
    static native void stopRequests(long account);

    /**
     * Second step of settling, after the courier has ended and the task thread was unbound: the account is closed to new
     * charges, its grant becomes 0; what is still used is handed to its parent once its last thread has left.
     *
     * @return the bytes of grant that were taken away; the caller gives all of them back to Spark
     */
    static native long settle(long account);

    /** Figures of one account with its descendants, in the order of the indices above. */
    static native long[] read(long account);

    /** The report as JSON, as written at exit. */
    static native String report();

    /** Writes the report to its file now. */
    static native void writeReport();
}
