import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Maps 16 MB of a file twice, the second time for itself alone, and touches 4 MB each; and ends so. */
public final class Mapped {
    private static MappedByteBuffer mapped, ofItsOwn;

    private Mapped() {}

    public static void main(String[] args) throws IOException {
        Path path = Files.createTempFile(Path.of(args[0]), "mapped", null);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 16 << 20);
            ofItsOwn = channel.map(FileChannel.MapMode.PRIVATE, 0, 16 << 20);
            for (int at = 0; at < 4 << 20; at += 4096) {
                mapped.put(at, (byte) 1);
                ofItsOwn.put(at, (byte) 2);
            }
        }
        System.out.println("buffers " + mapped.get(0) + ", " + ofItsOwn.get(0));
    }
}
