package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.util.ArrayList;
import mgtarget.Target;

/** Arguments, results and the stack are the same with a thunk in between, interpreted and compiled. */
final class ShapesMain {
    public static void main(String[] args) throws Exception {
        Armed.arm(Armed.ENFORCING);
        Armed.loadTarget();
        for (int round = 0; round < 20_000; round++) {
            arguments(round % 17 - 8);
            results(round);
        }
        check(Target.unwinds() == 1 && Target.unwindsFromStack(1, 2, 3, 4, 5) == 1, "_Unwind_Backtrace passes a thunk");
        instances();
        equal(0L, Target.directly(), "natives called without a thunk");
        check(Target.byThunk() > 20_000, "natives were called by thunks");
        System.out.println("shapes: " + Target.byThunk() + " calls");
    }

    private static void arguments(int x) {
        equal(42, Target.i0(), "i0");
        equal(2 * x, Target.i1(x), "i1");
        equal(2 * x + 3 * 1 + 5 * 2 + 7 * 3, Target.i4(x, 1, 2, 3), "i4");
        equal(2 + 3 * 2 + 5 * 3 + 7 * 4 + 11 * x, Target.i5(1, 2, 3, 4, x), "i5");
        equal(2 + 3 * 2 + 5 * 3 + 7 * 4 + 11 * x + 13 * 6, Target.i6(1, 2, 3, 4, x, 6), "i6");
        long big = 1L << 40;
        equal(2 * big + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5 + 13 * 6 + 17 * big + 19 * 8 + 23 * 9 + 29 * 10 + 31 * 11 + 37 * 12
                + 41 * x + 43 * big, Target.l14(big, 2, 3, 4, 5, 6, big, 8, 9, 10, 11, 12, x, big), "l14");
        equal(2f + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5 + 13 * 6 + 17 * 7 + 19 * x + 23 * 9,
                Target.f9(1, 2, 3, 4, 5, 6, 7, x, 9), "f9");
        equal(2. + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5 + 13 * 6 + 17 * 7 + 19 * 8 + 23 * x + 29 * .5,
                Target.d10(1, 2, 3, 4, 5, 6, 7, 8, x, .5), "d10");
        equal(2. + 3 * .5 + 5 * 3 + 7 * 4 + 11 * -5 + 13 * 6 + 17 * 7 + 19 * 8 + 23 * 'i' + 29 * 10 + 31 + 37 * 12
                + 41 * 13 + 43 * x + 47 * .25 + 53 * 16 + 59 * 17 + 61 * 18 + 67 * 6,
                Target.mixed(1, .5, 3, 4, (byte) -5, 6, (short) 7, 8, 'i', 10, true, 12, 13, x, .25f, 16, 17, 18,
                        "object"), "mixed");
        equal(2L + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5 + 13 * x, Target.odd(1, 2, 3, 4, 5, (byte) x), "odd");
        equal(321, Target.arrays(new int[1], new String[2], new long[3][0]), "arrays");
    }

    private static void results(int x) {
        Target.nothing();
        equal(true, Target.truth(true), "boolean");
        equal(false, Target.truth(false), "boolean");
        equal((byte) -x, Target.octet((byte) -x), "byte");
        equal((char) ~x, Target.character((char) ~x), "char");
        equal((short) -x, Target.brief((short) -x), "short");
        equal(-x, Target.integer(-x), "int");
        equal(x / 3f, Target.single(x / 3f), "float");
        equal(x * .25, Target.twice(x * .125), "double");
        equal(Long.MIN_VALUE + x, Target.handle(Long.MIN_VALUE + x), "long");
        check(Target.object(null) == null, "null");
        Object object = new Object();
        check(Target.object(object) == object, "object");
        equal("a text of the target's", Target.text(), "text");
        equal(new ArrayList<>(), Target.list(), "list");
        equal(3, Target.bytes(3).length, "byte[]");
    }

    private static void instances() throws Exception {
        Target target = new Target();
        equal(8L, target.ofInstance(7), "instance");
        equal(9L, target.ofInstanceSynchronized(7), "synchronized");
        check(!Thread.holdsLock(target), "the monitor is free again");
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> {
                for (int n = 0; n < 10_000; n++)
                    target.ofInstanceSynchronized(n);
            });
            threads[i].start();
        }
        for (Thread thread : threads)
            thread.join();
    }
}
