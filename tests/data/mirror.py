"""A server on this machine that breaks off, lies, refuses, or knows nothing of ranges, with two small files."""

import gzip
import hashlib
import http.server
import threading

import numpy as np

RAW = {
    name: np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8).tobytes()
    for seed, (name, size) in enumerate({"images": 300_000, "labels": 5_000}.items())
}
FILES = {f"{name}.gz": gzip.compress(raw, mtime=0) for name, raw in RAW.items()}
CONTENTS = {name: hashlib.sha256(raw).hexdigest() for name, raw in RAW.items()}


class Handler(http.server.BaseHTTPRequestHandler):
    """The first part of the path is the server's mood; ranges are served except by "norange"."""

    def do_GET(self):
        _, mood, name = self.path.split("/")
        asked = self.headers.get("Range")
        self.server.requests.append((mood, name, asked))
        data, start = FILES[name], 0
        if mood == "missing":
            return self.send_error(404)
        if mood == "wrong":
            data = gzip.compress(b"something else", mtime=0)
        if mood == "garbage":
            data = b"<html>Welcome to the hotel network</html>" * 100
        if asked and mood != "norange":
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                return self.send_error(416)
        self.send_response(206 if asked and mood != "norange" else 200)
        if asked and mood != "norange":
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        body = data[start:]
        if mood != "nolength":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = mood == "breaks" and name == "images.gz"
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def log_message(self, *_):
        pass


def serve():
    """Start a server on a free port; it keeps a list of `requests` (mood, file, Range header) and knows its `url`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server
