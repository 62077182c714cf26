import java.util.ArrayList;
import java.util.List;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.memory.MemoryAllocator;
import org.apache.spark.unsafe.memory.MemoryBlock;

/** Spark's Platform, as libraries for Spark use it; and Spark's own pages, which it has paid for, and which are nobody's here. */
public final class SparkPlatform implements Workload {
    private final List<Long> blocks = new ArrayList<>();
    private final List<MemoryBlock> pages = new ArrayList<>();

    @Override
    public void start() {
        Platform.freeMemory(Platform.allocateMemory(16));
    }

    @Override
    public long take() {
        for (int i = 0; i < 64; i++) {
            pages.add(MemoryAllocator.UNSAFE.allocate(1 << 20));
            blocks.add(Platform.allocateMemory(512 << 10));
            long grows = Platform.allocateMemory(64 << 10);
            blocks.add(grows);
            blocks.set(blocks.size() - 1, Platform.reallocateMemory(grows, 64 << 10, 512 << 10));
        }
        return 64L << 20;
    }

    @Override
    public void giveBack() {
        pages.forEach(MemoryAllocator.UNSAFE::free);
        pages.clear();
        blocks.forEach(Platform::freeMemory);
        blocks.clear();
    }
}
