import io.memgrant.Account;
import io.memgrant.Memgrant;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the report shows of files that a library maps, and that nobody is charged for them. */
final class MappedFiles {
    static final int BYTES = 16 << 20, TOUCHED = 4 << 20, PAGE = 4 << 10;
    private static final Pattern SHOWN = Pattern.compile("\"mapped_files\":\\{\"mappings\":(\\d+),\"bytes\":(\\d+),\"resident_bytes\":(\\d+)\\}");
    private final long mappings, bytes, resident;

    private MappedFiles() {
        Matcher shown = SHOWN.matcher(Memgrant.report());
        Ledger.check(shown.find(), "the report shows mapped files");
        mappings = Long.parseLong(shown.group(1));
        bytes = Long.parseLong(shown.group(2));
        resident = Long.parseLong(shown.group(3));
    }

    /** To be made before anything is counted: the JDK's writers keep direct buffers. */
    static Path fileIn(Path folder) throws IOException {
        Path path = Files.createTempFile(folder, "mapped", ".data");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(BYTES);
        }
        path.toFile().deleteOnExit();
        return path;
    }

    /** `MappedFiles LIBRARY OURS FOLDER`: of a library that does nothing else. */
    public static void main(String[] args) throws Exception {
        Path file = fileIn(Path.of(args[2]));
        String wrong = Memgrant.start(args[1], "mode=enforce", "targets=java:*");
        Ledger.check(wrong == null, wrong);
        Account account = Memgrant.root().open("task of a test", Account.NO_LIMIT);
        account.bind();
        String mapped = check((MapsFiles) Class.forName(args[0]).getDeclaredConstructor().newInstance(), file, account);
        Account.unbind();
        account.endCourier();
        account.settle();
        System.out.println(args[0] + ": ok" + mapped);
        System.exit(0);
    }

    /** By a thread of that account. What was seen, or nothing where this library maps no files. */
    static String check(MapsFiles library, Path file, Account account) throws Exception {
        MappedFiles before = new MappedFiles();
        long used = account.used();
        AutoCloseable mapped = library.map(file);
        if (mapped == null) {
            return "";
        }
        long charged = account.used() - used;
        MappedFiles during = new MappedFiles();
        mapped.close();
        MappedFiles after = new MappedFiles();
        Ledger.check(before.mappings == 0 && after.mappings == 0 && after.bytes == 0, "there are none before and afterwards");
        Ledger.check(during.mappings == 1 && during.bytes == BYTES, "the file is shown: " + during.mappings + ", " + during.bytes + " bytes");
        // How much around a page that is read the kernel has mapped at once is its own affair.
        Ledger.check(during.resident > 0 && during.resident < BYTES, "what was touched is resident: " + during.resident + " bytes");
        Ledger.check(charged == 0, "nobody is charged: " + charged + " bytes");
        return ", maps " + during.bytes + " bytes, " + during.resident + " resident, " + charged + " charged";
    }
}
