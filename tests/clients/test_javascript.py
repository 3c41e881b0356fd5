"""The AWS SDK for JavaScript against `baton serve`. Skipped where there is no Node.js or no npm, unless CI is set."""

import http.server
import os
import shutil
import subprocess
import threading
import unittest

import served

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "javascript")
PACKAGES = os.path.join(served.ROOT, "target", "javascript")


def missing():
    """What is missing; nothing if all is there, installed once."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "Node.js or npm is missing"
    wanted, there = os.path.join(SCRIPTS, "package.json"), os.path.join(PACKAGES, "package.json")
    with open(wanted, "rb") as file:
        text = file.read()
    is_there = os.path.exists(os.path.join(PACKAGES, "node_modules", "@aws-sdk", "client-sfn"))
    if is_there and os.path.exists(there):
        with open(there, "rb") as file:
            if file.read() == text:
                return None
    os.makedirs(PACKAGES, exist_ok=True)
    shutil.copy(wanted, there)
    npm = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--no-package-lock"]
    done = subprocess.run(npm, cwd=PACKAGES, capture_output=True, text=True, timeout=300, check=False)
    return None if done.returncode == 0 else f"npm cannot install {wanted}: {done.stderr[-500:]}"


def run(test, script, endpoint):
    """Runs a script; answers what it printed."""
    reason = missing()
    if reason and os.environ.get("CI") != "true":
        test.skipTest(reason)
    test.assertIsNone(reason)
    done = subprocess.run(
        ["node", os.path.join(SCRIPTS, script), endpoint, PACKAGES], capture_output=True, text=True, timeout=120, check=False
    )
    test.assertEqual(done.returncode, 0, done.stderr)
    return done.stdout


class JavaScript(served.Case):
    """One script, which calls each operation."""

    def test_every_operation(self):
        run(self, "operations.cjs", self.server.url)


class Peer(http.server.BaseHTTPRequestHandler):
    """Answers every request with an empty list, and keeps how it was signed."""

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.signed = self.headers["authorization"]
        body = b'{"stateMachines": []}'
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


class Signing(unittest.TestCase):
    """The settings that infra/README.md gives for a stack's endpoint."""

    def test_a_client_that_is_told_signs_for_lambda(self):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer) as peer:
            threading.Thread(target=peer.serve_forever, daemon=True).start()
            said = run(self, "signing.cjs", f"http://127.0.0.1:{peer.server_port}")
            peer.shutdown()
        self.assertEqual(said, "[]\n")
        self.assertIn("/us-east-1/lambda/aws4_request", peer.signed)


if __name__ == "__main__":
    unittest.main()
