package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import mgtarget.Target;

/** The rule of where a boundary asks, and where it throws. */
final class BoundariesMain {
    private static final class Stop extends OutOfMemoryError {
        private static final long serialVersionUID = 1;
    }

    /** One question: what the boundary said of itself. */
    private record Asked(String library, boolean mayThrow) {}

    private static final Stop STOP = new Stop();
    private static final List<Asked> ASKED = new ArrayList<>();
    private static Function<Asked, Throwable> answer = a -> null;
    private static long account;

    private static Throwable reached(String library, boolean mayThrow) {
        Asked now = new Asked(library, mayThrow);
        ASKED.add(now);
        return answer.apply(now);
    }

    public static void main(String[] args) throws Exception {
        Armed.arm(Armed.ENFORCING);
        Armed.loadTarget();
        withinTheGrantNobodyIsAsked();
        account = Armed.overdrawn();
        Boundary.handle(account, BoundariesMain::reached);
        valuesAreLeftAtTheirEnd();
        handlesAreNotBegun();
        closersAreLeftAlone();
        staticInitialisersAndLoadersAreLeftAlone();
        onlyTheOutermostCallThrows();
        whatALibraryHasHalfMadeIsFinished();
        whatWasGivenEarlierIsFinishedToo();
        anExceptionOfTheLibraryStays();
        resultsSurviveTheQuestion();
        theQuestionMayCallTargets();
        aFailingQuestionIsNoFailure();
        depthIsRightAfterExceptions();
        theStackMayBeDeep();
        otherThreadsAreNotAsked();
        aToleratedAccountIsNotAsked();
        equal(0L, Target.directly(), "natives called without a thunk");
        Native.unbind();
        System.out.println("boundaries: ok");
    }

    interface Body {
        void run() throws Throwable;
    }

    /** What the body threw, or null. Whoever is asked answers STOP. */
    private static Throwable stopped(Body body) {
        ASKED.clear();
        answer = a -> STOP;
        try {
            body.run();
            return null;
        } catch (Throwable t) {
            return t;
        } finally {
            answer = a -> null;
        }
    }

    private static void askedWith(String what, Boolean... mayThrow) {
        List<Boolean> got = new ArrayList<>();
        for (Asked asked : ASKED) {
            check(asked.library().startsWith("libmgtarget"), what + ": library " + asked.library());
            got.add(asked.mayThrow());
        }
        equal(List.of(mayThrow), got, what + ": asked, may throw");
    }

    private static void withinTheGrantNobodyIsAsked() {
        long granted = Native.open("granted", Native.root(), -1);
        Boundary.handle(granted, BoundariesMain::reached);
        Native.grant(granted, 64 << 20);
        Native.bind(granted);
        check(stopped(() -> Target.put(1 << 20)) == null, "stopped within the grant");
        equal(List.of(), ASKED, "asked within the grant");
        Native.unbind();
    }

    private static void valuesAreLeftAtTheirEnd() {
        List<Body> values = List.of(Target::nothing, () -> Target.truth(true), () -> Target.octet((byte) 1),
                () -> Target.character('a'), () -> Target.brief((short) 1), Target::i0, () -> Target.single(1),
                () -> Target.twice(1), Target::text, () -> Target.bytes(1));
        for (int i = 0; i < values.size(); i++) {
            long before = Target.byThunk() + 0;
            Body value = values.get(i);
            check(stopped(() -> { ASKED.clear(); value.run(); }) == STOP, "value " + i + " is left by the answer");
            askedWith("value " + i, false, true);
            check(Target.byThunk() > before, "value " + i + " was called");
        }
    }

    private static void handlesAreNotBegun() {
        List<Body> handles = List.of(() -> Target.handle(1), () -> Target.take(1), () -> Target.object(STOP), Target::list,
                () -> Target.l14(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
        for (int i = 0; i < handles.size(); i++) {
            long[] before = new long[1];
            Body handle = handles.get(i);
            check(stopped(() -> { before[0] = noted(); handle.run(); }) == STOP, "handle " + i + " throws");
            equal(before[0], noted(), "handle " + i + " was not begun");
            askedWith("handle " + i, true);
            ASKED.clear();
            try {
                handle.run();
            } catch (Throwable t) {
                throw new AssertionError("handle " + i, t);
            }
            askedWith("handle that goes on " + i, true, false);
        }
    }

    /** byThunk() is itself a method with a handle for its result: nobody answers here. */
    private static long noted() {
        Function<Asked, Throwable> before = answer;
        List<Asked> asked = List.copyOf(ASKED);
        answer = a -> null;
        long noted = Target.byThunk();
        answer = before;
        ASKED.clear();
        ASKED.addAll(asked);
        return noted;
    }

    private static void closersAreLeftAlone() {
        long block = Target.take(100);
        check(stopped(() -> Target.release0(block)) == null, "release0 returns");
        check(stopped(Target::target_close_all) == null, "target_close_all returns");
        check(stopped(() -> Target.delete_handle(block)) == null, "delete_handle returns");
        equal(List.of(), ASKED, "asked in a closer");
        check(stopped(() -> Target.deleteKey(block, new byte[1])) == STOP, "deleteKey writes");
        check(stopped(Target::isClosed) == STOP, "isClosed only looks like one");
    }

    private static final class Initialised {
        static final int VALUE = Target.initialise(5);
    }

    private static void staticInitialisersAndLoadersAreLeftAlone() {
        check(stopped(() -> equal(5, Initialised.VALUE, "static value")) == null, "a static initialiser ends");
        equal(List.of(), ASKED, "asked in a static initialiser");
        equal(5, Initialised.VALUE, "the class is usable");
        check(stopped(() -> Target.initialise(6)) == STOP, "the same native elsewhere is stopped");
        check(stopped(() -> equal(3, Target.loadLibrary(), "loadLibrary")) == null, "a loader ends");
        equal(List.of(), ASKED, "asked in a loader");
    }

    private static void onlyTheOutermostCallThrows() {
        List<Throwable> inner = new ArrayList<>();
        Runnable nested = () -> inner.add(stopped(Target::nothing));
        check(stopped(() -> Target.call(() -> { nested.run(); answer = a -> STOP; })) == STOP, "the outer call");
        check(inner.get(0) == null, "the inner call is not left");
        askedWith("after the inner call, not in it", true);
        check(stopped(() -> Target.call(() -> inner.add(Target.list()  == null ? STOP : null))) == STOP, "outer, handle");
        check(inner.get(1) == null, "an inner handle is made");
        askedWith("with an inner handle", false, true);
    }

    /** The first native may refuse to begin; after it, all that the library does with its handle is done. */
    private static void whatALibraryHasHalfMadeIsFinished() {
        check(stopped(() -> Target.open(100)) == STOP, "open() does not begin");
        askedWith("at its first native", true);
        Target[] made = new Target[1];
        check(stopped(() -> { stopAfter(2); made[0] = Target.open(100); Target.nothing(); }) == STOP, "stopped after open()");
        check(made[0].isWhole(), "open() ends");
        made[0].close();
        made[0] = null;
        check(stopped(() -> { made[0] = new Target(100); Target.nothing(); }) == STOP, "stopped after the constructor");
        check(made[0].isWhole(), "a constructor ends");
        made[0].close();

        Target target = new Target();
        check(stopped(() -> target.execute(1)) == STOP, "execute() does not begin");
        int[] executed = new int[1];
        check(stopped(() -> { stopAfter(2); executed[0] = target.execute(1); Target.nothing(); }) == STOP, "stopped later");
        equal(1, executed[0], "execute() ends");
        check(stopped(() -> { stopAfter(2); executed[0] = target.scan(1000); }) == STOP, "not put off for ever");
    }

    /** The handle was given while all was well; then another thread of the task goes beyond the grant. */
    private static void whatWasGivenEarlierIsFinishedToo() {
        Native.tolerate(account, Long.MAX_VALUE);
        Thread other = new Thread(() -> {
            Native.bind(account);
            Native.tolerate(account, 0);
            Target.put(1 << 20);
            Native.unbind();
        });
        boolean[] whole = new boolean[1];
        check(stopped(() -> {
            whole[0] = Target.openSlowly(() -> {
                answer = a -> null;
                other.start();
                join(other);
                ASKED.clear();
                answer = a -> STOP;
            });
            for (int i = 0; i < 100; i++)
                Target.nothing();
        }) == STOP, "stopped after it");
        check(whole[0], "openSlowly() ends");
        check(!ASKED.get(0).mayThrow(), "asked in it: " + ASKED);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** STOP is the answer from the n-th question on. */
    private static void stopAfter(int n) {
        answer = a -> ASKED.size() > n ? STOP : null;
    }

    private static void anExceptionOfTheLibraryStays() {
        IllegalStateException own = new IllegalStateException("the library's own");
        ASKED.clear();
        try {
            Target.fail(own);
            check(false, "fail() returned");
        } catch (IllegalStateException e) {
            check(e == own, "the library's own exception");
        }
        askedWith("before the library threw", true);
        check(stopped(() -> Target.call(() -> { throw own; })) == own, "an exception of the callback");
        askedWith("a callback that throws", false);
    }

    private static void resultsSurviveTheQuestion() {
        answer = a -> {
            byte[][] garbage = new byte[64][];
            for (int i = 0; i < garbage.length; i++)
                garbage[i] = new byte[100_000];
            System.gc();
            return null;
        };
        for (int i = 0; i < 3; i++) {
            equal("a text of the target's", Target.text(), "text");
            equal(new ArrayList<>(), Target.list(), "list");
            byte[] bytes = Target.bytes(1000);
            check(bytes.length == 1000 && bytes[999] == 7, "bytes");
            Object object = new Object();
            check(Target.object(object) == object, "object");
        }
        answer = a -> null;
    }

    private static void theQuestionMayCallTargets() {
        ASKED.clear();
        answer = a -> {
            equal("a text of the target's", Target.text(), "text in a question");
            Target.put(100_000);
            return a.mayThrow() ? STOP : null;
        };
        long charged = Native.read(account)[Native.CHARGED];
        try {
            Target.nothing();
            check(false, "not stopped");
        } catch (Stop expected) {
            check(expected == STOP, "stopped");
        }
        answer = a -> null;
        askedWith("once at each boundary", false, true);
        check(Native.read(account)[Native.CHARGED] >= charged + 200_000, "what the question takes is charged too");
    }

    /** Near the stack's end the question itself overflows it: in Java's hands or, with less room, in the thunk's. */
    private static void aFailingQuestionIsNoFailure() throws InterruptedException {
        answer = a -> {
            throw new IllegalStateException("out of the question");
        };
        ASKED.clear();
        equal(42, Target.i0(), "a value");
        equal(7L, Target.handle(7), "a handle");
        askedWith("at all four boundaries", false, true, true, false);
        Native.unbind();
        Thread small = new Thread(null, () -> {
            Native.bind(account);
            overflow();
            Native.unbind();
        }, "with a small stack", 512 << 10);
        small.start();
        small.join();
        Native.bind(account);
        equal(20, returned, "natives that returned near the end of the stack");
        answer = a -> null;
        equal(42, Target.i0(), "a value");
    }

    private static int returned;

    /** On the way back from the stack's end: first natives have no room, then their questions, then both have. */
    private static void overflow() {
        try {
            overflow();
        } catch (StackOverflowError deepest) {
            // The way back begins.
        }
        try {
            if (returned < 20) {
                equal(42, Target.i0(), "a value");
                returned++;
            }
        } catch (StackOverflowError noRoom) {
            // One frame further up there is more.
        }
    }

    private static void depthIsRightAfterExceptions() {
        for (int i = 0; i < 5; i++) {
            stopped(() -> Target.call(() -> Target.call(() -> {
                throw new IllegalStateException("through two natives");
            })));
            check(stopped(() -> Target.handle(1)) == STOP, "stopped at depth 0");
            check(stopped(Target::nothing) == STOP, "stopped at depth 0");
        }
        askedWith("the last one", false, true);
    }

    private static int deeper(int depth, Body body) throws Throwable {
        if (depth > 0)
            return deeper(depth - 1, body) + 1;
        body.run();
        return 0;
    }

    private static final class InitialisedDeep {
        static final int VALUE;

        static {
            try {
                deeper(1000, () -> Target.initialise(1));
            } catch (Throwable t) {
                throw new ExceptionInInitializerError(t);
            }
            VALUE = 5;
        }
    }

    private static void theStackMayBeDeep() {
        for (int depth : new int[] {120, 128, 129, 1000, 5000})
            check(stopped(() -> deeper(depth, Target::nothing)) == STOP, "stopped at depth " + depth);
        check(stopped(() -> equal(5, InitialisedDeep.VALUE, "value")) == null, "far above a static initialiser");
        equal(List.of(), ASKED, "asked far above a static initialiser");
    }

    private static void otherThreadsAreNotAsked() throws Exception {
        Throwable[] thrown = new Throwable[1];
        Thread other = new Thread(() -> {
            thrown[0] = stopped(() -> { Target.nothing(); Target.handle(1); });
        });
        other.start();
        other.join();
        check(thrown[0] == null, "another thread was stopped: " + thrown[0]);
        equal(List.of(), ASKED, "asked on another thread");
        check(stopped(() -> Target.callOnOwnThread(() -> equal(42, Target.i0(), "i0"))) == STOP, "the task's own call");
        askedWith("a thread of the library's", false, true);
    }

    private static void aToleratedAccountIsNotAsked() {
        Native.tolerate(account, Long.MAX_VALUE);
        check(stopped(() -> { Target.nothing(); Target.handle(1); }) == null, "stopped though tolerated");
        equal(List.of(), ASKED, "asked though tolerated");
    }
}
