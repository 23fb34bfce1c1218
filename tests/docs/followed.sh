# What a person's shell is to the blocks of a document: a failing line ends it, and what stays up is ended by Ctrl-C.
set -eE -o pipefail
trap 'echo "This line failed: $BASH_COMMAND" >&2' ERR

stay() { # READY COMMAND...: starts it, waits until it says READY, presses Ctrl-C
  set -m
  local ready=$1 log pid; shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 &
  pid=$!
  for _ in $(seq 1 1200); do
    if grep -q -- "$ready" "$log" || ! kill -0 $pid 2>/dev/null; then break; fi
    sleep 0.2
  done
  kill -INT -- -$pid 2>/dev/null || true
  wait $pid || true
  set +m
  cat "$log"
  grep -q -- "$ready" "$log" && ! grep -q Traceback "$log"
}
