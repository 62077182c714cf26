#!/bin/bash
# Tasks that are refused memory at dangerous moments are stopped behind them, and leave nothing locked, unusable or open.
. "$(dirname "$0")/plugin.bash"

run_on_cluster Moments
