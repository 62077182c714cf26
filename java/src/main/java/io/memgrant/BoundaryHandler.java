package io.memgrant;

/**
 * What is done for an account that uses more than it was granted, when its own task thread stands at the boundary of a
 * target library's native method: there, and not inside malloc, a thread may wait, call Java and throw.
 */
@FunctionalInterface
public interface BoundaryHandler {
    /**
     * Called on the task's own thread.
     *
     * @param library the library whose charge went beyond the grant first
     * @param mayThrow whether the native method is one out of which something may be thrown; if not, there will be
     *     another boundary
     * @return what the native method shall throw, or null
     */
    Throwable reached(String library, boolean mayThrow);
}
