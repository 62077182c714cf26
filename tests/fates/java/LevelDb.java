import java.io.File;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.fusesource.leveldbjni.JniDBFactory;
import org.iq80.leveldb.DB;
import org.iq80.leveldb.DBIterator;
import org.iq80.leveldb.Options;

/** As Spark's history server and shuffle service use it: writes more than its buffer holds, and reads it back. */
public final class LevelDb implements Workload {
    private static final int ENTRIES = 3_000;
    private final File folder;

    public LevelDb(Path folder) {
        this.folder = folder.resolve("leveldb").toFile();
    }

    @Override
    public void run() throws Exception {
        Options options = new Options().createIfMissing(true).writeBufferSize(128 << 10);
        JniDBFactory.factory.destroy(folder, options);
        try (DB database = JniDBFactory.factory.open(folder, options)) {
            for (int i = 0; i < ENTRIES; i++) {
                database.put(ByteBuffer.allocate(8).putLong(i).array(), ByteBuffer.allocate(200).putLong(3L * i).array());
            }
            long sum = 0;
            try (DBIterator entries = database.iterator()) {
                for (entries.seekToFirst(); entries.hasNext(); ) {
                    Map.Entry<byte[], byte[]> entry = entries.next();
                    sum += ByteBuffer.wrap(entry.getValue()).getLong();
                }
            }
            Workload.check(3L * ENTRIES * (ENTRIES - 1) / 2, sum, "sum of values");
        }
    }
}
