package io.memgrant;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where the thunks around the targets' native methods enter Java. They find {@link #reached} by name.
 */
final class Boundary {
    private static final Map<Long, BoundaryHandler> HANDLERS = new ConcurrentHashMap<>();

    private Boundary() {}

    /** Whom to ask at this account's boundaries; null for nobody. */
    static void handle(long account, BoundaryHandler handler) {
        if (handler == null) {
            HANDLERS.remove(account);
        } else {
            HANDLERS.put(account, handler);
        }
    }

    /**
     * Called by a thunk, on the account's own task thread. Never throws: what it returns is thrown by the thunk.
     *
     * @return what the native method shall throw, or null
     */
    static Throwable reached(long account, String library, boolean mayThrow) {
        try {
            BoundaryHandler handler = HANDLERS.get(account);
            return handler == null ? null : handler.reached(library, mayThrow);
        } catch (Throwable broken) {
            Say.once("a boundary was passed without asking", broken);
            return null;
        }
    }
}
