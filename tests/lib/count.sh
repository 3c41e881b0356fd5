# How many tests passed, failed and were skipped: read from each part's own words, added up, told at the end.

summary=()
passed_all=0 failed_all=0 skipped_all=0

# Counts one part: its name, passed, failed, skipped, and a remark.
count() {
    passed_all=$((passed_all + $2)) failed_all=$((failed_all + $3)) skipped_all=$((skipped_all + $4))
    summary+=("$(printf '%-12s %7d %7d %8d   %s' "$1" "$2" "$3" "$4" "${5:-}")")
}

# Counts a part that has run: its name, its exit code, and how to read its log.
count_log() {
    local part=$1 code=$2 read=$3 passed=0 failed=0 skipped=0 remark=
    read -r passed failed skipped < <("$read" "target/tests/$part.log")
    if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1 remark="did not run to its end (exit code $code)"
    elif [ $((passed + failed + skipped)) -eq 0 ]; then
        failed=1 remark='ran nothing'
    fi
    count "$part" "$passed" "$failed" "$skipped" "$remark"
}

# Counts a part that cannot run, and says why.
count_absent() {
    complain "$1: $2"
    if [ "${CI:-}" = true ]; then
        count "$1" 0 1 0 "$2"
    else
        count "$1" 0 0 1 "$2"
    fi
}

print_summary() {
    say 'Summary'
    printf '%-12s %7s %7s %8s\n' part passed failed skipped
    printf '%s\n' "${summary[@]}"
    printf '\n%d passed, %d failed, %d skipped\n' "$passed_all" "$failed_all" "$skipped_all"
    [ "$failed_all" -eq 0 ]
}

# `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once or several times.
read_libtest() {
    awk '/^test result: / {
        for (i = 2; i <= NF; i++) {
            if ($i ~ /^passed/) passed += $(i - 1)
            if ($i ~ /^failed/) failed += $(i - 1)
            if ($i ~ /^ignored/) skipped += $(i - 1)
        }
    } END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# `Summary [ 3.2s] 43 tests run: 41 passed (1 slow), 1 failed, 1 timed out, 0 skipped`
read_nextest() {
    awk '/^ *Summary \[/ {
        passed = failed = skipped = 0
        sub(/.*run: /, "")
        words = split($0, part, /, /)
        for (i = 1; i <= words; i++) {
            number = part[i] + 0
            if (part[i] ~ /passed/) passed = number
            else if (part[i] ~ /skipped/) skipped = number
            else failed += number
        }
    } END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# The table by folder. A case that differs for a known reason, or needs what is not there yet, has not passed.
read_conformance() {
    awk '/^cases .*passed .*differ .*not yet .*failed/ { inside = 1; next }
    inside && NF >= 5 && $NF ~ /^[0-9]+$/ {
        passed += $(NF - 3); skipped += $(NF - 2) + $(NF - 1); failed += $NF
    } END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# `Ran 12 tests in 3.2s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=2)`
read_unittest() {
    awk '/^Ran [0-9]+ tests? in / { run += $2 }
    /^(OK|FAILED)/ {
        words = split($0, part, /[(), ]+/)
        for (i = 1; i <= words; i++) {
            split(part[i], pair, "=")
            if (pair[1] == "skipped") skipped += pair[2]
            if (pair[1] == "failures" || pair[1] == "errors") failed += pair[2]
        }
    } END { print run - failed - skipped, failed + 0, skipped + 0 }' "$1"
}
