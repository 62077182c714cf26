import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/** DataSketches Memory 6, in an Arena: made for Java 21 alone with its preview, which another version's compiler takes no notice of. */
public final class SketchesArena implements Workload {
    private final Method allocate;
    private final Method ofConfined;
    private final Method capacity;
    private AutoCloseable arena;

    public SketchesArena() throws ReflectiveOperationException {
        Class<?> arenas = Class.forName("java.lang.foreign.Arena");
        Class<?> memories = Class.forName("org.apache.datasketches.memory.WritableMemory");
        allocate = memories.getMethod("allocateDirect", long.class, arenas);
        capacity = memories.getMethod("getCapacity");
        ofConfined = arenas.getMethod("ofConfined");
    }

    private long allocate(long bytes) throws ReflectiveOperationException {
        try {
            return (long) capacity.invoke(allocate.invoke(null, bytes, arena));
        } catch (InvocationTargetException raised) {
            if (raised.getCause() instanceof Error denied) {
                throw denied;
            }
            throw raised;
        }
    }

    @Override
    public void start() throws Exception {
        arena = (AutoCloseable) ofConfined.invoke(null);
        allocate(64);
        giveBack();
    }

    @Override
    public long take() throws Exception {
        arena = (AutoCloseable) ofConfined.invoke(null);
        long bytes = 0;
        for (int i = 0; i < 512; i++) {
            // Aligned to more than malloc does, a block is asked for with room to spare.
            bytes += allocate(128 << 10);
        }
        return bytes;
    }

    @Override
    public void giveBack() throws Exception {
        arena.close();
    }
}
