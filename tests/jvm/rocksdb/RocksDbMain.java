package io.memgrant;

import static io.memgrant.Armed.check;

import java.nio.file.Path;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/**
 * RocksDB as published, stopped again and again with too little granted: a stopped task leaves no database open, which
 * would stay locked for every later task of the process.
 */
final class RocksDbMain {
    private static final int TASKS = 12;
    private static final byte[] VALUE = new byte[200];
    private static final String DATABASE = Path.of(System.getenv("WORK"), "database").toString();
    private static int thrown;

    public static void main(String[] args) throws RocksDBException {
        Armed.arm("mode=enforce", "targets=librocksdbjni*", "on_denial=stop");
        RocksDB.loadLibrary();
        for (int task = 0; task < TASKS; task++) {
            // From less than open() needs to enough for some ten thousand puts.
            task(task, (long) task * task << 16);
        }
        check(thrown == 2 * TASKS, thrown + " stops were thrown");
        System.out.println("rocksdb: stopped " + thrown + " times");
    }

    private static void task(int number, long granted) throws RocksDBException {
        long account = Native.open("task " + number, Native.root(), -1);
        Native.grant(account, granted);
        Boundary.handle(account, (library, mayThrow) -> {
            if (!mayThrow)
                return null;
            Native.tolerate(account, 1 << 20);
            thrown++;
            return new OutOfMemoryError("of the test");
        });
        Native.bind(account);
        for (int attempt = 0; attempt < 2; attempt++)
            check(isStopped(), "task " + number + " put everything");
        Native.unbind();
        Boundary.handle(account, null);
        Native.stopRequests(account);
        Native.settle(account);
    }

    private static boolean isStopped() throws RocksDBException {
        try (Options options = new Options().setCreateIfMissing(true); RocksDB database = RocksDB.open(options, DATABASE)) {
            byte[] key = new byte[8];
            for (int i = 0; i < 400_000; i++) {
                for (int b = 0; b < 4; b++)
                    key[b] = (byte) (i >> 8 * b);
                database.put(key, VALUE);
            }
            return false;
        } catch (OutOfMemoryError stop) {
            return "of the test".equals(stop.getMessage());
        }
    }
}
