import java.util.ArrayList;
import java.util.List;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBatch;

/** Write batches of RocksDB's that nobody closes, of 60 to 100 KB, and others that are closed: what stays is said, without what std::string adds to it. */
final class Batches {
    private static final List<WriteBatch> KEPT = new ArrayList<>();

    public static void main(String[] words) throws Exception {
        RocksDB.loadLibrary();
        long bytes = 0;
        int random = 1;
        for (int i = 0; i < 10_000; i++) {
            random = random * 1103515245 + 12345;
            WriteBatch batch = new WriteBatch();
            batch.put(new byte[] {1}, new byte[60_000 + (random >>> 8) % 40_000]);
            if (i % 8 == 0) {
                KEPT.add(batch);
                bytes += batch.getDataSize();
            } else {
                batch.close();
            }
        }
        System.out.println(bytes);
    }
}
