import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksIterator;

/** Opens a database, writes more than its buffer holds, flushes, reads all of it back in order. */
public final class RocksDb implements Workload {
    private static final int ENTRIES = 3_000;
    private final String folder;
    private final long right;

    public RocksDb(Path folder) {
        this.folder = folder.resolve("database").toString();
        CRC32 sum = new CRC32();
        for (int i = 0; i < ENTRIES; i++) {
            sum.update(key(i));
            sum.update(value(i));
        }
        right = sum.getValue();
    }

    @Override
    public void run() throws Exception {
        try (Options options = new Options().setCreateIfMissing(true).setWriteBufferSize(128 << 10)) {
            RocksDB.destroyDB(folder, options);
            try (RocksDB database = RocksDB.open(options, folder)) {
                for (int i = 0; i < ENTRIES; i++) {
                    database.put(key(i), value(i));
                }
                try (FlushOptions flush = new FlushOptions()) {
                    database.flush(flush);
                }
                Workload.check(right, read(database), "checksum of what was written");
            }
        }
    }

    private static long read(RocksDB database) {
        CRC32 sum = new CRC32();
        try (RocksIterator entry = database.newIterator()) {
            for (entry.seekToFirst(); entry.isValid(); entry.next()) {
                sum.update(entry.key());
                sum.update(entry.value());
            }
        }
        return sum.getValue();
    }

    private static byte[] key(int i) {
        return ByteBuffer.allocate(8).putLong(i).array();
    }

    private static byte[] value(int i) {
        byte[] value = new byte[200];
        new java.util.Random(i).nextBytes(value);
        return value;
    }
}
