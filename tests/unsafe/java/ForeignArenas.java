import java.lang.foreign.Arena;

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
}
