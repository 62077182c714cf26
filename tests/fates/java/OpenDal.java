import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.apache.opendal.Operator;

/** Writes files and reads them back, by Rust and its runtime's threads. */
public final class OpenDal implements Workload {
    private final byte[] data = Texts.some(1 << 20);
    private final String folder;

    public OpenDal(Path folder) {
        this.folder = folder.resolve("files").toString();
    }

    @Override
    public void run() throws Exception {
        try (Operator files = Operator.of("fs", Map.of("root", folder))) {
            for (int i = 0; i < 5; i++) {
                files.write("file" + i, data);
                Workload.check(true, Arrays.equals(data, files.read("file" + i)), "read back");
                files.delete("file" + i);
            }
        }
    }
}
