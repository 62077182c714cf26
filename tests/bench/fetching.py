"""What scripts that bring things share."""
import os
import subprocess


class Missing(Exception):
    """What can't be run here, and what would help."""


def run(words, what, **options):
    """Its output; Missing, with its last words, when it fails."""
    done = subprocess.run(words, capture_output=True, text=True, **options)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise Missing(f"{what}: {last}")
    return done.stdout.strip()


def may_fetch(what):
    if os.environ.get("NO_INSTALL"):
        raise Missing(f"{what} is not here, and NO_INSTALL forbids fetching it")
