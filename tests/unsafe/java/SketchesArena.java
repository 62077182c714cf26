import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** DataSketches Memory 6, in an Arena: made for Java 21 alone with its preview, which another version's compiler takes no notice of. */
public final class SketchesArena implements Workload {
    private final Method allocate;
    private final Method map;
    private final Method put;
    private final Method ofConfined;
    private final Method capacity;
    private AutoCloseable arena;

    public SketchesArena() throws ReflectiveOperationException {
        Class<?> arenas = Class.forName("java.lang.foreign.Arena");
        Class<?> memories = Class.forName("org.apache.datasketches.memory.WritableMemory");
        allocate = memories.getMethod("allocateDirect", long.class, arenas);
        map = memories.getMethod("writableMap", File.class, long.class, long.class, ByteOrder.class, arenas);
        put = memories.getMethod("putByte", long.class, byte.class);
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

    @Override
    public AutoCloseable map(Path file) throws Exception {
        AutoCloseable scope = (AutoCloseable) ofConfined.invoke(null);
        Object memory = map.invoke(null, file.toFile(), 0L, (long) MappedFiles.BYTES, ByteOrder.nativeOrder(), scope);
        for (long at = 0; at < MappedFiles.TOUCHED; at += MappedFiles.PAGE) {
            put.invoke(memory, at, (byte) 1);
        }
        return scope;
    }
}
