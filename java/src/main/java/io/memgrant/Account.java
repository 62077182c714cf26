package io.memgrant;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * Who is charged: the executor, one task, or a part of either's work. A task lives from {@link #open} (the root: from the start of the
 * library) to {@link #settle}, a part from {@link #child} to {@link #close}; figures may still be read afterwards.
 *
 * <p>All sizes are bytes. All methods are safe to call from any thread; {@link #bind} and {@link #unbind} concern the
 * calling thread. Order of an ending: unbind, endCourier, settle.
 */
public final class Account extends GrantedAccount implements AutoCloseable {
    private static final ThreadLocal<Account> BOUND = new ThreadLocal<>();

    private final String name;
    private final Levers levers;
    final Account parent;
    private Courier courier;
    final AtomicBoolean over = new AtomicBoolean();
    private Entered entered;
    private boolean held;
    private volatile long left;

    Account(long handle, String name) {
        this(handle, name, null);
    }

    private Account(long handle, String name, Account parent) {
        super(handle);
        this.name = name;
        this.parent = parent;
        this.levers = parent == null ? new Levers() : parent.levers;
    }

    /**
     * Opens an account below this one: what is charged to it is charged to this one as well.
     *
     * @param childName for people, shown in reports
     * @param limit the most that it may use, or {@link #NO_LIMIT}
     * @return null when there is no room for another account
     */
    public Account open(String childName, long limit) {
        long child = Native.open(childName, handle, limit);
        return child == 0 ? null : new Account(child, childName);
    }

    /**
     * Opens an account for a part of this one's work, and puts the calling thread into it: what target libraries allocate here until
     * {@link #close} is charged to it, and shows in this one and all above. It has no grant and no courier: its task's (or the
     * executor's) grant pays, whose accountant is asked, and which is denied and stopped. Where there is no room for another account, or
     * eight are nested, the one that is returned counts nothing, and the thread charges whom it charged before.
     *
     * @param childName for people, shown in reports
     * @param limit the most that it may use, in bytes, or {@link #NO_LIMIT}. What goes beyond is denied as the library's mode says:
     *     NULL, or an exception at the next boundary, that names this account
     */
    public Account child(String childName, long limit) {
        Account child = new Account(NativeTree.nest(childName, handle, limit), childName, this);
        child.entered = child.enter();
        return child;
    }

    /** The calling thread works for this account, until what is returned is closed: for threads that a {@link #child} is handed to. */
    public Entered enter() {
        Account before = BOUND.get();
        long change = NativeTree.enter(handle, before == null ? 0 : before.handle);
        if (change != 0) {
            BOUND.set(this);
        }
        return new Entered(this, before, change);
    }

    /**
     * An account below this one that several parts of a program have in common, by its name: the first one who asks opens it, all get the same
     * one, and it ends when each has closed what was returned to it, or with this account. Below the executor's account it
     * outlives tasks. Nobody is put into it: that is {@link #enter}'s. Where there is no room it counts nothing.
     *
     * @param sharedName by which others find it
     * @param limit the most that it may use, in bytes, or {@link #NO_LIMIT}; the first one's
     */
    public Account shared(String sharedName, long limit) {
        Account shared = new Account(NativeTree.hold(handle, sharedName, limit), sharedName, this);
        shared.held = true;
        return shared;
    }

    /**
     * Ends what {@link #child} began: the thread charges what it charged before, other threads that are inside go on above, and
     * what is still in use is the parent's from now on. A second time it does nothing.
     *
     * @throws IllegalStateException for an account that is no child: a task's is settled
     */
    @Override
    public void close() {
        end(() -> NativeTree.end(handle));
    }

    /**
     * Closes this {@link #child}, but what is still in use goes to another account: to the byte, and whatever that one's limit; then it is
     * {@link #isOverLimit} and gets no more. Allocations, peaks and denials until now stay this one's.
     *
     * @param receiver any account that is open and not in this one, of another task too; it is not closed
     * @throws IllegalArgumentException when it is not; then nothing has changed
     * @throws IllegalStateException for an account that is no child, or {@link #shared}
     */
    public void closeInto(Account receiver) {
        if (held) {
            throw new IllegalStateException(name + " is shared");
        }
        end(() -> receiver.handle == 0 ? NativeTree.end(handle) : NativeTree.endInto(handle, receiver.handle));
    }

    /**
     * Hands one block of this account's to another account while it lives: with all of its bytes, and whatever that one's limit; then it is
     * {@link #isOverLimit} and gets no more. Whoever frees the block later gives it back to the receiver.
     *
     * @param address what a target library's malloc or {@code Unsafe} returned, and nobody has freed. As with realloc, nobody else may use it
     *     meanwhile. The address of anything else makes the books wrong. Mappings (mmap) are no blocks
     * @param receiver any account that is open, also of another task
     * @return how many bytes it has; 0 when it is not counted, is not this account's, or the books have no room for it there: then nothing has changed
     * @throws IllegalArgumentException when the receiver has closed
     */
    public long transfer(long address, Account receiver) {
        long bytes = handle == 0 || receiver.handle == 0 ? 0 : NativeTree.transfer(address, handle, receiver.handle);
        if (bytes < 0) {
            throw new IllegalArgumentException(receiver.name + " has closed");
        }
        return bytes;
    }

    private void end(LongSupplier ending) {
        if (held && over.compareAndSet(false, true)) {
            left = NativeTree.letGo(handle);
            levers.clear(this);
        }
        if (held) {
            return;
        }
        if (entered == null) {
            throw new IllegalStateException(name + " is no child of an account: settle() ends it");
        }
        long bytes = ending.getAsLong();
        if (bytes < 0) {
            throw new IllegalArgumentException(name + " can't be closed into an account that has closed, or that is in it");
        }
        over.set(true);
        levers.clear(this);
        entered.close();
        left = Math.max(left, bytes);
    }

    /**
     * Holds memory for this {@link #child} ahead of its use: nobody else gets it. What is charged to the child is paid out of it first, and
     * what is freed fills it again, until it is given back or the child is closed.
     *
     * @return whether the bytes are held; if not, nothing has changed: they are beyond its limit, or one above, or what its task was granted
     */
    public boolean reserve(long bytes) {
        return NativeTree.reserve(handle, bytes, false) > 0;
    }

    /** The same for as much of it as there is. Returns how many bytes are held, from 0 to {@code bytes}. */
    public long request(long bytes) {
        return NativeTree.reserve(handle, bytes, true);
    }

    /** Ends a reservation, or a part of it; blocks that it paid for stay. Returns how many of the bytes nobody used. */
    public long giveBack(long bytes) {
        return NativeTree.giveBack(handle, bytes);
    }

    /**
     * Divides this account's limit among its {@link #child}ren: each of n that hold something is sure of an n-th. What of that nobody uses is
     * lent to whoever asks first, and called back: what one is refused within its share is kept for it when others free, and only who has
     * more than its share is stopped. Reservations are no more than a share. The executor's account divides the process's limit, where
     * that is fixed; an account without a limit has nothing to divide.
     *
     * @param fairly false: whoever comes first has it, as at the beginning
     * @throws IllegalStateException when it has closed
     */
    public void shareFairly(boolean fairly) {
        if (!NativeTree.shareFairly(handle, fairly)) {
            throw new IllegalStateException(name() + " has closed");
        }
    }

    /** The bytes that this account is sure of just now of its parent's limit; -1 where that is not divided fairly, or has no limit. */
    public long share() {
        return NativeTree.share(handle);
    }

    /** Once it is closed: the bytes that were still in use then, and are its parent's. 0 when nothing was forgotten. */
    public long left() {
        return left;
    }

    /** The name that it was opened with. */
    public String name() {
        return name;
    }

    /** Charges to this account what target libraries allocate on the calling thread, as the account's own task thread. */
    public void bind() {
        Native.bind(handle);
        BOUND.set(this);
    }

    /** Undoes {@link #bind}. The calling thread's unused credit goes back to its account. */
    public static void unbind() {
        BOUND.remove();
        Native.unbind();
    }

    static void rebound(Account account) {
        BOUND.set(account);
    }

    /** The one that the calling thread was bound to by {@link #bind}; null when there is none. */
    static Account bound() {
        return BOUND.get();
    }

    /**
     * Has a lever pulled when memory is short: before this account is denied, and for the executor's account before any task
     * is. A lever of a {@link #child} is pulled when the child's own limit refuses, or that of one around it, and when its task lacks memory.
     *
     * @return ends it; what was not ended before ends with the account
     */
    public SpillLever.Registration addLever(SpillLever lever) {
        return levers.add(Objects.requireNonNull(lever), this);
    }

    /** Whether there is a lever to pull, of this account or of one in it. */
    public boolean hasLevers() {
        return levers.has(handle);
    }

    /** Whether this is that account, or one of its children's. */
    boolean isIn(long account) {
        Account above = this;
        while (above != null && above.handle != account) {
            above = above.parent;
        }
        return above != null;
    }

    /**
     * Pulls this account's levers, and those of all in it, on the calling thread, until it uses so much less. Does nothing out of a lever, or while
     * another thread does the same.
     *
     * @param bytes how much is missing
     * @param millis the longest that one lever may take
     * @param interrupts whether one that takes longer may be interrupted
     * @return how much less the account uses now
     */
    public long pullLevers(long bytes, long millis, boolean interrupts) {
        return levers.pull(handle, bytes, millis, interrupts);
    }

    /**
     * Where limits of accounts nested in this one refused memory, pulls the levers of each of those and of all in it, until it is within its limit
     * again, and an eighth of that below. On the calling thread, as {@link #pullLevers}.
     *
     * @return whether all of them are within their limits then: the refusals are forgotten, and nobody need be stopped for them
     */
    public boolean pullRefusersLevers(long millis, boolean interrupts) {
        long[] refusers = NativeTree.refusers(handle);
        boolean within = refusers.length > 0;
        for (long refuser : refusers) {
            within &= refuser != 0 && levers.has(refuser) && Native.read(refuser)[Native.LIMIT] >= 0;
        }
        for (int i = 0; within && i < refusers.length; i++) {
            long[] figures = Native.read(refusers[i]);
            levers.pull(refusers[i], figures[Native.USED] - figures[Native.LIMIT] + figures[Native.LIMIT] / 8, millis, interrupts);
        }
        for (int i = 0; within && i < refusers.length; i++) {
            long[] figures = Native.read(refusers[i]);
            within = figures[Native.USED] <= figures[Native.LIMIT];
        }
        if (within) {
            takeRefusal();
        }
        return within;
    }

    /**
     * Tells levers that were pulled that memory is not short any more, on the calling thread.
     *
     * @param bytes how much they may take
     * @param millis the longest that one lever may take
     */
    public void easeLevers(long bytes, long millis) {
        levers.ease(bytes, millis);
    }

    /** Starts a thread that carries this account's requests to an accountant. At most once. */
    public synchronized void startCourier(NativeMemoryAccountant accountant) {
        courier = Courier.start(handle, name, accountant);
    }

    /**
     * First step of settling: the account makes no more requests, and its courier ends.
     *
     * @return false when the courier did not end within seconds, because its accountant hangs
     */
    public synchronized boolean endCourier() {
        Native.stopRequests(handle);
        boolean ended = courier == null || courier.awaitEnd();
        courier = null;
        return ended;
    }

    /** Whom to ask when the task thread of this account stands at a boundary beyond its grant; null for nobody. */
    public void onBoundary(BoundaryHandler handler) {
        Boundary.handle(handle, handler);
    }

    /** Adds to the grant what no courier asked for. */
    public void grant(long bytes) {
        Native.grant(handle, bytes);
        Recorder.granted(name, bytes, bytes, 0);
    }

    /** Counts a denial: the accountant's final no. */
    public void deny() {
        Native.deny(handle);
        Recorder.denied(this);
    }

    /**
     * Last step of settling: the account is closed, its grant becomes 0, and what is still used goes to its parent.
     *
     * @return the grant that was taken away; the caller gives all of it back to whom it came from
     */
    public long settle() {
        levers.clear(this);
        Boundary.handle(handle, null);
        return Native.settle(handle);
    }

    @Override
    public String toString() {
        return name;
    }
}
