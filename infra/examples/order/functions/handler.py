"""The functions behind the order example, for AWS Lambda's Python runtime.

One file serves them all: `AWS_LAMBDA_FUNCTION_NAME` says which function is called. `tasks/` is the same for one
machine, and `behaviours.json` holds both to the same answers.

What always holds: everything is kept in one folder, the books (`ORDER_DIR`), each file named by the order it
belongs to; only one function at a time has the books open, also across processes; every function may be called
again with the same event and then changes nothing.
"""

import contextlib
import fcntl
import json
import os
import re

# How large an order may be.
LINES_MAX = 100
QUANTITY_MAX = 10_000
UNIT_PRICE_CENTS_MAX = 10_000_000
APPROVAL_TIMEOUT_SECS_MAX = 604_800  # a week
DISPATCH_DELAY_SECS_MAX = 2_592_000  # thirty days

PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,100}")


def handler(event, context):
    """What Lambda calls."""
    name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or context.function_name
    books = Books(os.environ.get("ORDER_DIR") or "/tmp/order")
    return call(name, event, books, os.environ.get("AWS_ENDPOINT_URL_SFN") or None)


def call(name, event, books, answer_to=None):
    """Calls the function of that name; `answer_to` is the endpoint where an approval can be answered, if known."""
    if name not in FUNCTIONS:
        raise UnknownFunction(f"there is no function `{name}`")
    run, key, failure = FUNCTIONS[name]
    if name == "order-prepare-line":
        event, order_id, counter, mishap = check_line_event(event)
    else:
        check_order(event.get("order") if isinstance(event, dict) else None)
        event = {**event, "answerTo": answer_to}
        order_id, counter = event["order"]["orderId"], key
        mishap = event["order"].get("simulate", {}).get(key)
    with books.opened():
        if mishap:
            simulate(mishap, f"{order_id}.{counter}", failure, books)
        return run(event, books)


# Failures: the class's name is what `ErrorEquals` matches.


class Failure(Exception):
    """What a function fails with."""


class InvalidOrder(Failure):
    pass


class InvalidEvent(Failure):
    pass


class PaymentDeclined(Failure):
    pass


class OutOfStock(Failure):
    pass


class ServiceUnavailable(Failure):
    pass


class BooksUnavailable(Failure):
    pass


class UnknownFunction(Failure):
    pass


# The books.


class Books:
    """A folder of small files, the only thing the functions share.

    A file is replaced as a whole or not at all; only `analytics.jsonl` grows, line by line.
    """

    def __init__(self, folder):
        self.folder = folder

    @contextlib.contextmanager
    def opened(self):
        """Waits until nobody else has them open; the operating system drops the lock with the process."""
        try:
            os.makedirs(self.folder, exist_ok=True)
            with open(self.path("lock"), "a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise BooksUnavailable(f"cannot use `{self.folder}`: {error}") from error

    def path(self, name):
        return os.path.join(self.folder, name)

    def read_text(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def read(self, name):
        """The JSON object in a file, if there is one."""
        text = self.read_text(name)
        if text is None:
            return None
        try:
            content = json.loads(text)
        except ValueError as error:
            raise BooksUnavailable(f"cannot use `{self.path(name)}`: {error}") from error
        if not isinstance(content, dict):
            raise BooksUnavailable(f"cannot use `{self.path(name)}`: not an object")
        return content

    def write_text(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        draft = self.path("draft")  # the lock makes this name ours
        with open(draft, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)

    def write(self, name, content):
        self.write_text(name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def append(self, name, line):
        """Adds a line. A last line that a dying process left half-written stays a line of its own."""
        text = self.read_text(name)
        start = "\n" if text and not text.endswith("\n") else ""
        with open(self.path(name), "a", encoding="utf-8") as file:
            file.write(f"{start}{json.dumps(line, ensure_ascii=False)}\n")

    def remove(self, name):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path(name))


def simulate(mishap, counter, failure, books):
    """Trouble that an order asks for itself; attempts are counted in the books, so they add up over processes."""
    if mishap == "fails":
        raise type(failure, (Failure,), {})("as the order asked for")
    file = f"attempts/{counter}.json"
    attempt = (books.read(file) or {}).get("attempts", 0) + 1
    books.write(file, {"attempts": attempt})
    failing = MISHAPS[mishap]
    if failing is None or attempt <= failing:
        raise ServiceUnavailable(f"attempt {attempt} failed, as the order asked for")


MISHAPS = {"transient-once": 1, "transient-twice": 2, "transient-always": None, "fails": None}
MISHAP_WANTED = "one of " + ", ".join(f"`{mishap}`" for mishap in MISHAPS)


# The order, checked.


def check_order(order):
    """Refuses an order with every problem it has. It may hold more: the states add their results to it."""
    problems = []
    if not isinstance(order, dict):
        raise InvalidOrder("`order` is not an object")
    check = Check(order, "order", problems)
    check.member("orderId", ID_WANTED, is_id)
    lines_fit = check.member("lines", f"a list of 1 to {LINES_MAX} lines", is_list_of_lines)
    for index, line in enumerate(order["lines"] if lines_fit else []):
        check_line(line, f"lines[{index}]", problems)
    check.optional("simulate", f"an object of a task's short name to {MISHAP_WANTED}", are_mishaps)
    check.optional("approvalTimeoutSeconds", *whole_number(1, APPROVAL_TIMEOUT_SECS_MAX))
    check.optional("dispatchAfterSeconds", *whole_number(0, DISPATCH_DELAY_SECS_MAX))
    customer = Check(order.get("customer"), "customer", problems)
    customer.member("name", "1 to 100 characters on one line", is_one_line)
    customer.member("email", "an e-mail address", is_email)
    payment = Check(order.get("payment"), "payment", problems)
    payment.member("card", "a card token (`tok_…`), never a card's number", is_card)
    refuse(problems)


def check_line(line, place, problems):
    check = Check(line, place, problems)
    check.member("sku", ID_WANTED, is_id)
    check.member("quantity", *whole_number(1, QUANTITY_MAX))
    check.member("unitPriceCents", *whole_number(0, UNIT_PRICE_CENTS_MAX))
    check.optional("simulate", MISHAP_WANTED, is_mishap)


def check_line_event(event):
    """The event of one iteration over the lines: the event, its order, the attempts' name and the mishap."""
    event = event if isinstance(event, dict) else {}
    problems = []
    Check(event, "event", problems).member("orderId", ID_WANTED, is_id)
    refuse(problems)
    if not whole_number(0, LINES_MAX - 1)[1](event.get("index")):
        raise InvalidEvent("`index` must be a line's number")
    line = event.get("line")
    check_line(line, "line", problems)
    refuse(problems)
    return event, event["orderId"], f"line-{event['index']}", line.get("simulate")


def refuse(problems):
    if problems:
        raise InvalidOrder("; ".join(problems))


class Check:
    """Notes what is wrong with each member instead of stopping at the first."""

    def __init__(self, members, place, problems):
        self.members, self.place, self.problems = members, place, problems
        if not isinstance(members, dict):
            problems.append(f"`{place}` is not an object")

    def member(self, name, wanted, passes):
        if not isinstance(self.members, dict):
            return False
        passed = name in self.members and bool(passes(self.members[name]))
        if not passed:
            self.problems.append(f"`{name}` of `{self.place}` must be {wanted}")
        return passed

    def optional(self, name, wanted, passes):
        if isinstance(self.members, dict) and name in self.members:
            self.member(name, wanted, passes)


ID_WANTED = "1 to 64 letters, digits, `-` or `_`"


def is_id(value):
    return isinstance(value, str) and PLAIN_ID.fullmatch(value)


def is_one_line(value):
    """Text that cannot start another header of a mail."""
    return isinstance(value, str) and ONE_LINE.fullmatch(value)


def is_email(value):
    return is_one_line(value) and value.count("@") == 1 and not set(value) & set(" <>,")


def is_card(value):
    return is_one_line(value) and value.startswith("tok_")


def is_list_of_lines(value):
    return isinstance(value, list) and 1 <= len(value) <= LINES_MAX


def is_mishap(value):
    return isinstance(value, str) and value in MISHAPS


def are_mishaps(value):
    """A line's mishap stands in the line."""
    keys = {key for _, key, _ in FUNCTIONS.values()} - {"line"}
    return isinstance(value, dict) and all(key in keys and is_mishap(how) for key, how in value.items())


def whole_number(low, high):
    def passes(value):
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return f"a whole number from {low} to {high}", passes


def text_of(event, name):
    value = event.get(name)
    if not isinstance(value, str):
        raise InvalidEvent(f"`{name}` must be a string")
    return value


def amount_cents(order):
    return sum(line["quantity"] * line["unitPriceCents"] for line in order["lines"])


def quantities(order):
    """How much of each article, over all lines."""
    sums = {}
    for line in order["lines"]:
        sums[line["sku"]] = sums.get(line["sku"], 0) + line["quantity"]
    return sums


# The payment: taken with the first look at the order, given back when the order fails.

# What the states add to an order. An order that brings one along could steer them.
ADDED_BY_STATES = (
    "charge",
    "reservation",
    "approval",
    "confirmation",
    "prepared",
    "dispatch",
    "failure",
    "compensationFailure",
)


def validate_payment(event, books):
    order = event["order"]
    brought = [name for name in ADDED_BY_STATES if name in order]
    refuse([f"`{name}` is not for the customer to say" for name in brought])
    order_id, amount = order["orderId"], amount_cents(order)
    file = f"payments/{order_id}.json"
    known = books.read(file)
    if known and known.get("status") == "taken" and known.get("amountCents") != amount:
        raise InvalidOrder(f"order `{order_id}` was paid before, with another amount")
    if order["payment"]["card"] == "tok_declined":
        raise PaymentDeclined("the card was declined")
    authorisation = f"auth-{order_id}"
    payment = {"orderId": order_id, "authorisation": authorisation, "amountCents": amount, "status": "taken"}
    books.write(file, payment)
    return {"authorisation": authorisation, "amountCents": amount}


def refund_payment(event, books):
    file = f"payments/{event['order']['orderId']}.json"
    payment = books.read(file)
    if payment is None:
        return {"refundedCents": 0}
    if payment.get("status") == "taken":
        books.write(file, {**payment, "status": "refunded"})
    return {"refundedCents": payment.get("amountCents")}


# The stock, and what is set aside of it. An article is in `stock` or in one order's reservation, never in both;
# it leaves the file when it is dispatched.

INVENTORY = "inventory.json"
FIRST_STOCK = {"pencil": 1_000_000, "notebook": 100_000, "lamp": 10_000, "desk": 5_000}


def read_inventory(books):
    kept = books.read(INVENTORY)
    if kept is None:
        return dict(FIRST_STOCK), {}
    return kept.get("stock", {}), kept.get("reservations", {})


def write_inventory(stock, reservations, books):
    books.write(INVENTORY, {"stock": stock, "reservations": reservations})


def reserve_inventory(event, books):
    """Sets the whole order aside, or nothing of it."""
    order = event["order"]
    wanted = quantities(order)
    stock, reservations = read_inventory(books)
    if order["orderId"] not in reservations and not is_dispatched(order, books):
        for sku, quantity in sorted(wanted.items()):
            available = stock.get(sku, 0)
            if available < quantity:
                raise OutOfStock(f"only {available} of `{sku}` in stock, {quantity} were ordered")
            stock[sku] = available - quantity
        reservations[order["orderId"]] = wanted
        write_inventory(stock, reservations, books)
    return {"reserved": wanted}


def release_inventory(event, books):
    """Puts the reservation back, and the lines that were already picked."""
    order = event["order"]
    stock, reservations = read_inventory(books)
    reserved = reservations.pop(order["orderId"], None)
    if reserved is not None:
        for sku, quantity in reserved.items():
            stock[sku] = stock.get(sku, 0) + quantity
        write_inventory(stock, reservations, books)
    for index in range(len(order["lines"])):
        books.remove(slip_file(order["orderId"], index))
    return {"released": reserved or {}}


def settle_inventory(order, books):
    """Forgets the reservation of an order that has left the house."""
    stock, reservations = read_inventory(books)
    if reservations.pop(order["orderId"], None) is not None:
        write_inventory(stock, reservations, books)


# A person's approval.


def request_approval(event, books):
    """Each attempt has a token of its own, so the latest request replaces the one before."""
    order = event["order"]
    file = f"approvals/{order['orderId']}.json"
    request = {
        "orderId": order["orderId"],
        "customer": order["customer"]["name"],
        "amountCents": amount_cents(order),
        "taskToken": text_of(event, "taskToken"),
        "answerTo": event["answerTo"],
    }
    books.write(file, request)
    return {"request": file}


# Mails to the customer, one of a kind an order.

REASONS = {
    "PaymentDeclined": "Your card was declined.",
    "OutOfStock": "We do not have enough of it in stock.",
    "ApprovalRejected": "We cannot accept an order of this size from you.",
    "ApprovalTimedOut": "We did not manage to check your order in time.",
    "LineFailed": "One of the articles turned out to be damaged.",
}


def send_mail(event, books):
    order, kind = event["order"], text_of(event, "kind")
    if kind == "confirmation":
        subject, body = "is confirmed", "Thank you. We are preparing your order."
    elif kind == "failure":
        subject, body = "could not be completed", failure_body(order)
    else:
        raise InvalidEvent(f"there is no mail `{kind}`")
    order_id, name, email = order["orderId"], order["customer"]["name"], order["customer"]["email"]
    file = f"mails/{order_id}.{kind}.eml"
    mail = (
        f"From: orders@example.com\nTo: {name} <{email}>\nSubject: Your order {order_id} {subject}\n"
        f"Content-Type: text/plain; charset=utf-8\n\nDear {name},\n\n{body}\n"
    )
    if books.read_text(file) is None:
        books.write_text(file, mail)
    return {"file": file}


def failure_body(order):
    failure = order.get("failure")
    error = failure.get("Error") if isinstance(failure, dict) else None
    reason = REASONS.get(error, "Something went wrong on our side.")
    if "compensationFailure" in order:
        money = "If you have been charged, we will give the money back and write to you again."
    elif "charge" in order:
        money = "Your payment has been refunded."
    else:
        money = "You have not been charged."
    return f"{reason}\n{money}"


# What others want to know of an order.


def record_analytics(event, books):
    """Counts an order once."""
    order = event["order"]
    counted = (books.read_text("analytics.jsonl") or "").split("\n")
    if not any(order_of(line) == order["orderId"] for line in counted):
        line = {
            "orderId": order["orderId"],
            "orderedAt": text_of(event, "orderedAt"),
            "amountCents": amount_cents(order),
            "lines": len(order["lines"]),
        }
        books.append("analytics.jsonl", line)
    return {"recorded": True}


def order_of(line):
    try:
        return json.loads(line).get("orderId")
    except (ValueError, AttributeError):
        return None


def create_invoice(event, books):
    """Writes an invoice once."""
    order = event["order"]
    number, file = f"INV-{order['orderId']}", f"invoices/{order['orderId']}.json"
    if books.read(file) is None:
        lines = [
            {
                "sku": line["sku"],
                "quantity": line["quantity"],
                "amountCents": line["quantity"] * line["unitPriceCents"],
            }
            for line in order["lines"]
        ]
        invoice = {
            "number": number,
            "date": text_of(event, "date"),
            "customer": order["customer"]["name"],
            "lines": lines,
            "amountCents": amount_cents(order),
        }
        books.write(file, invoice)
    return {"number": number, "file": file}


# The lines and the parcel.


def prepare_line(event, books):
    line = {"sku": event["line"]["sku"], "quantity": event["line"]["quantity"]}
    slip = slip_file(event["orderId"], event["index"])
    books.write(slip, line)
    return {**line, "slip": slip}


def slip_file(order_id, index):
    return f"lines/{order_id}.{index}.json"


def dispatch(event, books):
    """Settles the reservation on every call: an earlier one may have died between its two files."""
    order = event["order"]
    tracking_number = f"TRACK-{order['orderId']}"
    if not is_dispatched(order, books):
        parcel = {
            "orderId": order["orderId"],
            "trackingNumber": tracking_number,
            "articles": quantities(order),
        }
        books.write(parcel_file(order), parcel)
    settle_inventory(order, books)
    return {"trackingNumber": tracking_number}


def is_dispatched(order, books):
    return books.read(parcel_file(order)) is not None


def parcel_file(order):
    return f"dispatches/{order['orderId']}.json"


# By the function's name: what it does, what an order's `simulate` calls it, and its error when it fails for good.
FUNCTIONS = {
    "order-validate-payment": (validate_payment, "payment", "PaymentFailed"),
    "order-reserve-inventory": (reserve_inventory, "inventory", "InventoryFailed"),
    "order-request-approval": (request_approval, "approval", "ApprovalFailed"),
    "order-send-mail": (send_mail, "mail", "MailFailed"),
    "order-record-analytics": (record_analytics, "analytics", "AnalyticsFailed"),
    "order-create-invoice": (create_invoice, "invoice", "InvoiceFailed"),
    "order-prepare-line": (prepare_line, "line", "LineFailed"),
    "order-dispatch": (dispatch, "dispatch", "DispatchFailed"),
    "order-release-inventory": (release_inventory, "release", "ReleaseFailed"),
    "order-refund-payment": (refund_payment, "refund", "RefundFailed"),
}
