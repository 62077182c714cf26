import io.netty.buffer.DrillBuf;
import java.util.ArrayList;
import java.util.List;
import org.apache.drill.exec.memory.BufferAllocator;
import org.apache.drill.exec.memory.RootAllocator;

/** Drill's value vectors' allocator. */
public final class Drill implements Workload {
    private final List<DrillBuf> buffers = new ArrayList<>();
    private BufferAllocator root, child;

    @Override
    public void start() {
        root = new RootAllocator(1L << 40);
        root.buffer(1 << 20).release();
    }

    @Override
    public long take() {
        child = root.newChildAllocator("a task's", 0, Long.MAX_VALUE);
        for (int i = 0; i < 2; i++) {
            buffers.add(child.buffer(32 << 20)); // above its chunks of 16 MB
        }
        return child.getAllocatedMemory();
    }

    @Override
    public void giveBack() {
        buffers.forEach(DrillBuf::release);
        buffers.clear();
        child.close();
    }

    @Override
    public long kept() {
        return 16 * Ledger.MB;
    }

    @Override
    public Class<? extends Throwable> raises() {
        return org.apache.drill.exec.exception.OutOfMemoryException.class;
    }
}
