package io.memgrant.tests;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** What a task needs to tell the driver that it has come so far, and to wait for the driver's leave to go on. */
final class Meeting implements AutoCloseable {
    private final ServerSocket driver = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());

    Meeting() throws IOException {}

    /** In the task: returns when the driver has closed what {@link #await} returned. */
    static void arrive(int port) throws IOException {
        try (Socket task = new Socket(InetAddress.getLoopbackAddress(), port)) {
            task.getInputStream().read();
        }
    }

    /** On the driver. */
    Socket await() throws IOException {
        return driver.accept();
    }

    int port() {
        return driver.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        driver.close();
    }
}
