import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** ByteBuffer.allocateDirect and FileChannel.map, given back by sun.misc.Unsafe.invokeCleaner. */
public final class DirectBuffers implements Workload {
    private final List<ByteBuffer> buffers = new ArrayList<>();
    private Object unsafe;
    private Method clean;

    @Override
    public void start() throws Exception {
        Class<?> type = Class.forName("sun.misc.Unsafe");
        Field field = type.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        unsafe = field.get(null);
        clean = type.getMethod("invokeCleaner", ByteBuffer.class);
    }

    @Override
    public long take() {
        long bytes = 0;
        for (int i = 0; i < 1024; i++) {
            buffers.add(ByteBuffer.allocateDirect(64 << 10));
            bytes += buffers.get(i).capacity();
        }
        return bytes;
    }

    @Override
    public void giveBack() throws Exception {
        for (ByteBuffer buffer : buffers) {
            clean.invoke(unsafe, buffer);
        }
        buffers.clear();
    }

    @Override
    public AutoCloseable map(Path file) throws IOException {
        MappedByteBuffer mapped;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, MappedFiles.BYTES);
        }
        for (int at = 0; at < MappedFiles.TOUCHED; at += MappedFiles.PAGE) {
            mapped.put(at, (byte) 1);
        }
        return () -> clean.invoke(unsafe, mapped);
    }
}
