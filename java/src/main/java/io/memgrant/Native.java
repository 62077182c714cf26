package io.memgrant;

/**
 * The door to {@code libmemgrant.so}. {@code JNI_OnLoad} registers these methods when the preloaded file is given to
 * {@link System#load}. An account is a handle, never 0; sizes are bytes. All methods are safe to call from any thread.
 */
final class Native {
    private Native() {}

    /** Indices into {@link #read}. */
    static final int LIMIT = 0, RESERVATION = 1, GRANTED = 2, USED = 3, PEAK = 4, CHARGED = 5, REFUNDED = 6,
            ALLOCATIONS = 7, FREES = 8, DENIALS = 9, OVERDRAFT_PEAK = 10, STATE = 11, LENT = 12, WAITING_NS = 13,
            WAITING_BYTES = 14, AHEAD = 15, WORKERS_AHEAD = 16;

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

    /** Whether what is taken from now on has to be granted. */
    static native void enforce(boolean enforces);

    /** Before anything is charged to it: the account is counted, and never denied. */
    static native void observe(long account);

    /** Counts a denial: the accountant's final no. From then on libraries in mode fail get NULL beyond the grant. */
    static native void deny(long account);

    /** Whether a denial was injected (deny_nth, deny_random) since this was last asked. */
    static native boolean takeInjected(long account);

    /** First step of settling: the account posts no more requests and its courier's awaitRequest returns -1. */
    static native void stopRequests(long account);

    /**
     * Second step of settling, after the courier has ended and the task thread was unbound: the account is closed to new
     * charges, its grant becomes 0; what is still used is handed to its parent once its last thread has left.
     *
     * @return the bytes of grant that were taken away; the caller gives all of them back to Spark
     */
    static native long settle(long account);

    /** Somebody begins to wait for so many bytes for the account: reports show it. What it returns goes to waitEnds. */
    static native long waitBegins(long account, long bytes);

    /** The end of that wait. */
    static native void waitEnds(long account, long bytes, long begunNanos);

    /** Nobody waits inside malloc any more for the account: its task ends. */
    static native void waitNoMore(long account);

    /** Somebody begins to look how much room there is: what was ever lent until now, in bytes, and the time. */
    static native long[] look();

    /** What was seen by one who began then: so much room in the container. It serves for a second from when he began. */
    static native void roomSeen(long lentEver, long begunNanos, long room);

    /**
     * Bytes that are granted or used and have no memory behind them yet, and what of those that Spark granted is on its way to an
     * account or back. Some milliseconds a gigabyte.
     */
    static native long promised(long bySpark);

    /** Bytes that are lent to all accounts now. */
    static native long lent();

    /** Lends room that was seen to an account that Spark refused. False: there is none left. */
    static native boolean lend(long account, long bytes);

    /** Takes back all that was lent to the account, used or not. */
    static native void callIn(long account);

    /** Of what an account uses, what libraries use that charge Spark themselves; descendants included. */
    static native long measured(long account);

    /**
     * What such libraries have declared to Spark for an account, and the part of the account's grant that this pays for.
     *
     * @param byAnswer how much of it the courier's next {@link #answer} brings
     */
    static native void cover(long account, long declared, long covered, long byAnswer);

    /** Makes RocksDB's block caches hold so many bytes less, an eighth at least. Returns how many. */
    static native long shrinkCaches(long bytes);

    /** RocksDB's block caches that were made smaller may grow by so many bytes. */
    static native void easeCaches(long bytes);

    /** Counts a lever that was pulled: what it says that it freed, and what was seen to be freed. */
    static native void pulled(long claimed, long freed);

    /** Figures of one account with its descendants, in the order of the indices above. */
    static native long[] read(long account);

    /** Of each library by its slot: used, peak, denials. */
    static native long[] libraries();

    /** The file name, as in the report, of the library in a slot that {@link #libraries} told. */
    static native String libraryName(int slot);

    /** Fills the live page, which `memgrant top` shows, with what is used now. */
    static native void publish();

    /** The report as JSON, as written at exit. */
    static native String report();

    /** Writes the report to its file now. */
    static native void writeReport();

    /**
     * A process that works for the account's task asks for so many bytes: {@link #workerLacks} counts them until they are charged or taken back
     * (negative). False: the account has closed.
     */
    static native boolean workerAsks(long account, long bytes);

    /** Charges the account for what such a process has, of which `asked` were asked for; negative bytes are refunded. False: it has closed. */
    static native boolean workerTakes(long account, long bytes, long asked);

    /** What the account lacks for what is used and what such processes ask for; what its own threads ask for does not count. */
    static native long workerLacks(long account);

    /** Counts a denial of what they asked for. */
    static native void workerDenied(long account);

    /** What was seen resident of them just now, that was not before they worked for those accounts. */
    static native void workersSeen(long resident);

    /** The report holds that JSON array as its `workers` from now on. */
    static native void sayWorkers(String json);
}
