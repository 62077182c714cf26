package io.memgrant;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBatch;

/** Leaks what users leak: streams that are not closed, an Inflater and a Deflater that are not ended, RocksDB's objects. */
final class LeaksMain {
    private static final List<Object> LEAKED = new ArrayList<>();

    private LeaksMain() { }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            System.load(System.getenv("LIB"));
            String wrong = Native.arm(arguments);
            if (wrong != null)
                throw new AssertionError(wrong);
        }
        RocksDB.loadLibrary();
        for (int i = 0; i < 50; i++) {
            ZstdOutputStream stream = new ZstdOutputStream(new ByteArrayOutputStream());
            stream.write(new byte[100_000]);
            LEAKED.add(stream);
            Inflater inflater = new Inflater();
            inflater.setInput(new byte[] {120, -100, 99, 0, 1, 0, 1});
            inflater.inflate(new byte[10]);
            LEAKED.add(inflater);
            LEAKED.add(new Deflater());
            WriteBatch batch = new WriteBatch();
            batch.put(new byte[10], new byte[200_000]);
            LEAKED.add(batch);
            LEAKED.add(new Options());
        }
        System.out.println("leaked " + LEAKED.size());
    }
}
