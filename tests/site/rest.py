"""The REST API of a running portal, as a program uses it: nothing but HTTP."""

import json
import time
from base64 import b64encode
from urllib.request import Request, urlopen

__all__ = ["Api", "api_of", "wait_for_jobs"]

LONGEST_WAIT_S = 120


class Api:
    """Requests to a portal with one token, or with none."""

    def __init__(self, url, token=""):
        self.url, self.headers = url, {"Authorization": f"Token {token}"} if token else {}

    def call(self, method, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        told = {**self.headers, "Content-Type": "application/json", **headers}
        request = Request(self.url + path, data=data, method=method, headers=told)
        with urlopen(request, timeout=30) as answer:
            return answer.read()

    def json(self, method, path, body=None, **headers):
        return json.loads(self.call(method, path, body, **headers))

    def first(self, path):
        """Return the first row of a list, or None."""
        return next(iter(self.json("GET", path)["results"]), None)


def api_of(url, name):
    """Return the API as one of the demo's logins sees it."""
    login = b64encode(f"{name}:{name}-diffraction".encode()).decode()
    token = Api(url).json("POST", "/api/tokens/", {}, Authorization=f"Basic {login}")["token"]
    return Api(url, token)


def wait_for_jobs(url):
    """Wait until all that was asked for has ended."""
    api = api_of(url, "scientist")
    deadline = time.monotonic() + LONGEST_WAIT_S
    while (job := api.first("/api/jobs/?state=queued&state=running")) and time.monotonic() < deadline:
        time.sleep(0.3)
    assert job is None, job
