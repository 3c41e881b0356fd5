"""Builds each function as it is deployed, and prints how large it is and how soon it is there.

    python3 tests/coldstart.py [--skip-build]

The time is from the start of the process to its first request for work, against a Runtime API and a Secrets Manager of this script:
the median of several starts, on this machine, which is not Lambda's. Goals: 6 MB zipped, 15 ms.
"""

import argparse
import http.server
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import threading
import time
import zipfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
FUNCTIONS = sorted(
    name for name in os.listdir(os.path.join(ROOT, "functions")) if os.path.isdir(os.path.join(ROOT, "functions", name))
)
STARTS = 15
ZIP_BYTES_MAX, START_MILLIS_MAX = 6_000_000, 15.0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-build", action="store_true", help="what was built before is measured")
    options = parser.parse_args()
    target = os.path.abspath(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")))
    if not options.skip_build:
        build(target)
    print(f"{platform.machine()}, {STARTS} starts each\n")
    print(f"{'function':<14} {'binary':>9} {'zipped':>9} {'start':>9}")
    is_good = True
    for name in FUNCTIONS:
        binary = os.path.join(target, "function", f"baton-function-{name}")
        size, zipped = os.path.getsize(binary), zipped_size(binary)
        millis = statistics.median(start(binary) for _ in range(STARTS))
        is_good &= zipped <= ZIP_BYTES_MAX and millis <= START_MILLIS_MAX
        print(f"{name:<14} {size / 1e6:>6.2f} MB {zipped / 1e6:>6.2f} MB {millis:>6.1f} ms")
    sys.exit(0 if is_good else 1)


def build(target):
    """Builds as the Makefile of the functions does, for this machine."""
    by_options = {}
    for name in FUNCTIONS:
        by_options.setdefault(options_of(name), []).append(name)
    # Apart, since cargo would give all functions the features of each.
    for options, names in sorted(by_options.items()):
        packages = [part for name in names for part in ("-p", f"baton-function-{name}")]
        subprocess.run(
            ["cargo", "build", "--locked", "--profile", "function", "--target-dir", target, *packages, *options.split()],
            cwd=ROOT, check=True,
        )


def options_of(name):
    """The options that the Makefile builds a function with."""
    with open(os.path.join(ROOT, "functions", "Makefile"), encoding="utf-8") as file:
        text = file.read().replace("$(SERVICES)", "--features aws-sdk")
    call = re.search(rf"^\t\$\(call build,{re.escape(name)}(?:,(.*))?\)$", text, re.MULTILINE)
    if call is None:
        raise SystemExit(f"functions/Makefile does not build {name}")
    return call.group(1) or ""


def zipped_size(binary):
    path = f"{binary}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(binary, "bootstrap")
    size = os.path.getsize(path)
    os.remove(path)
    return size


def start(binary):
    """Milliseconds from the start of the process to its first poll."""
    polled = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):  # the Runtime API: no work comes
            polled.set()
            time.sleep(30)

        def do_POST(self):  # Secrets Manager
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            is_current = body.get("VersionStage") == "AWSCURRENT"
            answer = {"SecretString": "s" * 64} if is_current else {"__type": "ResourceNotFoundException"}
            text = json.dumps(answer).encode()
            self.send_response(200 if is_current else 400)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    environment = {
        "AWS_LAMBDA_RUNTIME_API": host, "AWS_ENDPOINT_URL": f"http://{host}", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_GROUP_NAME": "g",
        "AWS_LAMBDA_LOG_STREAM_NAME": "s", "BATON_TABLE": "t", "BATON_BUCKET": "b", "BATON_CUE_QUEUE_URL": f"http://{host}/c",
        "BATON_TASK_QUEUE_URL": f"http://{host}/t", "BATON_EXPRESS_QUEUE_URL": f"http://{host}/e",
        "BATON_MAP_QUEUE_URL": f"http://{host}/m", "BATON_TOKEN_SECRET_ARN": "arn", "BATON_PARTITION": "aws",
        "BATON_ACCOUNT": "123456789012", "BATON_RETENTION_DAYS": "90", "BATON_PAYLOAD_BYTES_MAX": "262144",
    }
    begun = time.perf_counter()
    process = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not polled.wait(20):
            raise SystemExit(f"{binary} never asked for work")
        return (time.perf_counter() - begun) * 1000
    finally:
        process.kill()
        process.wait()
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
