package mgkeeper;

/** A second library, whose loading goes through the first one. */
public final class Lodger {
    private static Keeper keeper;

    private Lodger() {}

    public static native boolean hasMemory();

    /** Called by JNI_OnLoad. */
    static void arrives() {
        keeper = new Keeper();
        Keeper.write0(keeper.handle(), 1 << 20);
        Keeper.flushAll(keeper.handle());
    }

    public static Keeper keeper() {
        return keeper;
    }
}
