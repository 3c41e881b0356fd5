"""The AWS SDK for JavaScript against `baton serve`. Skipped where there is no Node.js or no npm, unless CI is set."""

import os
import shutil
import subprocess
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


class JavaScript(served.Case):
    """One script, which calls each operation."""

    def test_every_operation(self):
        reason = missing()
        if reason and os.environ.get("CI") != "true":
            self.skipTest(reason)
        self.assertIsNone(reason)
        script = os.path.join(SCRIPTS, "operations.cjs")
        done = subprocess.run(
            ["node", script, self.server.url, PACKAGES], capture_output=True, text=True, timeout=120, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
