"""A way to a server that can lose what it says: the line breaks after COMMIT went through, before its answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

WORD = b"COMMIT"


@dataclass
class Proxy:
    """Hands bytes on in both directions; `cuts` says how many commits still to leave unanswered."""

    url: str
    cuts: int = 0
    cut: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)
    _listening: list[socket.socket] = field(default_factory=list)

    def serve(self, listening: socket.socket, target: tuple[str, int]) -> None:
        self._listening.append(listening)
        with contextlib.suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection(target)
                self._sockets += [client, server]
                lost = threading.Event()
                for source, sink, is_client in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pump, args=(source, sink, is_client, lost), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_client: bool, lost: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_client and WORD in data and self.cuts:
                    self.cuts -= 1
                    lost.set()
                    sink.sendall(data)
                elif not is_client and lost.is_set():
                    break  # the server has answered, so the commit stands; nobody hears of it
                else:
                    sink.sendall(data)
            self.cut += lost.is_set() and not is_client
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def die(self) -> None:
        """Be as a server that was killed: all lines break, and nothing listens here any more."""
        for each in (*self._sockets, *self._listening):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        for each in self._sockets:
            each.close()


@contextmanager
def cutting(url: str) -> Iterator[Proxy]:
    """A proxy in front of the server of this address."""
    parts = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{listening.getsockname()[1]}"
        proxy = Proxy(urlunsplit(parts._replace(netloc=here)))
        target = (parts.hostname or "127.0.0.1", parts.port or 5432)
        threading.Thread(target=proxy.serve, args=(listening, target), daemon=True).start()
        yield proxy
    proxy.close()
