package io.memgrant;

import static io.memgrant.Armed.check;

/** A file that was not preloaded is given to System.load; then, if an argument says so, the one that was. */
final class CopyMain {
    public static void main(String[] args) throws Exception {
        try {
            System.load(args[0]);
            check(false, "a copy was loaded");
        } catch (UnsatisfiedLinkError e) {
            System.out.println(e.getMessage());
        }
        if (args.length > 1) {
            Armed.arm(Armed.ENFORCING);
            check(Native.root() != 0, "the preloaded one works");
        }
    }
}
