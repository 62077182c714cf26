import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/** One buffer of Netty's, by the way that the JVM's options leave it. */
public final class Bypass {
    private Bypass() {}

    public static void main(String[] args) {
        ByteBuf buffer = new PooledByteBufAllocator(true, 0, 1, 8192, 9).directBuffer(8 << 20);
        System.out.println("capacity " + buffer.capacity());
    }
}
