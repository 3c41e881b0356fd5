"""Holds `handler.py` to `../behaviours.json`. Run: python3 -m unittest discover infra/examples/order/functions"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
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
