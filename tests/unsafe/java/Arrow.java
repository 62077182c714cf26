import io.memgrant.Account;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;

/** Arrow's RootAllocator and a child of it, above whichever of its two allocators is on the class path. */
public final class Arrow implements Workload {
    private final List<ArrowBuf> buffers = new ArrayList<>();
    private BufferAllocator root, child;

    @Override
    public void start() {
        root = new RootAllocator();
        root.buffer(1 << 20).close();
    }

    @Override
    public long take() {
        child = root.newChildAllocator("a task's", 0, Long.MAX_VALUE);
        for (int i = 0; i < 8; i++) {
            buffers.add(child.buffer(8 << 20)); // 8 MB pass by Netty's chunks of 4
        }
        return child.getAllocatedMemory();
    }

    @Override
    public void giveBack() {
        buffers.forEach(ArrowBuf::close);
        buffers.clear();
        child.close(); // throws where anything is left
    }

    @Override
    public String besides(Account account) {
        BufferAllocator[] theirs = new BufferAllocator[4];
        Account[] ours = new Account[4];
        theirs[0] = root;
        ours[0] = account;
        long[] before = {root.getAllocatedMemory(), account.used()};
        int compared = 0;
        for (int i = 1; i < theirs.length; i++) { // each below the one before
            theirs[i] = theirs[i - 1].newChildAllocator("part " + i, 0, Long.MAX_VALUE);
            ours[i] = ours[i - 1].child("part " + i, Account.NO_LIMIT);
            buffers.add(theirs[i].buffer((4 << 20) << i));
            compared += same(theirs, ours, i, before);
        }
        // The thread is in the lowest of ours: what is freed there goes back where it came from all the same.
        while (!buffers.isEmpty()) {
            buffers.remove(0).close();
            compared += same(theirs, ours, theirs.length - 1, before);
        }
        for (int i = theirs.length - 1; i > 0; i--) {
            ours[i].close();
            theirs[i].close(); // throws where anything is left
        }
        return ", " + compared + " times the same in its tree and in ours";
    }

    private static int same(BufferAllocator[] theirs, Account[] ours, int last, long[] before) {
        for (int i = 0; i <= last; i++) {
            long arrow = theirs[i].getAllocatedMemory() - (i == 0 ? before[0] : 0);
            long used = ours[i].used() - (i == 0 ? before[1] : 0);
            Ledger.check(arrow == used, theirs[i].getName() + " has " + arrow + " bytes, " + ours[i].name() + " " + used);
        }
        return last + 1;
    }
}
