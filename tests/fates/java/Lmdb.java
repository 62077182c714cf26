import static java.nio.ByteBuffer.allocateDirect;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lmdbjava.CursorIterable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Txn;

/** Writes entries in transactions and reads them back in order. */
public final class Lmdb implements Workload {
    private static final int ENTRIES = 2_000;
    private final Path file;

    public Lmdb(Path folder) {
        file = folder.resolve("database.mdb");
    }

    @Override
    public void run() throws Exception {
        Files.deleteIfExists(file);
        Files.deleteIfExists(Path.of(file + "-lock"));
        try (Env<ByteBuffer> env = Env.create().setMapSize(16 << 20).setMaxDbs(1).open(file.toFile(), EnvFlags.MDB_NOSUBDIR)) {
            Dbi<ByteBuffer> database = env.openDbi("entries", DbiFlags.MDB_CREATE);
            ByteBuffer key = allocateDirect(4);
            ByteBuffer value = allocateDirect(200);
            for (int i = 0; i < ENTRIES; ) {
                try (Txn<ByteBuffer> transaction = env.txnWrite()) {
                    for (int end = i + 500; i < end; i++) {
                        key.clear().putInt(i).flip();
                        value.clear().putInt(i * 3).position(200).flip();
                        database.put(transaction, key, value);
                    }
                    transaction.commit();
                }
            }
            long sum = 0;
            try (Txn<ByteBuffer> transaction = env.txnRead(); CursorIterable<ByteBuffer> all = database.iterate(transaction)) {
                for (CursorIterable.KeyVal<ByteBuffer> entry : all) {
                    sum += entry.val().getInt(0);
                }
            }
            Workload.check(3L * ENTRIES * (ENTRIES - 1) / 2, sum, "sum of values");
        }
    }
}
