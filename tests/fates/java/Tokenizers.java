import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reads a vocabulary and turns texts into the numbers of their words: Rust, with threads of its own for a batch. */
public final class Tokenizers implements Workload {
    private static final int WORDS = 3_000;
    private final Path vocabulary;
    private final String[] texts;

    public Tokenizers(Path folder) throws Exception {
        vocabulary = folder.resolve("tokenizer.json");
        String words = IntStream.range(0, WORDS).mapToObj(i -> "\"word" + i + "\":" + i).collect(Collectors.joining(","));
        Files.writeString(vocabulary, "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],\"normalizer\":null,"
                + "\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},\"post_processor\":null,\"decoder\":null,"
                + "\"model\":{\"type\":\"WordLevel\",\"vocab\":{" + words + "},\"unk_token\":\"word0\"}}");
        texts = IntStream.range(0, 64).mapToObj(text -> IntStream.range(0, 100)
                .mapToObj(i -> "word" + (text * 31 + i * 17) % WORDS).collect(Collectors.joining(" "))).toArray(String[]::new);
    }

    @Override
    public void run() throws Exception {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.builder().optTokenizerPath(vocabulary).optAddSpecialTokens(false)
                .optTruncation(false).optPadding(false).build()) {
            Encoding[] encodings = tokenizer.batchEncode(texts);
            for (int text = 0; text < texts.length; text++) {
                long[] right = Arrays.stream(texts[text].split(" ")).mapToLong(word -> Long.parseLong(word.substring(4))).toArray();
                Workload.check(Arrays.toString(right), Arrays.toString(encodings[text].getIds()), "tokens");
            }
        }
    }
}
