package io.memgrant;

/**
 * A way to make a library or a cache use less memory: pulled when memory is short, before anybody is denied or has to wait for
 * other tasks. Registered for an account ({@link Account#addLever}, or {@link Memgrant#addLever} for that of the calling
 * thread), and only for as long as it makes sense: an account's levers go when it is settled, a child's when it is closed.
 *
 * <p>A task's levers are called on the task's own thread, where a native method of a target library begins or ends, so that
 * they may use what belongs to that thread. Those of the executor's account are called on a thread of memgrant's. No lever is
 * ever called inside an allocation, and never while another one of the same account is. What a lever itself allocates is
 * charged as ever, but pulls no lever.
 *
 * <p>The limit of a child refuses at a boundary, too, where libraries are stopped ({@code stop}); the levers of the child, and of those in it, are pulled
 * before the task is. Where an allocation is refused at once ({@code fail}) there is no time for them.
 *
 * <p>A lever that throws has freed nothing, which is said once. One that takes longer than {@code spark.memgrant.leverWaitMs}
 * is interrupted and not called again.
 */
@FunctionalInterface
public interface SpillLever {
    /**
     * Gives memory back.
     *
     * @param bytes how much is missing, above 0; may free more, which saves further calls
     * @return how much was freed, as far as the lever knows. What an account uses before and after is measured as well, and
     *     what was measured counts: where it is less than {@code bytes}, the next lever is pulled
     */
    long spill(long bytes) throws Exception;

    /**
     * Memory is not short any more: what was made smaller may grow again. Called now and then for levers of the executor's
     * account that were pulled before, on the same thread as {@link #spill}; a task's levers are not told.
     *
     * @param bytes how much they may take, above 0
     */
    default void ease(long bytes) throws Exception {}

    /** A lever that is registered, until this is closed. Closing it again does nothing. */
    interface Registration extends AutoCloseable {
        /** Returns at once: a call of the lever that is under way on another thread goes on. */
        @Override
        void close();
    }
}
