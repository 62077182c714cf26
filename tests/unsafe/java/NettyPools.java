import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;

/** Netty's allocators: pooled, unpooled and, where there is one, adaptive; the property `allocator` says which. */
public final class NettyPools implements Workload {
    private static final String KIND = System.getProperty("allocator");
    private final List<ByteBuf> buffers = new ArrayList<>();
    private ByteBufAllocator allocator;

    @Override
    public void start() throws Exception {
        switch (KIND) {
            case "pooled" -> allocator = new PooledByteBufAllocator(true, 0, 1, 8192, 9);
            case "unpooled" -> allocator = new UnpooledByteBufAllocator(true);
            default -> allocator = (ByteBufAllocator) Class.forName("io.netty.buffer.AdaptiveByteBufAllocator")
                    .getDeclaredConstructor(boolean.class).newInstance(true);
        }
    }

    @Override
    public long take() {
        long bytes = 0;
        for (int i = 0; i < 32; i++) {
            buffers.add(allocator.directBuffer(2 << 20, 2 << 20));
            bytes += buffers.get(i).capacity();
        }
        return bytes;
    }

    @Override
    public void giveBack() {
        buffers.forEach(ByteBuf::release);
        buffers.clear();
    }

    @Override
    public long kept() {
        return KIND.equals("unpooled") ? 0 : 16 * Ledger.MB;
    }
}
