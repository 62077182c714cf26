"""Spark's Python daemon, whose workers count for each task what native libraries take: `python -m memgrant_daemon`, in the place of
pyspark.daemon, where Spark's plugin has put it (spark.memgrant.python=true). It lies in memgrant.jar, which has to be on the executors' PYTHONPATH.

The plugin has left a folder among the executor's own, with a file `environment`: the daemon starts itself once more with what is written there,
the library in front of malloc, and forks workers as ever. In a worker each task is a scope (memgrant_scope.h), from where PySpark learns which task it is
to where it has done it, before the executor hears so. What the scope used is left in the folder as a file then, which the plugin reads. Where anything of
this fails the daemon is pyspark.daemon and no more: no task may fail for it."""
import os
import sys

FOLDER = "memgrant-python"
STARTED = "PYTHON_MEMGRANT_FOLDER"  # the library takes what begins with its own name for a setting
HELLO_SECONDS = 60


def say(line):
    try:
        print("memgrant: " + line, file=sys.stderr, flush=True)
    except Exception:
        pass


# ---- The daemon: once more, with the library ----

def folder():
    """Of the executor whose daemon this is; None where its plugin wants nothing of us."""
    if int(os.environ.get("PYSPARK_EXECUTOR_MEMORY_MB", "-1")) > 0:
        # PySpark limits each worker's addresses then, of which the library has reserved more when it started.
        say("Python workers are not counted: spark.executor.pyspark.memory limits their addresses; spark.memgrant.pythonLimit what they take")
        return None
    path = os.path.join(os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0], FOLDER)
    return path if os.path.isabs(path) and os.path.isfile(os.path.join(path, "environment")) else None


def wanted(path):
    """The environment with what the plugin wrote: NAME=value, a line each. `NAME?=value` is for those who have set no other."""
    environment = dict(os.environ)
    with open(os.path.join(path, "environment"), encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.rstrip("\n").partition("=")
            if name == "LD_PRELOAD":
                others = [entry for entry in environment.get(name, "").replace(":", " ").split()
                          if os.path.basename(entry) != os.path.basename(value)]
                environment[name] = ":".join([value] + others)
            elif name.endswith("?"):
                environment.setdefault(name[:-1], value)
            elif name:
                environment[name] = value
    environment[STARTED] = path
    return environment


def start_again():
    path = folder()
    if path and sys.executable:
        words = getattr(sys, "orig_argv", None) or [sys.executable, "-m", "memgrant_daemon"] + sys.argv[1:]
        os.execve(sys.executable, [sys.executable] + words[1:], wanted(path))


def forget_environment():
    """What the library read when it started is not for programs that a task starts. Returns our folder."""
    path = os.environ.pop(STARTED)
    for name in [name for name in os.environ if name.startswith("MEMGRANT_") and name != "MEMGRANT_INERT"]:
        del os.environ[name]
    others = [entry for entry in os.environ.get("LD_PRELOAD", "").replace(":", " ").split()
              if not os.path.basename(entry).startswith("libmemgrant")]
    if others:
        os.environ["LD_PRELOAD"] = ":".join(others)
    else:
        os.environ.pop("LD_PRELOAD", None)
    return path


# ---- A worker: which task it is, and what that used ----

class Library:
    """The functions of memgrant_scope.h, of the library that this process was started with."""

    def __init__(self):
        import ctypes

        names = ctypes.CDLL(None)
        self.begin = self.function(names.mgx_scope_begin, ctypes.c_int64, ctypes.c_char_p, ctypes.c_int64)
        self.end = self.function(names.mgx_scope_end, ctypes.c_int64, ctypes.c_int64)
        self.here = self.function(names.mgx_scope_here, ctypes.c_int64)
        self.join = self.function(names.mgx_executor_join, ctypes.c_int, ctypes.c_int)
        self.leave = self.function(names.mgx_executor_leave, None)
        self.print_json = self.function(names.mgx_account_print_json, ctypes.c_int, ctypes.c_int64, ctypes.c_int)

    @staticmethod
    def function(function, result, *arguments):
        function.restype = result
        function.argtypes = arguments
        return function


class Worker:
    """This process, from one task to the next. All on the thread that PySpark calls main() on."""

    def __init__(self, library, path):
        self.library = library
        self.path = path
        self.scope = 0
        self.tasks = 0
        self.said = False

    def begin(self, context):
        self.end()
        name = "task %d (stage %s, partition %s, attempt %s)" % (
            context._taskAttemptId, context._stageId, context._partitionId, context._attemptNumber)
        self.tasks += 1
        self.file = os.path.join(self.path, "%d-%d" % (os.getpid(), self.tasks))
        self.who = b'{"pid":%d,"task":%d,"name":"%s"}' % (os.getpid(), context._taskAttemptId, name.encode("ascii", "replace"))
        self.process = self.library.here()
        self.scope = self.library.begin(name.encode("ascii", "replace"), -1)
        if self.scope:
            self.leave(".begun", lambda file: os.write(file, self.who))
            self.try_charge(context._taskAttemptId)

    def try_charge(self, task):
        try:
            self.charge(task)
        except Exception as broken:
            if not self.said:
                say("what this Python worker takes is not charged to its task: %r" % broken)
            self.said = True

    def charge(self, task):
        """From here to the end of the task the executor is asked for what this process takes, if it wants to be."""
        import socket
        import struct

        try:
            with open(os.path.join(self.path, "charge"), encoding="ascii") as file:
                host, port, secret = file.read().split()
        except FileNotFoundError:
            return
        with socket.create_connection((host, int(port)), HELLO_SECONDS) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(secret.encode("ascii") + struct.pack(">qq", task, os.getpid()))
            welcome = connection.recv(1)
            connection.settimeout(None)  # whoever waits inside malloc waits for as long as it takes
            if not welcome or not self.library.join(connection.fileno()):
                raise OSError("the executor does not know its task" if not welcome else "the library does not take the connection")

    def end(self):
        scope, self.scope = self.scope, 0
        if not scope:
            return
        try:
            self.leave(".json", lambda file: self.write(scope, file))
        finally:
            self.library.leave()
            self.library.end(scope)
            try:
                os.unlink(self.file + ".begun")
            except OSError:
                pass  # the task has ended before its worker, and was told as one that lacks its figures

    def write(self, scope, file):
        """Three lines of JSON: who did what, the task's account, the worker's."""
        os.write(file, self.who + b"\n")
        self.library.print_json(scope, file)
        os.write(file, b"\n")
        self.library.print_json(self.process, file)

    def leave(self, ending, write):
        """A file that is there whole or not at all."""
        file = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            write(file)
        finally:
            os.close(file)
        os.rename(self.file, self.file + ending)


def guarded(act, *arguments):
    try:
        act(*arguments)
    except Exception as broken:
        say("what this Python worker takes is not told to its executor: %r" % broken)


def watch_tasks(path):
    """Has each worker that is forked from here on begin and end its tasks."""
    import importlib

    import pyspark.daemon as daemon
    from pyspark.taskcontext import TaskContext

    library = Library()
    if not library.here():
        return
    worker = Worker(library, path)

    def set_attribute(context, name, value):
        object.__setattr__(context, name, value)
        if name == "_taskAttemptId" and value is not None:
            guarded(worker.begin, context)

    def ending(main):
        def main_of_a_task(*arguments, **words):
            try:
                return main(*arguments, **words)
            finally:
                guarded(worker.end)

        main_of_a_task.is_memgrants = True
        return main_of_a_task

    # Since 4.0 the worker's module is imported after the fork, by the name that the executor says; 3.5 has imported it.
    work = daemon.worker

    def watched_worker(*arguments, **words):
        try:
            name = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].startswith("pyspark") else "pyspark.worker"
            module = importlib.import_module(name)
            if not hasattr(module.main, "is_memgrants"):
                module.main = ending(module.main)
            if hasattr(daemon, "worker_main"):
                daemon.worker_main = module.main
        except Exception as broken:
            say("what this Python worker takes is not told to its executor: %r" % broken)
        return work(*arguments, **words)

    TaskContext.__setattr__ = set_attribute
    daemon.worker = watched_worker


def prepare():
    if STARTED not in os.environ:
        start_again()  # does not come back where there is something to do
    else:
        watch_tasks(forget_environment())


if __name__ == "__main__":
    try:
        prepare()
    except Exception as broken:
        say("Python workers are not counted: %r" % broken)
    import pyspark.daemon

    pyspark.daemon.manager()
