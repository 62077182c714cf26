import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.datasketches.memory.Resource;
import org.apache.datasketches.memory.WritableMemory;

/** DataSketches Memory 3, by Unsafe, and 4, by segments of the JDK's incubator. */
public final class Sketches implements Workload {
    private static final boolean BY_SEGMENTS = Stream.of(Resource.class.getMethods()).anyMatch(method -> method.getName().equals("scope"));
    private final List<WritableMemory> memories = new ArrayList<>();

    @Override
    public void start() throws Exception {
        close(WritableMemory.allocateDirect(64));
    }

    private static void close(WritableMemory memory) throws Exception {
        ((AutoCloseable) memory).close();
    }

    @Override
    public long take() {
        long bytes = 0;
        for (int i = 0; i < 64; i++) {
            memories.add(WritableMemory.allocateDirect(1 << 20));
            bytes += memories.get(i).getCapacity();
        }
        return bytes;
    }

    @Override
    public void giveBack() throws Exception {
        for (WritableMemory memory : memories) {
            close(memory);
        }
        memories.clear();
    }

    @Override
    public AutoCloseable map(Path file) throws Exception {
        if (!BY_SEGMENTS) {
            return null; // version 3 can't on Java 17 or later: it wants methods of the JDK's that are gone
        }
        WritableMemory memory = WritableMemory.writableMap(file.toFile(), 0, MappedFiles.BYTES, ByteOrder.nativeOrder());
        for (int at = 0; at < MappedFiles.TOUCHED; at += MappedFiles.PAGE) {
            memory.putByte(at, (byte) 1);
        }
        return () -> close(memory);
    }

    @Override
    public Class<? extends Throwable> raises() {
        return BY_SEGMENTS ? Ledger.Denied.class : RuntimeException.class;
    }
}
