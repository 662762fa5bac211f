"""A small HTTP server with range requests that can misbehave, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server(ThreadingHTTPServer):
    """Serves the files of a directory; ``faults`` are taken one a GET request, then all goes well.

    Attributes
    ----------
    faults : list of str or int
        A status, ``cut`` (the body ends early), ``short`` (fewer bytes than asked for, and no word of it), ``hang``.
    always : str or int or None
        The fault of all requests.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.directory = directory
        self.faults: list[str | int] = []
        self.always: str | int | None = None
        self.requests = 0
        self.released = threading.Event()

    def url(self, name: str) -> str:
        """Return the address of a file."""
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(None)

    def do_GET(self):
        self.server.requests += 1
        fault = self.server.always if self.server.always is not None else None
        if fault is None and self.server.faults:
            fault = self.server.faults.pop(0)
        self._answer(fault)

    def _answer(self, fault):
        path = self.server.directory / self.path.partition("?")[0].lstrip("/")
        status = fault if isinstance(fault, int) else None if path.is_file() else 404
        if status is None and isinstance(self.server.always, int):
            status = self.server.always
        if status is not None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = path.read_bytes()
        asked = self.headers.get("Range") if fault != "whole" else None
        if asked:
            start, stop = (int(part) for part in asked.removeprefix("bytes=").split("-"))
            size, content = len(content), content[start : stop + 1]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{stop}/{size}")
        else:
            self.send_response(200)
        if fault == "hang":
            self.server.released.wait(60)
        body = content[: len(content) // 2] if fault in ("cut", "short") else content
        self.send_header("Content-Length", str(len(body if fault == "short" else content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
        if fault == "cut":
            self.close_connection = True


@contextmanager
def serving(directory: Path) -> Iterator[Server]:
    """Serve a directory while the block runs."""
    server = Server(directory)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
