package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.io.IOException;
import java.util.Map;
import mgtarget.Target;

/** What children of an armed JVM inherit. Arguments: what LD_PRELOAD is for them, and settings of arm(). */
final class ChildrenMain {
    private static final String LIBRARY = "libmemgrant", OTHER = "libmgbystander";

    public static void main(String[] args) throws Exception {
        check(Armed.mapped(LIBRARY) && Armed.mapped(OTHER), "both libraries are preloaded");
        check(System.getenv("LD_PRELOAD").contains(LIBRARY), "LD_PRELOAD of this process");
        Armed.load();
        Armed.loadTarget();
        ProcessBuilder before = new ProcessBuilder("sh", "-c", "cat /proc/self/maps");
        before.environment();
        children("not armed", true, before);
        String[] settings = java.util.Arrays.copyOfRange(args, 1, args.length);
        boolean inherit = java.util.List.of(settings).contains("children=true");
        check(Native.arm(settings) == null, "armed");

        equal(args[0], System.getenv("LD_PRELOAD"), "System.getenv");
        equal(args[0], System.getenv().get("LD_PRELOAD"), "System.getenv()");
        children("armed", inherit, new ProcessBuilder("sh", "-c", "cat /proc/self/maps"));
        ProcessBuilder after = new ProcessBuilder("sh", "-c", "cat /proc/self/maps");
        after.environment().put("ANOTHER", "variable");
        children("armed, environment()", inherit, after);
        children("armed, prepared before", true, before);
        System.out.println("children: ok");
    }

    /** A child of Java's, and one of C's: does the library come along? The other preloaded library always does. */
    private static void children(String what, boolean inherit, ProcessBuilder builder) throws Exception {
        String maps = output(builder);
        check(maps.contains(OTHER), what + ": the other library is kept");
        equal(inherit, maps.contains(LIBRARY), what + ": a process of Java's inherits the library");
        if (what.startsWith("armed, prepared"))
            return;
        equal(inherit, Target.shell("grep -q " + LIBRARY + " /proc/self/maps") == 0, what + ": a process of C's inherits it");
        check(Target.shell("grep -q " + OTHER + " /proc/self/maps") == 0, what + ": C keeps the other library");
        Map<String, String> environment = System.getenv();
        String[] copied = environment.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toArray(String[]::new);
        Process process = Runtime.getRuntime().exec(new String[] {"cat", "/proc/self/maps"}, copied);
        equal(inherit, new String(process.getInputStream().readAllBytes()).contains(LIBRARY), what + ": Runtime.exec");
    }

    private static String output(ProcessBuilder builder) throws IOException {
        return new String(builder.start().getInputStream().readAllBytes());
    }
}
