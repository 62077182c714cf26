import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** A job that uses nobody's native library but the JDK's own: collections, threads, compression. */
final class Nothing {
    private static final int ROUNDS = 60;

    public static void main(String[] args) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        List<Future<Integer>> sums = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            int seed = round;
            sums.add(threads.submit(() -> compressed(text(seed))));
        }
        int sum = 0;
        for (Future<Integer> part : sums)
            sum += part.get();
        threads.shutdown();
        if (sum < ROUNDS * 1000)
            throw new AssertionError("compressed to " + sum);
    }

    private static String text(int seed) {
        Map<Integer, List<String>> groups = new HashMap<>();
        for (int i = 0; i < 20_000; i++)
            groups.computeIfAbsent((i * 31 + seed) % 997, key -> new ArrayList<>()).add("word " + i * 7919 % 65537);
        StringBuilder text = new StringBuilder();
        groups.forEach((key, words) -> text.append(key).append(": ").append(String.join(", ", words)).append('\n'));
        return text.toString();
    }

    /** Compresses and expands it; the compressed size. */
    private static int compressed(String text) throws Exception {
        byte[] bytes = text.getBytes();
        byte[] small = new byte[bytes.length];
        Deflater deflater = new Deflater();
        deflater.setInput(bytes);
        deflater.finish();
        int length = deflater.deflate(small);
        deflater.end();
        byte[] back = new byte[bytes.length];
        Inflater inflater = new Inflater();
        inflater.setInput(small, 0, length);
        int expanded = inflater.inflate(back);
        inflater.end();
        if (expanded != bytes.length || !java.util.Arrays.equals(bytes, back))
            throw new AssertionError("not what was compressed");
        return length;
    }
}
