import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksIterator;

/** RocksDB's own work: writes, overwrites, reads by key, reads of everything. */
final class RocksDbWork {
    private static final int KEYS = 150_000;

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        remove(folder);
        Files.createDirectories(folder);
        RocksDB.loadLibrary();
        try (Options options = new Options().setCreateIfMissing(true).setWriteBufferSize(8 << 20);
                RocksDB database = RocksDB.open(options, folder.toString());
                FlushOptions wait = new FlushOptions().setWaitForFlush(true)) {
            for (int round = 0; round < 2; round++)
                write(database, round);
            database.flush(wait);
            read(database);
        }
        remove(folder);
    }

    private static byte[] key(int i) {
        return ByteBuffer.allocate(8).putLong((long) i * 7919 % KEYS).array();
    }

    private static void write(RocksDB database, int round) throws Exception {
        for (int i = 0; i < KEYS; i++)
            database.put(key(i), ByteBuffer.allocate(40 + i * 31 % 300).putInt(i).putInt(round).array());
    }

    private static void read(RocksDB database) throws Exception {
        for (int i = 0; i < KEYS; i += 2)
            if (ByteBuffer.wrap(database.get(key(i))).getInt() != i)
                throw new AssertionError("the value of another key");
        int seen = 0;
        try (RocksIterator iterator = database.newIterator()) {
            for (iterator.seekToFirst(); iterator.isValid(); iterator.next())
                seen += iterator.value().length > 0 ? 1 : 0;
            iterator.status();
        }
        if (seen != KEYS)
            throw new AssertionError("saw " + seen);
    }

    private static void remove(Path folder) throws Exception {
        if (!Files.exists(folder))
            return;
        try (Stream<Path> paths = Files.walk(folder)) {
            List<Path> deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst)
                Files.delete(path);
        }
    }
}
