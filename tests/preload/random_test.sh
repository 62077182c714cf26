#!/bin/bash
# The randomized test against a model, in short: observed, enforced, and with a library's own limit.
exec "$ROOT/tests/stress/random.sh" 4
