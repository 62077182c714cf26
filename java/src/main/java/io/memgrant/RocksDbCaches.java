package io.memgrant;

/**
 * A ready-made lever: the block caches of RocksDB in this process, in whatever database they are. It evicts what is missing,
 * an eighth of what they hold at least, of each its share, and limits them to what is left; when memory is not short any more
 * they may grow back, step by step, to the capacity that they were made with. Needs nothing from those who made them.
 *
 * <p>Caches with a strict limit are left alone, because what does not fit into them fails to be read. Neither are those seen
 * that RocksDB makes for itself where it is given none.
 */
public final class RocksDbCaches implements SpillLever {
    private static boolean registered;

    RocksDbCaches() {}

    /** Once for the process, when the library was armed with the setting levers=rocksdb. */
    public static synchronized void register() {
        if (!registered && Memgrant.isActive()) {
            Memgrant.root().addLever(new RocksDbCaches());
            registered = true;
        }
    }

    @Override
    public long spill(long bytes) {
        return Native.shrinkCaches(bytes);
    }

    @Override
    public void ease(long bytes) {
        Native.easeCaches(bytes);
    }

    @Override
    public String toString() {
        return "RocksDB's block caches";
    }
}
