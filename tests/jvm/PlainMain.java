package io.memgrant;

/** A program that knows nothing of the library. */
final class PlainMain {
    public static void main(String[] args) {
        System.out.println("plain: ok");
    }
}
