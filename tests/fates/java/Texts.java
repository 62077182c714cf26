import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Text that compresses as texts do; the same every time. */
final class Texts {
    private Texts() {}

    static byte[] some(int bytes) {
        Random random = new Random(42);
        StringBuilder text = new StringBuilder(bytes + 16);
        while (text.length() < bytes) {
            text.append("word").append(random.nextInt(3000)).append(random.nextInt(10) == 0 ? '\n' : ' ');
        }
        return text.substring(0, bytes).getBytes(StandardCharsets.US_ASCII);
    }
}
