import java.nio.file.Path;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.MMapDirectory;

/** Lucene's MMapDirectory. */
public final class LuceneFiles implements MapsFiles {
    @Override
    public AutoCloseable map(Path file) throws Exception {
        MMapDirectory directory = new MMapDirectory(file.getParent());
        IndexInput input = directory.openInput(file.getFileName().toString(), IOContext.DEFAULT);
        for (int at = 0; at < MappedFiles.TOUCHED; at += MappedFiles.PAGE) {
            input.seek(at);
            input.readByte();
        }
        return () -> {
            input.close();
            directory.close();
        };
    }
}
