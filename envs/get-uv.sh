#!/bin/sh
# Print the path of a uv: the one on PATH, or one of our own in .uv/.
set -eu
if command -v uv; then exit 0; fi
own=.uv/bin/uv
if [ ! -x "$own" ]; then
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            { apt-get update && apt-get install -y --no-install-recommends python3-venv; } >&2
        else
            echo "python3 lacks venv: run  sudo apt-get install python3-venv  (or install uv)" >&2
            exit 1
        fi
    fi
    python3 -m venv .uv >&2
    .uv/bin/python -m pip install --quiet 'uv>=0.8' >&2
fi
echo "$own"
