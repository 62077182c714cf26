import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Direct buffers of 1 MB until there are no more, then all are dropped but ten; how many there were. */
public final class Fixed {
    private Fixed() {}

    public static void main(String[] args) {
        List<ByteBuffer> buffers = new ArrayList<>();
        try {
            while (buffers.size() < 100) {
                buffers.add(ByteBuffer.allocateDirect(1 << 20));
            }
        } catch (OutOfMemoryError denied) {
            System.out.println(denied);
        }
        System.out.println("buffers " + buffers.size());
    }
}
