import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;

/** Arrow's RootAllocator and a child of it, above whichever of its two allocators is on the class path. */
public final class Arrow implements Workload {
    private final List<ArrowBuf> buffers = new ArrayList<>();
    private BufferAllocator root, child;

    @Override
    public void start() {
        root = new RootAllocator();
        root.buffer(1 << 20).close();
    }

    @Override
    public long take() {
        child = root.newChildAllocator("a task's", 0, Long.MAX_VALUE);
        for (int i = 0; i < 8; i++) {
            buffers.add(child.buffer(8 << 20)); // 8 MB pass by Netty's chunks of 4
        }
        return child.getAllocatedMemory();
    }

    @Override
    public void giveBack() {
        buffers.forEach(ArrowBuf::close);
        buffers.clear();
        child.close(); // throws where anything is left
    }
}
