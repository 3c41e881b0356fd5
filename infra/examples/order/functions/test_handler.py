"""Holds `handler.py` to `../behaviours.json`. Run: python3 -m unittest discover infra/examples/order/functions"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import types
import unittest
from unittest import mock

import handler

HERE = pathlib.Path(__file__).parent
TABLE = json.loads((HERE.parent / "behaviours.json").read_text(encoding="utf-8"))


class Behaviours(unittest.TestCase):
    def test_every_behaviour_in_the_table(self):
        self.assertTrue(TABLE["behaviours"])
        for behaviour in TABLE["behaviours"]:
            with self.subTest(behaviour["about"]), tempfile.TemporaryDirectory() as folder:
                self.check(behaviour, handler.Books(folder))

    def check(self, behaviour, books):
        for call in behaviour["calls"]:
            if "result" in call:
                self.assertEqual(handler.call(call["call"], event_of(call), books), call["result"])
            else:
                with self.assertRaises(handler.Failure) as raised:
                    handler.call(call["call"], event_of(call), books)
                failure = raised.exception
                self.assertEqual((type(failure).__name__, str(failure)), (call["error"], call["message"]))
        for name, content in behaviour["books"].items():
            self.assertEqual(content_of(name, books), content, name)


class Surroundings(unittest.TestCase):
    """What the table cannot say: the runtime's environment, other processes, damaged books."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.books = handler.Books(folder.name)

    def test_lambda_names_the_function_in_the_environment_or_the_context(self):
        event = {"order": TABLE["orders"]["pens"]}
        context = types.SimpleNamespace(function_name="order-dispatch")
        with mock.patch.dict(os.environ, {"ORDER_DIR": self.books.folder}):
            self.assertEqual(handler.handler(event, context), {"trackingNumber": "TRACK-pens"})
            os.environ["AWS_LAMBDA_FUNCTION_NAME"] = "order-refund-payment"
            self.assertEqual(handler.handler(event, context), {"refundedCents": 0})

    def test_a_request_for_approval_says_where_to_answer(self):
        event = {"order": TABLE["orders"]["pens"], "taskToken": "t"}
        handler.call("order-request-approval", event, self.books, "http://127.0.0.1:8083")
        self.assertEqual(self.books.read("approvals/pens.json")["answerTo"], "http://127.0.0.1:8083")

    def test_processes_at_the_same_time_keep_the_stock_right(self):
        events = [{"order": {**TABLE["orders"]["pens"], "orderId": f"pens-{n}"}} for n in range(8)]
        script = "import json, sys, handler; handler.handler(json.load(sys.stdin), None)"
        environment = {
            **os.environ,
            "ORDER_DIR": self.books.folder,
            "AWS_LAMBDA_FUNCTION_NAME": "order-reserve-inventory",
        }
        processes = [
            subprocess.Popen([sys.executable, "-c", script], cwd=HERE, env=environment, stdin=subprocess.PIPE)
            for _ in events
        ]
        for process, event in zip(processes, events):
            process.stdin.write(json.dumps(event).encode())
            process.stdin.close()
        self.assertEqual([process.wait() for process in processes], [0] * len(events))
        inventory = self.books.read("inventory.json")
        self.assertEqual(inventory["stock"]["pencil"], 1_000_000 - 8 * 15)
        self.assertEqual(len(inventory["reservations"]), 8)

    def test_damaged_books_are_a_failure_and_stay_as_they_are(self):
        for damage in ("{", "[]"):
            self.books.write_text("inventory.json", damage)
            with self.assertRaises(handler.BooksUnavailable):
                handler.call("order-reserve-inventory", {"order": TABLE["orders"]["pens"]}, self.books)
            self.assertEqual(self.books.read_text("inventory.json"), damage)

    def test_a_half_written_last_line_costs_no_other(self):
        with open(self.books.path("analytics.jsonl"), "w", encoding="utf-8") as file:
            file.write('{"orderId": "pe')
        event = {"order": TABLE["orders"]["pens"], "orderedAt": "2026-11-20T13:00:00Z"}
        handler.call("order-record-analytics", event, self.books)
        lines = self.books.read_text("analytics.jsonl").splitlines()
        self.assertEqual((len(lines), json.loads(lines[1])["orderId"]), (2, "pens"))


class Bootstrap(unittest.TestCase):
    """`bootstrap` as the Runtime API sees it."""

    def test_results_and_failures_go_back_under_their_request(self):
        pens, declined = ({"order": TABLE["orders"][name]} for name in ("pens", "declined"))
        answers = self.serve([("1", pens), ("2", declined)])
        self.assertEqual(answers["1"], ("response", {"authorisation": "auth-pens", "amountCents": 3800}))
        failure = {"errorType": "PaymentDeclined", "errorMessage": "the card was declined"}
        self.assertEqual(answers["2"], ("error", failure))

    def serve(self, invocations):
        """What the bootstrap answers to these requests; then it is sent away."""
        answers = {}

        class RuntimeApi(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                request_id, event = invocations.pop(0) if invocations else ("", None)
                self.send_response(200 if request_id else 410)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
                self.end_headers()
                self.wfile.write(json.dumps(event).encode())

            def do_POST(self):
                request_id, kind = self.path.split("/")[-2:]
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answers[request_id] = (kind, json.loads(body))
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_):
                pass

        with tempfile.TemporaryDirectory() as folder, http.server.HTTPServer(("127.0.0.1", 0), RuntimeApi) as api:
            threading.Thread(target=api.serve_forever, daemon=True).start()
            environment = {
                **os.environ,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
                "AWS_LAMBDA_FUNCTION_NAME": "order-validate-payment",
                "ORDER_DIR": folder,
            }
            command = [sys.executable, HERE / "bootstrap"]
            ended = subprocess.run(command, env=environment, capture_output=True, timeout=60)
            api.shutdown()
        self.assertIn(b"410", ended.stderr)
        return answers


def event_of(call):
    if "event" in call:
        return call["event"]
    order = {**TABLE["orders"][call["order"]], **call.get("adds", {})}
    return {"order": order, **call.get("with", {})}


def content_of(name, books):
    text = books.read_text(name)
    if text is None or name.endswith(".eml"):
        return text
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


if __name__ == "__main__":
    unittest.main()
