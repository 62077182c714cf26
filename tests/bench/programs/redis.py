"""A redis-server under what LD_PRELOAD names, and redis-benchmark on it without. Prints the server's processor microseconds a
request, and its peak of resident KB.

Debian's redis-server is linked with jemalloc: libc's malloc is put in front of that, behind what is measured."""
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time

REQUESTS, TESTS = 40000, "set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100"


def libc():
    with open("/proc/self/maps") as maps:
        return next(line.split()[-1] for line in maps if "/libc.so.6" in line or "/libc-2" in line)


def wait_until_it_answers(path, server):
    end = time.monotonic() + 20
    while time.monotonic() < end and server.poll() is None:
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect(path)
                one.sendall(b"PING\r\n")
                if one.recv(5) == b"+PONG":
                    return
            except OSError:
                time.sleep(0.01)
    raise SystemExit("redis-server does not answer")


def peak_kb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def main():
    measured = dict(os.environ)
    measured["LD_PRELOAD"] = ":".join(filter(None, (measured.get("LD_PRELOAD"), libc())))
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LD_PRELOAD", "MEMGRANT_", "MALLOC_"))}
    folder = tempfile.mkdtemp(prefix="memgrant-bench-")
    try:
        path = os.path.join(folder, "socket")
        server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--dir", folder, "--save", "",
                                   "--appendonly", "no"], env=measured, stdout=subprocess.DEVNULL)
        wait_until_it_answers(path, server)
        subprocess.run(["redis-benchmark", "-s", path, "-q", "-n", str(REQUESTS), "-r", "20000", "-d", "100", "-P", "8",
                        "-t", TESTS], env=plain, check=True, stdout=subprocess.DEVNULL)
        peak = peak_kb(server.pid)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        server.terminate()
        server.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        shutil.rmtree(folder)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{used * 1e6 / REQUESTS / len(TESTS.split(',')):.4f} {peak}")


main()
