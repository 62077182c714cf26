package io.memgrant;

import static io.memgrant.Armed.check;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** Block caches of RocksDB as published: one with a hard limit fails reads when it is full, and the lever leaves it alone. */
final class CachesMain {
    private static final int KEYS = 2_000;
    private static final int VALUE = 8 << 10;
    /** Half of what is in the database. */
    private static final long CAPACITY = (long) KEYS * VALUE / 2;
    /** Of its blocks, in use at once. */
    private static final int PINNED = KEYS / 8;

    private CachesMain() {}

    public static void main(String[] args) throws Exception {
        Armed.arm("mode=observe", "targets=librocksdbjni*", "levers=rocksdb");
        RocksDB.loadLibrary();
        fullOfWhatIsInUse(true);
        fullOfWhatIsInUse(false);
        theLever(true);
        theLever(false);
        twoPulls();
        System.out.println("caches: a full one with a hard limit fails reads, and the lever leaves it alone");
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }

    /** A database whose blocks hold one key each, and its cache, which is empty. */
    private static final class Store implements AutoCloseable {
        final Cache cache;
        final Options options;
        final RocksDB database;
        final List<RocksIterator> reading = new ArrayList<>();

        Store(long capacity, boolean isStrict) throws Exception {
            this(new LRUCache(capacity, 0, isStrict));
        }

        Store(Cache cache) throws Exception {
            this.cache = cache;
            options = new Options().setCreateIfMissing(true).setCompressionType(CompressionType.NO_COMPRESSION)
                    .setTableFormatConfig(new BlockBasedTableConfig().setBlockCache(cache).setBlockSize(VALUE / 2));
            Path folder = Files.createTempDirectory(Path.of(System.getenv("WORK")), "database");
            database = RocksDB.open(options, folder.toString());
            for (int i = 0; i < KEYS; i++) {
                database.put(key(i), new byte[VALUE]);
            }
            try (FlushOptions flush = new FlushOptions()) {
                database.flush(flush);
            }
        }

        /** A block stays in use, and in the cache, as long as an iterator stands in it. */
        void startToRead(int number) {
            RocksIterator iterator = database.newIterator();
            reading.add(iterator);
            iterator.seek(key(number));
        }

        void readAll() throws RocksDBException {
            for (int i = 0; i < KEYS; i++) {
                check(database.get(key(i)).length == VALUE, "a value was read");
            }
        }

        @Override
        public void close() {
            reading.forEach(RocksIterator::close);
            database.close();
            options.close();
            cache.close();
        }
    }

    private static void fullOfWhatIsInUse(boolean isStrict) throws Exception {
        String failure = "";
        try (Store store = new Store(CAPACITY / 8, isStrict)) {
            for (int i = 0; i < PINNED; i++) {
                store.startToRead(i);
            }
            store.readAll();
        } catch (RocksDBException failed) {
            failure = failed.getMessage();
        }
        check(isStrict ? failure.contains("full") : failure.isEmpty(),
                "a cache that is full of blocks in use fails reads exactly if its limit is hard: '" + failure + "'");
    }

    /** A HyperClockCache evicts at its next insertions: until then it uses more than it may, and a second pull must not take that for what it may. */
    private static void twoPulls() throws Exception {
        Cache clock;
        try {
            clock = (Cache) Class.forName("org.rocksdb.HyperClockCache").getConstructor(long.class, long.class, int.class, boolean.class)
                    .newInstance(CAPACITY, (long) VALUE, 0, false);
        } catch (ClassNotFoundException olderThanIt) {
            System.out.println("not tried: this RocksDB has no HyperClockCache");
            return;
        }
        try (Store store = new Store(clock)) {
            store.readAll();
            long before = clock.getUsage();
            check(before > CAPACITY * 3 / 4, "the cache is full: " + before);
            new RocksDbCaches().spill(CAPACITY / 2);
            new RocksDbCaches().spill(1);
            store.readAll();
            check(clock.getUsage() < before * 5 / 8, "what the first pull took is not given back by the second: " + before + " -> " + clock.getUsage());
        }
    }

    private static void theLever(boolean isStrict) throws Exception {
        try (Store store = new Store(CAPACITY, isStrict)) {
            store.readAll();
            for (int i = 0; i < PINNED; i++) {
                store.startToRead(i);
            }
            long before = store.cache.getUsage();
            check(before > CAPACITY / 2 && store.cache.getPinnedUsage() > CAPACITY / 8, "the cache is full: " + before);
            long freed = new RocksDbCaches().spill(CAPACITY);
            long after = store.cache.getUsage();
            check(isStrict ? freed == 0 && after == before : freed > CAPACITY / 2 && after <= before - freed,
                    "the lever frees what is not in use, but nothing of a cache with a hard limit: " + freed + " bytes, "
                            + before + " -> " + after);
            store.readAll(); // which a limit below what is in use would fail
        }
    }
}
