package io.memgrant.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/** A RocksDB as published, in a folder of its own that goes with it. Nothing here knows of memgrant. */
final class Store implements AutoCloseable {
    private final Path folder;
    private final Options options;
    private final RocksDB db;

    Store(long writeBuffer) throws IOException, RocksDBException {
        this(Path.of(System.getProperty("java.io.tmpdir")), writeBuffer);
    }

    Store(Path parent, long writeBuffer) throws IOException, RocksDBException {
        RocksDB.loadLibrary();
        folder = Files.createTempDirectory(parent.toAbsolutePath(), "memgrant-demo-");
        Options made = new Options();
        try {
            options = made.setCreateIfMissing(true).setWriteBufferSize(writeBuffer);
            db = RocksDB.open(options, folder.toString());
        } catch (Throwable e) {
            made.close();
            remove(folder);
            throw e;
        }
    }

    void put(byte[] key, byte[] value) throws RocksDBException {
        db.put(key, value);
    }

    /** Writes the memory table to disk: RocksDB's own threads do it. */
    void flush() throws RocksDBException {
        try (FlushOptions wait = new FlushOptions().setWaitForFlush(true)) {
            db.flush(wait);
        }
    }

    void forEachValue(Consumer<byte[]> reader) throws RocksDBException {
        try (RocksIterator iterator = db.newIterator()) {
            for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
                reader.accept(iterator.value());
            }
            iterator.status();
        }
    }

    @Override
    public void close() {
        db.close();
        options.close();
        remove(folder);
    }

    private static void remove(Path folder) {
        try (Stream<Path> paths = Files.walk(folder)) {
            List<Path> deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
