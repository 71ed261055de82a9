# What .ci/run and .ci/lowest have in common. Both source it from the checkout's root.
# shellcheck shell=bash

# A package on the caller's path would be tested in place of this checkout's.
unset PYTHONPATH
# Nothing may wait for a window.
export MPLBACKEND=Agg
# hypothesis takes the same examples every time, however slow the machine is.
export CI=true

if [ -d ../shared/data ]; then
    SK_JAE_DATA=$(cd ../shared/data && pwd)
    export SK_JAE_DATA
fi

work=$(mktemp -d)
summaries=()

say() { printf '\n== %s\n' "$*"; }

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# pytest_logged LABEL COMMAND...: runs it and keeps pytest's last line for the end.
pytest_logged() {
    local label=$1 log="$work/pytest.log"
    shift
    "$@" 2>&1 | tee "$log"
    summaries+=("$label" "$(grep -E '[0-9]+ passed' "$log" | tail -1)")
}

# pytest's last lines of all runs, each below its label, the first run's at the end.
print_summaries() {
    local i
    for ((i = ${#summaries[@]} - 2; i >= 0; i -= 2)); do
        printf '%s:\n%s\n' "${summaries[i]}" "${summaries[i + 1]}"
    done
}

# need_disk GIGABYTES: a virtual environment with torch for CUDA takes several.
need_disk() {
    local free
    free=$(df --output=avail --block-size=1G "$work" | tail -1)
    [ "$free" -ge "$1" ] || fail "$work has $free GB of free disk; $1 GB are needed."
}

# test_releases LABEL PYTHON [PIP ARGUMENTS...]: the test suite in a virtual environment
# of its own, which is removed at once, since it is large.
test_releases() {
    local label=$1 python=$2 venv="$work/releases"
    shift 2
    need_disk 10
    "$python" -m venv "$venv"
    "$venv/bin/pip" install --quiet "$@" -e ".[test]"
    "$venv/bin/python" --version
    "$venv/bin/pip" list | grep -E "^($(dependency_pattern)) " || true
    pytest_logged "$label" "$venv/bin/pytest"
    rm -rf "$venv"
}

# The names of the dependencies as one pattern for grep.
dependency_pattern() {
    python3 .ci/floors.py | cut -d= -f1 | paste -sd '|'
}
