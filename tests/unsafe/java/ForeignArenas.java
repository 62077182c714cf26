import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Arenas of java.lang.foreign, confined and shared. */
public final class ForeignArenas implements Workload {
    private Arena confined, shared;

    @Override
    public void start() {
        Arena.ofConfined().close();
    }

    @Override
    public long take() {
        confined = Arena.ofConfined();
        shared = Arena.ofShared();
        long bytes = 0;
        for (int i = 0; i < 256; i++) {
            // Aligned to more than malloc does, a block is asked for with room to spare.
            bytes += confined.allocate(128 << 10, 16).byteSize() + shared.allocate(128 << 10, 16).byteSize();
        }
        return bytes;
    }

    @Override
    public void giveBack() {
        confined.close();
        shared.close();
    }

    @Override
    public AutoCloseable map(Path file) throws IOException {
        Arena arena = Arena.ofShared();
        MemorySegment mapped;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, MappedFiles.BYTES, arena);
        }
        for (int at = 0; at < MappedFiles.TOUCHED; at += MappedFiles.PAGE) {
            mapped.set(ValueLayout.JAVA_BYTE, at, (byte) 1);
        }
        return arena::close;
    }
}
