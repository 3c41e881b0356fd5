# What the tests need, installed where it is missing.

# Where Python's packages go.
python_folder=target/python
sam_folder=target/sam
# Why Python's parts cannot run; empty if they can.
no_python=
# How the crates' own tests are run.
runner=nextest
# What is built in: every AWS service, where Python can make the table of them.
features=()

# Installs and builds for these parts. Fails where nothing can be run at all.
set_up() {
    local part needs_python=false needs_sam=false needs_build=false
    for part in "$@"; do
        case $part in
            workspace) needs_build=true; find_runner ;;
            functions) needs_python=true ;;
            clients | stack) needs_python=true needs_build=true ;;
            template | dependencies) needs_python=true needs_sam=true ;;
            *) needs_build=true ;;
        esac
    done
    mkdir -p target/tests || return 2
    find_python
    if $needs_build; then build || return 2; fi
    if $needs_python && [ -n "$no_python" ]; then complain "$no_python"; fi
    case " $* " in *' clients '* | *' stack '*) install_packages "$python_folder" tests/requirements.txt ;; esac
    if $needs_sam; then install_packages "$sam_folder" tests/requirements-sam.txt; fi
}

find_runner() {
    if ! command -v cargo >/dev/null || cargo nextest --version >/dev/null 2>&1; then return; fi
    say 'Installing cargo-nextest (once; some minutes)'
    if ! cargo install cargo-nextest --locked --quiet; then
        complain 'cargo-nextest cannot be installed: the tests are run by `cargo test`'
        runner=test
    fi
}

# Everything once, with one set of features: the tests of whole processes find their executables there.
build() {
    if ! command -v cargo >/dev/null; then
        complain 'Rust is missing: install it from https://rustup.rs, then run this again'
        return 1
    fi
    if ! command -v cc >/dev/null; then
        complain 'a C compiler is missing: install one (Debian and Ubuntu: apt-get install build-essential)'
        return 1
    fi
    local target
    target=$(metadata | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
    find_services "$target" || return
    say 'Building (minutes the first time, seconds after that)'
    cargo build --workspace --lib --bins --tests --locked "${features[@]}" || return
    export BATON_BINARIES=$target/debug
    # Where the stack's test looks for it as well.
    python_folder=$target/python
}

metadata() { cargo metadata --format-version 1 --no-deps --locked; }

find_python() {
    local needed='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'
    if ! command -v python3 >/dev/null; then
        no_python='Python is missing: install Python 3.10 or later, with venv'
    elif ! python3 -c "$needed" >/dev/null 2>&1; then
        no_python='python3 is older than 3.10, or has no venv (Debian and Ubuntu: apt-get install python3-venv)'
    fi
}

# The table of AWS services. A cargo build keeps it up to date once it is there.
find_services() {
    local table=$1/services/services.table
    if [ -f "$table" ] || { [ -z "$no_python" ] && python3 shared/services/pack.py "$1/services"; }; then
        features=(--features baton-integrations/aws-sdk)
        return
    fi
    complain 'the table of AWS services cannot be made: `aws-sdk:` resources are left out of the tests'
    [ "${CI:-}" != true ]
}

# A Python environment in a folder, anew whenever its requirements change.
install_packages() {
    local folder=$1 requirements=$2
    if [ -n "$no_python" ] || cmp -s "$requirements" "$folder/installed.txt"; then return; fi
    say "Installing what $requirements names"
    if python3 -m venv --clear "$folder" &&
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"; then
        cp "$requirements" "$folder/installed.txt"
    else
        no_python="what $requirements names cannot be installed"
        complain "$no_python"
    fi
}
