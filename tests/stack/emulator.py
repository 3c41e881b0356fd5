"""MiniStack: an AWS emulator in one process, without containers.

It checks signatures and policies (AUTH), runs the functions' real bootstraps, polls the queues for them and keeps
everything in memory. It listens on loopback only.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import botocore.config

ACCOUNT = "123456789012"
REGION = "us-east-1"
ROOT = {"aws_access_key_id": "root", "aws_secret_access_key": "root-secret"}
START_SECS_MAX = 60


class Emulator:
    """A running emulator."""

    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = None

    def client(self, service, endpoint=None, credentials=ROOT, **options):
        config = botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"}, **options)
        return boto3.client(
            service, endpoint_url=endpoint or self.url, region_name=REGION, config=config, **credentials
        )

    def functions(self):
        """The processes of its functions: their ids by the executable."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,pgid=,args="], check=True, capture_output=True, text=True
        ).stdout
        processes = {}
        for line in listed.splitlines():
            pid, group, command = line.split(None, 2)
            if int(group) == self.process.pid and command.endswith("/bootstrap"):
                processes.setdefault(command, []).append(int(pid))
        return processes


@contextlib.contextmanager
def started(folder, functions_port=None):
    """Runs an emulator that leaves nothing outside `folder`; its log is `emulator.log` there. What its functions ask of AWS goes
    to `functions_port`, if it is another than its own.
    """
    port = free_port()
    emulator = Emulator(port)
    scratch = os.path.join(folder, "tmp")
    os.makedirs(scratch, exist_ok=True)
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": folder,
        "TMPDIR": scratch,
        "STATE_DIR": os.path.join(scratch, "state"),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": ROOT["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": ROOT["aws_secret_access_key"],
        # Where its functions find it.
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{functions_port or port}",
        "NO_PROXY": "127.0.0.1",
    }
    with open(os.path.join(folder, "emulator.log"), "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [os.path.join(os.path.dirname(sys.executable), "ministack")],
            cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True,
        )
        emulator.process = process
        try:
            wait_until_healthy(emulator, process)
            yield emulator
        finally:
            # Its functions are in its session too.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(emulator, process):
    deadline = time.monotonic() + START_SECS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the emulator ended with status {process.returncode}; see emulator.log")
        with contextlib.suppress(OSError, urllib.error.URLError):
            with urllib.request.urlopen(f"{emulator.url}/_ministack/health", timeout=5):
                return
        time.sleep(0.1)
    raise RuntimeError("the emulator did not start; see emulator.log")
