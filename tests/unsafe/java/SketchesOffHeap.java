import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.datasketches.common.MemorySegmentRequest;
import org.apache.datasketches.theta.UpdatableThetaSketch;

/** DataSketches 9, which needs Memory no more: sketches that grow off heap, in segments that it asks its user for and says when to close. */
public final class SketchesOffHeap implements Workload, MemorySegmentRequest {
    private static final int SKETCHES = 32, ENTRIES = 1 << 16;
    private final List<UpdatableThetaSketch> sketches = new ArrayList<>();
    private final Map<Long, Arena> arenas = new HashMap<>();
    private long bytes;

    /** A sketch of so many entries has 1 MB and its preamble, so that the power of two above it is 2 MB. */
    @Override
    public MemorySegment request(long least) {
        Arena arena = Arena.ofConfined();
        MemorySegment segment = arena.allocate(Long.highestOneBit(least - 1) << 1);
        arenas.put(segment.address(), arena);
        bytes += segment.byteSize();
        return segment;
    }

    @Override
    public void requestClose(MemorySegment segment) {
        bytes -= segment.byteSize();
        arenas.remove(segment.address()).close();
    }

    @Override
    public void start() {
        fill(1);
        giveBack();
    }

    private void fill(int count) {
        for (int i = 0; i < count; i++) {
            UpdatableThetaSketch sketch = UpdatableThetaSketch.builder().setNominalEntries(ENTRIES).setMemorySegmentRequest(this).build(request(1 << 12));
            sketches.add(sketch);
            for (long item = 0; item < ENTRIES; item++) {
                sketch.update(item);
            }
        }
    }

    @Override
    public long take() {
        fill(SKETCHES);
        Ledger.check(sketches.stream().allMatch(UpdatableThetaSketch::isOffHeap), "sketches lie off heap");
        return bytes;
    }

    @Override
    public void giveBack() {
        sketches.clear();
        arenas.values().forEach(Arena::close);
        arenas.clear();
        bytes = 0;
    }
}
