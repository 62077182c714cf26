import java.nio.file.Path;

/** A library that maps files. */
interface MapsFiles {
    /** A file of MappedFiles.BYTES mapped by the library's own means, and MappedFiles.TOUCHED of it touched; closed, it is mapped no
     * more. Null: it maps none. */
    AutoCloseable map(Path file) throws Exception;
}
