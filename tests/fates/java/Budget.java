import io.memgrant.Account;
import io.memgrant.NativeMemoryAccountant;
import java.util.concurrent.atomic.AtomicLong;

/** An accountant that grants whatever it is asked for, and knows what is out. */
final class Budget implements NativeMemoryAccountant {
    private final AtomicLong out = new AtomicLong();

    @Override
    public long acquireMemory(long bytes) {
        out.addAndGet(bytes);
        return bytes;
    }

    @Override
    public void releaseMemory(long bytes) {
        out.addAndGet(-bytes);
    }

    void giveTo(Account account, long bytes) {
        account.grant(acquireMemory(bytes));
    }

    long out() {
        return out.get();
    }
}
