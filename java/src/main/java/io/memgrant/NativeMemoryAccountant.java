package io.memgrant;

/**
 * Who grants memory to an account: Spark's memory manager, or anything else that keeps a budget. An account's courier, a
 * thread of its own, calls it; no allocation ever does.
 *
 * <p>Implementations are called from several threads at once and must be thread-safe. They must not allocate from a
 * library whose memory the same account pays for, and must not wait for a task that waits for them.
 */
public interface NativeMemoryAccountant {
    /**
     * Asks for memory. May grant less than asked; 0 is a denial. Never waits for other tasks to release memory, unless
     * the implementation says so.
     *
     * @param bytes how much is wanted, above 0
     * @return how much is granted, from 0 to {@code bytes}. The caller gives exactly that back in the end. Whatever is
     *     thrown counts as 0
     */
    long acquireMemory(long bytes);

    /**
     * Gives memory back, in pieces of any size. Never waits for other tasks.
     *
     * @param bytes how much, from 0 to what was granted and not yet given back
     */
    void releaseMemory(long bytes);
}
