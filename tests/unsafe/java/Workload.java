import io.memgrant.Account;
import java.nio.file.Path;

/** What a library that takes memory by Unsafe is put through. Sizes are such that a block is what was asked for, to the byte. */
interface Workload extends MapsFiles {
    /** Whatever it has for good: classes, pools. */
    void start() throws Exception;

    /** 64 MB of it. Returns what the library's own books have. */
    long take() throws Exception;

    /** All of that goes back. */
    void giveBack() throws Exception;

    /** What stays with the library for good, after everything was given back, at most: its pools' first chunks. */
    default long kept() {
        return 0;
    }

    /** Where the library has accounts of its own in a tree: the same tree of ours beside it, below the thread's account. What was seen. */
    default String besides(Account account) throws Exception {
        return "";
    }

    @Override
    default AutoCloseable map(Path file) throws Exception {
        return null;
    }

    /** The exception in which a denial ends for its user. */
    default Class<? extends Throwable> raises() {
        return Ledger.Denied.class;
    }
}
