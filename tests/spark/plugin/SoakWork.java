package io.memgrant.tests;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.Stream;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.xxhash.StreamingXXHash64;
import net.jpountz.xxhash.XXHashFactory;
import org.iq80.leveldb.DB;
import org.fusesource.leveldbjni.JniDBFactory;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.xerial.snappy.Snappy;

/**
 * What a task of the soak does: something with one real library, small or large by chance, whose answer is compared with the right
 * one. Closes what it opens, whatever is thrown. Nothing here knows of memgrant.
 */
enum SoakWork {
    ROCKSDB("librocksdbjni") {
        @Override
        void run(Path folder, Random random) throws RocksDBException {
            int entries = 100 + random.nextInt(1_500);
            byte[] value = bytes(random, 400);
            try (Options options = new Options().setCreateIfMissing(true).setWriteBufferSize(64 << 10);
                    RocksDB database = RocksDB.open(options, folder.toString())) {
                for (int i = 0; i < entries; i++) {
                    database.put(ByteBuffer.allocate(4).putInt(i).array(), value);
                }
                try (FlushOptions flush = new FlushOptions()) {
                    database.flush(flush);
                }
                int found = 0;
                try (RocksIterator entry = database.newIterator()) {
                    for (entry.seekToFirst(); entry.isValid(); entry.next()) {
                        found += Arrays.equals(entry.value(), value) ? 1 : 0;
                    }
                }
                check(entries, found);
            }
        }
    },
    DUCKDB("libduckdb_java") {
        @Override
        void run(Path folder, Random random) throws SQLException {
            long rows = 1_000 + random.nextInt(50_000);
            String at = random.nextBoolean() ? "" : folder.resolve("database").toString();
            try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + at); Statement statement = connection.createStatement()) {
                statement.execute("SET threads=2");
                statement.execute("CREATE TABLE t AS SELECT i, i % 100 AS g, 'value ' || i AS v FROM range(" + rows + ") r(i)");
                check(rows * (rows - 1) / 2, number(statement, "SELECT sum(s) FROM (SELECT g, sum(i) AS s, max(v) FROM t GROUP BY g)"));
                check(rows, number(statement, "SELECT count(*) FROM t a JOIN t b USING (i)"));
            }
        }
    },
    ZSTD("libzstd-jni") {
        @Override
        void run(Path folder, Random random) throws IOException {
            byte[] data = bytes(random, 1 + random.nextInt(5_000));
            if (random.nextInt(4) == 0) { // a context of some 80 MB: two are more than the pool has
                check(true, Arrays.equals(data, Zstd.decompress(Zstd.compress(data, 22), data.length)));
            }
            for (int round = 100 + random.nextInt(1_000); round > 0; round--) {
                ByteArrayOutputStream compressed = new ByteArrayOutputStream();
                try (ZstdOutputStream stream = new ZstdOutputStream(compressed, 1)) {
                    stream.setWorkers(round % 50 == 0 ? 1 : 0);
                    stream.write(data);
                }
                try (ZstdInputStream stream = new ZstdInputStream(new ByteArrayInputStream(compressed.toByteArray()))) {
                    check(true, Arrays.equals(data, stream.readAllBytes()));
                }
            }
        }
    },
    LZ4("liblz4-java") {
        @Override
        void run(Path folder, Random random) {
            byte[] data = bytes(random, 1 + random.nextInt(2_000));
            long hash = XXHashFactory.nativeInstance().hash64().hash(data, 0, data.length, 0);
            for (int round = 2_000 + random.nextInt(20_000); round > 0; round--) {
                byte[] compressed = LZ4Factory.nativeInstance().fastCompressor().compress(data);
                check(true, Arrays.equals(data, LZ4Factory.nativeInstance().fastDecompressor().decompress(compressed, data.length)));
                try (StreamingXXHash64 stream = XXHashFactory.nativeInstance().newStreamingHash64(0)) {
                    stream.update(data, 0, data.length);
                    check(hash, stream.getValue());
                }
            }
        }
    },
    SNAPPY("snappy-") {
        @Override
        void run(Path folder, Random random) throws IOException {
            byte[] data = bytes(random, 1 + random.nextInt(2_000));
            for (int round = 2_000 + random.nextInt(20_000); round > 0; round--) {
                check(true, Arrays.equals(data, Snappy.uncompress(Snappy.compress(data))));
            }
        }
    },
    LEVELDB("libleveldbjni") {
        @Override
        void run(Path folder, Random random) throws IOException {
            int entries = 100 + random.nextInt(1_000);
            byte[] value = bytes(random, 100);
            try (DB database = JniDBFactory.factory.open(folder.resolve("leveldb").toFile(), new org.iq80.leveldb.Options().createIfMissing(true))) {
                int found = 0;
                for (int i = 0; i < entries; i++) {
                    byte[] key = ByteBuffer.allocate(4).putInt(i).array();
                    database.put(key, value);
                    found += Arrays.equals(database.get(key), value) ? 1 : 0;
                }
                check(entries, found);
            }
        }
    };

    /** How its file's name begins. */
    final String library;

    SoakWork(String library) {
        this.library = library;
    }

    abstract void run(Path folder, Random random) throws Exception;

    /** In a folder of its own, which is gone afterwards. */
    void runIn(Path parent, Random random) throws Exception {
        Path folder = Files.createTempDirectory(parent, "task-");
        try {
            run(folder, random);
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
    }

    /** Half of them the same again. */
    private static byte[] bytes(Random random, int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        System.arraycopy(bytes, 0, bytes, count / 2, count / 2);
        return bytes;
    }

    private static long number(Statement statement, String query) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    static void check(Object right, Object answer) {
        if (!right.equals(answer)) {
            throw new WrongAnswer(answer + " instead of " + right);
        }
    }

    /** The library answered, but not what is right. */
    static final class WrongAnswer extends RuntimeException {
        private static final long serialVersionUID = 1;

        WrongAnswer(String message) {
            super(message);
        }
    }
}
