package io.memgrant;

import static io.memgrant.Armed.check;

import mgtarget.Throwing;

/** A library in mode fail beyond its limit. Its argument is the library's file. */
final class FailMain {
    private static final long SMALL = 1_000;
    private static final long LARGE = 1 << 20;

    public static void main(String[] args) {
        System.load(args[0]);
        check(Throwing.useUp() > 10, "it had its limit");
        check(!Throwing.malloc(LARGE), "malloc is denied what is large");
        check(!Throwing.caught(LARGE), "and operator new is, where std::bad_alloc is caught");
        check(Throwing.malloc(SMALL) && Throwing.caught(SMALL), "little passes");
        check(Throwing.uncaught(LARGE), "and so does what would end the process");
        check(Throwing.ofItsOwn(LARGE), "by an exception of the library's own, too");
        System.out.println("fail: ok");
    }
}
