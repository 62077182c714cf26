"""Where this runs, and what every row's figures are kept with."""
import os
import platform
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build")
BENCH = os.path.join(BUILD, "bench")
PROCESSORS = os.cpu_count()


def commit():
    """The commit that was measured, with a + when the tree differs from it."""
    try:
        git = ["git", "-C", ROOT]
        name = subprocess.run(git + ["rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        return name + ("+" if subprocess.run(git + ["diff", "--quiet", "HEAD", "--", "src", "interpose", "jni"]).returncode else "")
    except (OSError, subprocess.CalledProcessError):
        return "none"


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gb():
    with open("/proc/meminfo") as file:
        return round(int(file.readline().split()[1]) / (1 << 20))


def load():
    return os.getloadavg()[0]


def described():
    return (f"{PROCESSORS} processors ({processor()}), {memory_gb()} GB, Linux {platform.release()}, "
            f"{platform.libc_ver()[0]} {platform.libc_ver()[1]}")
