package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Say;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Where an executor's Python workers ask for memory, each on a connection of its own for as long as it serves a task: a socket, since its end tells at
 * once of a worker that was killed. It is the loopback's, since the path of an executor's folder may be longer than a Unix socket's name; nobody is
 * heard without the secret, which is in a file of the executor's user. What is said there is in src/executor.h; before it a worker says the secret, the
 * task's number and its process id, and is answered a byte. Nothing that comes is believed. Thread-safe.
 */
final class WorkerServer implements Closeable {
    private static final int HELLO_MILLIS = 60_000;
    private static final int PAUSE_MILLIS = 100;
    /** Of those that have not said the secret yet. */
    private static final int MOST_STRANGERS = 64;
    private static final int SECRET_BYTES = 32;
    private static final byte WELCOME = 'y';
    private static final long IDLE_SECONDS = 30;

    private final ServerSocket server;
    private final byte[] secret;
    private final Map<Long, WorkerMemory> tasks = new ConcurrentHashMap<>();
    private final Semaphore strangers = new Semaphore(MOST_STRANGERS);
    private final ExecutorService threads = new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS,
            new SynchronousQueue<>(), WorkerServer::newThread);

    WorkerServer() throws IOException {
        byte[] random = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(random);
        secret = HexFormat.of().formatHex(random).getBytes(StandardCharsets.US_ASCII);
        server = new ServerSocket(0, MOST_STRANGERS, InetAddress.getLoopbackAddress());
        threads.execute(this::accept);
    }

    private static Thread newThread(Runnable work) {
        return Watch.daemon(work, "memgrant-workers");
    }

    /** What a worker has to know: host, port and secret. */
    String address() {
        return server.getInetAddress().getHostAddress() + " " + server.getLocalPort() + " " + new String(secret, StandardCharsets.US_ASCII) + "\n";
    }

    /**
     * From here to the end of the task its workers are charged to the account. On the task's thread, when the account's own end is listened for: what is
     * listened for later comes first.
     *
     * @param task null where nothing is granted
     */
    void serve(TaskContext context, Account account, EnforcedTask task) {
        WorkerMemory memory = new WorkerMemory(account, task);
        tasks.put(context.taskAttemptId(), memory);
        context.addTaskCompletionListener((TaskCompletionListener) ended -> {
            tasks.remove(context.taskAttemptId());
            memory.end();
        });
    }

    /** No thread lets anything out: an uncaught exception ends a Spark executor. */
    private void accept() {
        while (!server.isClosed()) {
            try {
                admit(server.accept());
            } catch (Throwable broken) {
                if (!server.isClosed()) {
                    Say.once("a Python worker could not ask for memory", broken);
                    awaitBetterTimes(); // there is no file to be had, or no thread
                }
            }
        }
    }

    private void admit(Socket socket) {
        boolean admitted = strangers.tryAcquire();
        try {
            if (admitted) {
                threads.execute(() -> meet(socket));
                admitted = false; // the thread's from now on
            } else {
                close(socket);
            }
        } finally {
            if (admitted) {
                strangers.release();
                close(socket);
            }
        }
    }

    private static void awaitBetterTimes() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException nobodyDoes) {
            Thread.currentThread().interrupt();
        }
    }

    private void meet(Socket socket) {
        WorkerMemory.Worker worker = null;
        try (socket) {
            try {
                worker = hello(socket);
            } finally {
                strangers.release();
            }
            if (worker != null) {
                socket.setSoTimeout(0); // it may compute for hours
                socket.getOutputStream().write(WELCOME);
                carry(worker, new DataInputStream(socket.getInputStream()), new DataOutputStream(socket.getOutputStream()));
            }
        } catch (IOException ended) {
            // however: what it had is given back
        } catch (Throwable broken) {
            Say.once("a Python worker's request for memory was not answered", broken);
        } finally {
            end(worker);
        }
    }

    private static void end(WorkerMemory.Worker worker) {
        try {
            if (worker != null) {
                worker.end();
            }
        } catch (Throwable broken) {
            Say.once("what a Python worker had was not given back before its task's end", broken);
        }
    }

    /** Null for a stranger, or for a task that is over. */
    private WorkerMemory.Worker hello(Socket socket) throws IOException {
        socket.setTcpNoDelay(true);
        byte[] said = new byte[secret.length + 2 * Long.BYTES];
        if (!readUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(HELLO_MILLIS), socket, said)) {
            return null;
        }
        if (!MessageDigest.isEqual(secret, Arrays.copyOf(said, secret.length))) {
            return null;
        }
        ByteBuffer numbers = ByteBuffer.wrap(said, secret.length, 2 * Long.BYTES);
        WorkerMemory task = tasks.get(numbers.getLong());
        return task == null ? null : task.begin(numbers.getLong(), socket);
    }

    /** All of it, or false: however slowly it comes, nobody waits for longer. */
    private static boolean readUntil(long endNanos, Socket socket, byte[] all) throws IOException {
        int got = 0;
        for (int read = 0; got < all.length && read >= 0; got += Math.max(read, 0)) {
            long left = TimeUnit.NANOSECONDS.toMillis(endNanos - System.nanoTime());
            if (left <= 0) {
                return false;
            }
            socket.setSoTimeout((int) left);
            read = socket.getInputStream().read(all, got, all.length - got);
        }
        return got == all.length;
    }

    private static void carry(WorkerMemory.Worker worker, DataInputStream from, DataOutputStream to) throws IOException {
        while (true) {
            long need = from.readLong();
            long other = from.readLong();
            if (need > 0 && other >= need) {
                long got = worker.ask(need, other);
                if (got == WorkerMemory.OVER) {
                    throw new EOFException("its task is over"); // no denial: the worker finds the connection closed
                }
                to.writeLong(got);
            } else if (need != 0 || other <= 0 || !worker.giveBack(other)) {
                throw new EOFException("no request");
            }
        }
    }

    static void close(Closeable connection) {
        try {
            connection.close();
        } catch (IOException gone) {
            // so it is
        }
    }

    @Override
    public void close() {
        close(server);
    }
}
