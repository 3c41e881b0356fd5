"""A bad line between the deployed functions and the emulator.

It hands on what the functions ask of AWS, and on the way refuses requests, loses answers, cuts connections, delays, and sends
messages to queues a second time, at once or later. What it hands on it does not change, so that signatures hold.
"""

import asyncio
import collections
import contextlib
import random
import threading

BODY_BYTES_MAX = 64 * 1024 * 1024
HEAD_BYTES_MAX = 256 * 1024
LISTEN_SECS_MAX = 10
THROTTLED = {
    "dynamodb": (400, '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"too fast"}'),
    "sqs": (400, '{"__type":"com.amazonaws.sqs#RequestThrottled","message":"too fast"}'),
    "lambda": (429, '{"Type":"User","message":"Rate Exceeded.","Reason":"CallerRateLimitExceeded"}'),
    "other": (503, ""),
}
# The share of requests that each fault befalls while the line is bad.
RATES = {"throttle": 0.03, "lose": 0.01, "cut": 0.01, "delay": 0.03, "double": 0.05, "again later": 0.05}


class Message:
    """An HTTP request or answer: its first line and headers as they came, and its body."""

    def __init__(self, head, body):
        self.head, self.body = head, body
        lines = head.decode("latin-1").split("\r\n")
        self.first = lines[0]
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()

    def bytes(self):
        return self.head + b"\r\n\r\n" + self.body

    def service(self):
        """The service that it is for, by its signature."""
        scope = self.headers.get("authorization", "").partition("Credential=")[2].split("/")
        name = scope[3] if len(scope) > 3 else "other"
        return name if name in THROTTLED else "other"

    def operation(self):
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


class Proxy(threading.Thread):
    """Listens on `port` and hands on to the emulator's port. The line is good until `is_bad` is set."""

    def __init__(self, port, seed):
        super().__init__(daemon=True)
        self.port, self.target = port, None
        self.dice = random.Random(seed)
        self.is_bad = False
        # While set, nothing of this service is let through.
        self.outage = None
        # Refuses the requests that it holds of.
        self.refuse = lambda request: False
        self.tally = collections.Counter()
        self.is_listening = threading.Event()
        self.loop = self.serving = None
        self.background = set()

    def run(self):
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.connected, "127.0.0.1", self.port, limit=HEAD_BYTES_MAX)
        self.loop, self.serving = asyncio.get_running_loop(), asyncio.current_task()
        self.is_listening.set()
        await server.serve_forever()

    def __enter__(self):
        self.start()
        if not self.is_listening.wait(LISTEN_SECS_MAX):
            raise RuntimeError("the line between the functions and the emulator does not come up")
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.serving.cancel)
        self.join()

    async def connected(self, reader, writer):
        line = Line(self.target)
        try:
            while (request := await read_message(reader)) is not None:
                if not await self.hand_on(request, line, writer):
                    break
        except (OSError, EOFError, asyncio.IncompleteReadError):
            pass  # A function was killed, or the emulator has ended.
        finally:
            line.close()
            # Where a connection is cut or an answer lost, its end is seen at once.
            writer.transport.abort()

    async def hand_on(self, request, line, writer):
        """Asks, and answers, or does not; answers whether the connection goes on."""
        fault = self.fault(request)
        if fault:
            self.tally[fault] += 1
        if fault == "throttle":
            writer.write(throttled(request))
            return True
        if fault == "cut":
            return False
        if fault == "delay":
            await asyncio.sleep(self.dice.random())
        answer = await line.ask(request)
        if fault == "lose":
            return False
        if fault in ("double", "again later"):
            pause = 0 if fault == "double" else self.dice.random() * 8
            task = asyncio.create_task(self.send_again(request, pause))
            self.background.add(task)
            task.add_done_callback(self.background.discard)
        writer.write(answer.bytes())
        await writer.drain()
        return True

    def fault(self, request):
        if self.refuse(request) or self.outage == request.service():
            return "throttle"
        if not self.is_bad:
            return None
        chance = self.dice.random()
        for fault, rate in RATES.items():
            if chance < rate:
                is_send = request.operation().startswith("SendMessage")
                return fault if is_send or fault not in ("double", "again later") else None
            chance -= rate
        return None

    async def send_again(self, request, pause):
        await asyncio.sleep(pause)
        line = Line(self.target)
        try:
            await line.ask(request)
        except (OSError, EOFError):
            pass  # Then it is not sent again.
        finally:
            line.close()


class Line:
    """A connection to the emulator, made when it is needed first."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def ask(self, request):
        for is_last in (False, True):
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=HEAD_BYTES_MAX)
                is_last = True
            self.writer.write(request.bytes())
            answer = await read_message(self.reader, request.first.startswith("HEAD"))
            if answer is not None:
                return answer
            # It had been idle for so long that the emulator closed it.
            self.close()
            if is_last:
                raise EOFError("the emulator did not answer")

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


async def read_message(reader, is_bare=False):
    """The next message of a connection; none at its end."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
    except asyncio.IncompleteReadError:
        return None
    message = Message(head, b"")
    if is_bare:
        return message
    if "chunked" in message.headers.get("transfer-encoding", "").lower():
        message.body = await read_chunks(reader)
    else:
        length = int(message.headers.get("content-length", "0"))
        if length > BODY_BYTES_MAX:
            raise OSError("a message is too long")
        message.body = await reader.readexactly(length)
    return message


async def read_chunks(reader):
    """A body in chunks, as it came."""
    body = bytearray()
    while len(body) <= BODY_BYTES_MAX:
        line = await reader.readuntil(b"\r\n")
        rest = await reader.readexactly(int(line.partition(b";")[0], 16) + 2)
        body += line + rest
        if rest == b"\r\n":
            return bytes(body)
    raise OSError("a message is too long")


def throttled(request):
    status, body = THROTTLED[request.service()]
    head = [
        f"HTTP/1.1 {status} Slow Down", f"content-length: {len(body)}", "content-type: application/x-amz-json-1.0",
    ]
    if request.service() == "lambda":
        head.append("x-amzn-errortype: TooManyRequestsException")
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
