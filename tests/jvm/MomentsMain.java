package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.util.ArrayList;
import java.util.List;
import mgkeeper.Keeper;
import mgkeeper.Lodger;

/**
 * Tasks that are stopped at dangerous moments. Whoever is asked always says no; and yet no lock stays held, no class becomes
 * unusable, and no handle of the library stays open. Arguments: the file of the second library; {@code nested} for a library
 * whose profile says that it passes on what is thrown in its calls back.
 */
final class MomentsMain {
    private static final long MB = 1 << 20;

    private static final class Stop extends OutOfMemoryError {
        private static final long serialVersionUID = 1;
    }

    private static final Stop STOP = new Stop();
    /** At each boundary, whether it may throw. Of one task after the other. */
    private static final List<Boolean> ASKED = new ArrayList<>();

    interface Body {
        void run() throws Throwable;
    }

    public static void main(String[] args) throws Exception {
        boolean nested = args.length > 1;
        String wrong = Memgrant.start(System.getenv("LIB"), "mode=enforce", "on_denial=stop",
                "targets=libmgkeeper*" + (nested ? ",nested=yes,closers=letGo,leaves=sizeOf" : ""));
        check(wrong == null, "started: " + wrong);
        System.load(System.getenv("WORK") + "/libmgkeeper.so");
        if (nested) {
            inACallBackThatPassesItOn();
            byTheProfilesWords();
        } else {
            withLocksHeld();
            forBytesOfALibrarysThread();
            whileACriticalRegionIsOpen();
            whileAnExceptionIsPending();
            whileALibraryIsLoaded(args[0]);
            inAStaticInitialiser();
            whileSomethingIsClosed();
            inCleanersAndFinalizers();
            onAThreadThatEnds();
            whereItIsSwallowed();
            inACallBack();
            byNamesAlone();
        }
        thatNothingIsOpen("at the end");
        System.out.println("moments: ok");
    }

    private static Account open() {
        Account account = Memgrant.root().open("task of a test", Account.NO_LIMIT);
        account.grant(MB);
        account.onBoundary((library, mayThrow) -> {
            ASKED.add(mayThrow);
            return mayThrow ? STOP : null;
        });
        return account;
    }

    private static void settle(Account account) {
        check(account.endCourier(), "its courier ended");
        account.settle();
    }

    /** What was thrown by the body, the work of a task that has a megabyte; null when it came to its end. */
    private static Throwable task(Body body) throws InterruptedException {
        Account account = open();
        Throwable[] thrown = new Throwable[1];
        Thread thread = new Thread(() -> {
            account.bind();
            try {
                body.run();
            } catch (Throwable t) {
                thrown[0] = t;
            }
            Account.unbind();
        });
        thread.start();
        thread.join();
        settle(account);
        return thrown[0];
    }

    private static void isStopped(String what, Body body) throws InterruptedException {
        Throwable thrown = task(body);
        if (thrown != STOP)
            throw new AssertionError(what + ": not stopped but " + thrown, thrown);
    }

    private static void thatNothingIsOpen(String when) {
        equal(0, Keeper.openHandles(), "open handles " + when);
    }

    private static void withLocksHeld() throws InterruptedException {
        Keeper[] used = new Keeper[1];
        isStopped("with locks held", () -> {
            try (Keeper keeper = new Keeper()) {
                used[0] = keeper;
                writeOn(keeper);
            }
        });
        check(!used[0].isLocked(), "the lock is free");
        synchronized (used[0]) {
            thatNothingIsOpen("after locks were held");
        }
    }

    /** The first ones may still be part of what was begun by making the keeper. */
    private static void writeOn(Keeper keeper) {
        keeper.write(2 * MB);
        for (int i = 0; i < 20; i++)
            keeper.write(1000);
        check(false, "written to the end");
    }

    private static void forBytesOfALibrarysThread() throws InterruptedException {
        isStopped("for bytes of a thread of the library's", () -> {
            try (Keeper keeper = new Keeper()) {
                Keeper.writeOnOwnThread0(keeper.handle(), 2 * MB);
            }
        });
        thatNothingIsOpen("after bytes of a thread of the library's");
    }

    /** The JVM may not collect garbage then, and there is plenty. */
    private static void whileACriticalRegionIsOpen() throws InterruptedException {
        Thread garbage = new Thread(() -> {
            byte[][] young = new byte[64][];
            for (int i = 0; !Thread.currentThread().isInterrupted(); i++)
                young[i % young.length] = new byte[1 << 16];
        });
        garbage.start();
        byte[] bytes = new byte[(int) (2 * MB)];
        bytes[17] = 5;
        for (int round = 0; round < 50; round++)
            isStopped("in a critical region", () -> {
                try (Keeper keeper = new Keeper()) {
                    equal(5, Keeper.writeCritical0(keeper.handle(), bytes), "sum");
                }
            });
        garbage.interrupt();
        garbage.join();
        System.gc();
        thatNothingIsOpen("after critical regions");
    }

    private static void whileAnExceptionIsPending() throws InterruptedException {
        IllegalStateException own = new IllegalStateException("the library's own");
        List<Throwable> seen = new ArrayList<>();
        isStopped("after an exception of the library's own", () -> {
            try (Keeper keeper = new Keeper()) {
                try {
                    Keeper.writeAndFail0(keeper.handle(), 2 * MB, own);
                } catch (Throwable t) {
                    seen.add(t);
                }
                Keeper.flush0(keeper.handle());
            }
        });
        equal(List.of(own), seen, "the library's own exception comes first");
        thatNothingIsOpen("after a pending exception");
    }

    /** Its constructor takes memory inside dlopen, and its JNI_OnLoad calls Java, which calls the first library. */
    private static void whileALibraryIsLoaded(String file) throws InterruptedException {
        boolean[] loaded = new boolean[1];
        isStopped("after a library was loaded", () -> {
            System.load(file);
            loaded[0] = true;
            Lodger.hasMemory();
        });
        check(loaded[0], "the library was loaded");
        check(Lodger.hasMemory(), "and can be used");
        Lodger.keeper().close();
        thatNothingIsOpen("after a library was loaded");
    }

    private static final class Table {
        static final Keeper KEEPER = new Keeper();

        static {
            KEEPER.write(2 * MB);
            check(Keeper.flush0(KEEPER.handle()) == 1, "flushed");
        }
    }

    private static void inAStaticInitialiser() throws InterruptedException {
        isStopped("after a static initialiser", () -> Keeper.flush0(Table.KEEPER.handle()));
        Table.KEEPER.close();
        thatNothingIsOpen("after a static initialiser");
    }

    private static void whileSomethingIsClosed() throws InterruptedException {
        boolean[] closed = new boolean[1];
        isStopped("after something was closed", () -> {
            Keeper keeper = new Keeper();
            try {
                writeOn(keeper);
            } finally {
                keeper.close();
                closed[0] = true;
            }
        });
        check(closed[0], "close() came to its end");
        thatNothingIsOpen("after something was closed");
    }

    /** On the task's own thread, where somebody may be stopped, and on the JDK's, where nobody may. */
    private static void inCleanersAndFinalizers() throws InterruptedException {
        boolean[] cleaned = new boolean[1];
        isStopped("after a Cleaner's work", () -> {
            new Keeper.Cleaned(2 * MB).close();
            cleaned[0] = true;
            Keeper.flush0(0);
        });
        check(cleaned[0], "the Cleaner's work came to its end");
        thatNothingIsOpen("after a Cleaner's work");
        isStopped("with something left to Cleaner and finalizer", () -> {
            new Keeper.Cleaned(MB);
            new Keeper.Finalized();
            Keeper keeper = new Keeper();
            try (keeper) {
                writeOn(keeper);
            }
        });
        while (Keeper.openHandles() > 0)
            collect();
    }

    @SuppressWarnings({"deprecation", "removal"})
    private static void collect() {
        System.gc();
        System.runFinalization();
    }

    /** It is not unbound: the library's bytes come when the JVM has left the thread already. */
    private static void onAThreadThatEnds() throws InterruptedException {
        Account account = open();
        List<Throwable> uncaught = new ArrayList<>();
        Keeper keeper = new Keeper();
        Thread thread = new Thread(() -> {
            account.bind();
            equal(0, Keeper.writeAtThreadsEnd0(keeper.handle(), 2 * MB), "result");
            Keeper.write0(keeper.handle(), 2 * MB);
        });
        thread.setUncaughtExceptionHandler((ended, t) -> uncaught.add(t));
        thread.start();
        thread.join();
        equal(List.of(STOP), uncaught, "what ended the thread");
        settle(account);
        keeper.close();
        thatNothingIsOpen("after a thread ended");
    }

    private static void whereItIsSwallowed() throws InterruptedException {
        int[] stopped = new int[1];
        Throwable thrown = task(() -> {
            try (Keeper keeper = new Keeper()) {
                for (int i = 0; i < 30; i++) {
                    try {
                        keeper.write(MB);
                    } catch (Throwable t) {
                        stopped[0] += t == STOP ? 1 : 0;
                    }
                }
                check(!keeper.isLocked(), "the lock is free each time");
            }
        });
        check(thrown == null && stopped[0] >= 10, "stopped " + stopped[0] + " times, in the end " + thrown);
        thatNothingIsOpen("after the stop was swallowed");
    }

    private static void inACallBack() throws InterruptedException {
        Keeper keeper = new Keeper();
        boolean[] came = new boolean[1];
        isStopped("after a call back", () -> {
            keeper.write(MB / 2);
            Keeper.callBack0(keeper.handle(), () -> {
                Keeper.write0(keeper.handle(), 2 * MB);
                came[0] = true;
            });
        });
        check(came[0], "the call back came to its end");
        check(!Keeper.isLocked0(keeper.handle()), "the library's own lock is free");
        keeper.close();
        thatNothingIsOpen("after a call back");
    }

    private static void inACallBackThatPassesItOn() throws InterruptedException {
        Keeper keeper = new Keeper();
        boolean[] came = new boolean[1];
        isStopped("in a call back", () -> Keeper.callBack0(keeper.handle(), () -> {
            Keeper.write0(keeper.handle(), 2 * MB);
            came[0] = true;
        }));
        check(!came[0], "the call back was left at once");
        check(!Keeper.isLocked0(keeper.handle()), "the library's own lock is free");
        keeper.close();
        thatNothingIsOpen("after a call back that passes it on");
    }

    /** By its name letGo is no closer, and a long is a handle. */
    private static void byNamesAlone() throws InterruptedException {
        boolean[] came = new boolean[1];
        isStopped("at the end of letGo", () -> {
            Keeper.letGo(Keeper.openWith0(2 * MB));
            came[0] = true;
        });
        check(!came[0], "letGo is left at its end");
        thatNothingIsOpen("after something was let go");
        equal(List.of(true), askedBySizeOf(), "asked by sizeOf, may throw: at its begin");
    }

    private static void byTheProfilesWords() throws InterruptedException {
        boolean[] came = new boolean[1];
        isStopped("after letGo", () -> {
            Keeper.letGo(Keeper.openWith0(2 * MB));
            came[0] = true;
            Keeper.free0(Keeper.openWith0(4 * MB));
            Keeper.flush0(0);
        });
        check(came[0], "letGo is not left");
        thatNothingIsOpen("after something was let go");
        equal(List.of(false, true), askedBySizeOf(), "asked by sizeOf, may throw: at its end");
    }

    private static List<Boolean> askedBySizeOf() throws InterruptedException {
        List<Boolean> asked = new ArrayList<>();
        isStopped("at sizeOf", () -> {
            long handle = Keeper.openWith0(2 * MB);
            ASKED.clear();
            try {
                Keeper.sizeOf(handle);
            } finally {
                asked.addAll(ASKED);
                Keeper.free0(handle);
            }
        });
        return asked;
    }
}
