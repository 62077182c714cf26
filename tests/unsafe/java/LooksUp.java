import io.memgrant.Memgrant;
import java.util.Optional;

/** Looks libc's malloc up as those do who call it from Java: `LooksUp [LIBRARY]`, in a JVM that is armed before with the library. */
public final class LooksUp {
    private LooksUp() {}

    public static void main(String[] args) throws ReflectiveOperationException {
        String wrong = args.length > 0 ? Memgrant.start(args[0], "mode=observe", "targets=java:*") : null;
        if (wrong != null) {
            throw new AssertionError(wrong);
        }
        Optional<?> found;
        if (Runtime.version().feature() < 18) {
            Object libraries = Class.forName("jdk.incubator.foreign.CLinker").getMethod("systemLookup").invoke(null);
            found = (Optional<?>) Class.forName("jdk.incubator.foreign.SymbolLookup").getMethod("lookup", String.class).invoke(libraries, "malloc");
        } else {
            Object linker = Class.forName("java.lang.foreign.Linker").getMethod("nativeLinker").invoke(null);
            Object libraries = Class.forName("java.lang.foreign.Linker").getMethod("defaultLookup").invoke(linker);
            found = (Optional<?>) Class.forName("java.lang.foreign.SymbolLookup").getMethod("find", String.class).invoke(libraries, "malloc");
        }
        System.out.println("found " + found.isPresent());
    }
}
