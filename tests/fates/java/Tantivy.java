import io.indextables.tantivy4java.core.Document;
import io.indextables.tantivy4java.core.Index;
import io.indextables.tantivy4java.core.IndexWriter;
import io.indextables.tantivy4java.core.Schema;
import io.indextables.tantivy4java.core.SchemaBuilder;
import io.indextables.tantivy4java.core.Searcher;
import io.indextables.tantivy4java.query.Query;
import io.indextables.tantivy4java.result.SearchResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Makes an index of texts in two segments and searches it, by words, phrases and numbers: Rust, with threads that index and merge. */
public final class Tantivy implements Workload {
    private static final int TEXTS = 1_000;
    private static final int WORDS = 50;
    private final Path folder;

    public Tantivy(Path folder) {
        this.folder = folder.resolve("index");
    }

    @Override
    public void run() throws Exception {
        clear();
        try (SchemaBuilder fields = new SchemaBuilder()) {
            fields.addTextField("text", true, false, "default", "position").addIntegerField("number", true, true, true);
            try (Schema schema = fields.build(); Index index = new Index(schema, folder.toString(), false)) {
                try (IndexWriter writer = index.writer(30 << 20, 2)) {
                    add(writer, 0, TEXTS / 2);
                    add(writer, TEXTS / 2, TEXTS);
                    writer.waitMergingThreads();
                }
                index.reload();
                search(schema, index);
            }
        }
    }

    private static void add(IndexWriter writer, int first, int end) {
        for (int i = first; i < end; i++) {
            try (Document document = new Document()) {
                document.addText("text", "a text with word" + i % WORDS + " and then word" + (i + 1) % WORDS);
                document.addInteger("number", i);
                writer.addDocument(document);
            }
        }
        writer.commit();
    }

    private static void search(Schema schema, Index index) throws Exception {
        try (Searcher searcher = index.searcher()) {
            Workload.check(TEXTS, searcher.getNumDocs(), "texts");
            Workload.check(those(i -> i % WORDS == 7 || i % WORDS == 6), found(searcher, Query.termQuery(schema, "text", "word7")), "texts with a word");
            Workload.check(those(i -> i % WORDS == 7), found(searcher, Query.phraseQuery(schema, "text", List.of("with", "word7"))),
                    "texts with a phrase");
            Workload.check(those(i -> i % WORDS >= 39 && i % WORDS <= 49 || i % WORDS == 38),
                    found(searcher, Query.regexQuery(schema, "text", "word(39|4[0-9])")), "texts with such words");
        }
    }

    private static String found(Searcher searcher, Query query) {
        TreeSet<Integer> numbers = new TreeSet<>();
        try (query; SearchResult result = searcher.search(query, TEXTS)) {
            for (SearchResult.Hit hit : result.getHits()) {
                try (Document document = searcher.doc(hit.getDocAddress())) {
                    numbers.add(((Number) document.getFirst("number")).intValue());
                }
            }
        }
        return numbers.toString();
    }

    private static String those(IntPredicate chosen) {
        return IntStream.range(0, TEXTS).filter(chosen).boxed().collect(Collectors.toList()).toString();
    }

    /** What a task that was stopped has left; there is a folder afterwards. */
    private void clear() throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
        Files.createDirectories(folder);
    }
}
