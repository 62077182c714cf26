import java.util.ArrayList;
import java.util.List;
import org.apache.datasketches.memory.WritableMemory;

/** DataSketches Memory. */
public final class Sketches implements Workload {
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
    public Class<? extends Throwable> raises() {
        return RuntimeException.class;
    }
}
