import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Direct buffers until there are no more, or a hundred megabytes; how many there were. The property `bytes` is their size;
 * with `again` the JVM's natives are registered once more before, as profilers do. */
public final class Fixed {
    private Fixed() {}

    public static void main(String[] args) throws ReflectiveOperationException {
        if (System.getProperty("again") != null) {
            java.lang.reflect.Method register = Class.forName("jdk.internal.misc.Unsafe").getDeclaredMethod("registerNatives");
            register.setAccessible(true);
            register.invoke(null);
        }
        List<ByteBuffer> buffers = new ArrayList<>();
        int bytes = Integer.getInteger("bytes", 1 << 20);
        try {
            while (buffers.size() < (100 << 20) / bytes) {
                buffers.add(ByteBuffer.allocateDirect(bytes));
            }
        } catch (OutOfMemoryError denied) {
            System.out.println(denied);
        }
        System.out.println("buffers " + buffers.size());
    }
}
