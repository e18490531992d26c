"""Reading on where botocore has no paginator, from a server of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from executor.aws import Api, Credentials, Where

PAGES = {"": ("a", "1"), "1": ("b", "2"), "2": ("c", ""), "again": ("d", "again")}


class _Athena(BaseHTTPRequestHandler):
    asked: list[dict[str, object]]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(asked)
        name, more = PAGES[str(asked.get("NextToken", ""))]
        page = {"WorkGroups": [{"Name": name}], **({"NextToken": more} if more else {})}
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@contextmanager
def _athena() -> Iterator[tuple[Api, list[dict[str, object]]]]:
    _Athena.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Athena)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        keys = Credentials(access_key="123456789012", secret_key="unused")
        url = f"http://127.0.0.1:{server.server_port}"
        yield Api(Where(region="us-east-1", endpoint_url=url, credentials=keys)), _Athena.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _names(api: Api, **params: object) -> list[str]:
    pages = api.pages("athena", "ListWorkGroups", params)
    return [
        str(group["Name"])
        for page in pages
        for group in page["WorkGroups"]  # type: ignore[union-attr]
        if isinstance(group, dict)
    ]


def test_all_pages_are_read_where_botocore_has_no_paginator() -> None:
    with _athena() as (api, asked):
        assert _names(api, MaxResults=50) == ["a", "b", "c"]
        assert asked == [
            {"MaxResults": 50},
            {"MaxResults": 50, "NextToken": "1"},
            {"MaxResults": 50, "NextToken": "2"},
        ]


def test_a_token_that_comes_again_ends_the_reading() -> None:
    with _athena() as (api, _):
        assert _names(api, NextToken="again") == ["d", "d"]
