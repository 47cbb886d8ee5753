"""The store behind HTTP, a queue and a timer, whoever runs it: Cloudflare Workers, or `avro-ocf serve`.

`Application` is all of it. Nothing here knows a socket, a framework or a platform, and importing it needs no clock and no entropy:
requests and messages come in as values, responses and verdicts go out as values.
"""

from avro_ocf.worker.access import Access, issue_token
from avro_ocf.worker.application import Application
from avro_ocf.worker.http import Request, Response
from avro_ocf.worker.messages import Message, Verdict

__all__ = ["Access", "Application", "Message", "Request", "Response", "Verdict", "issue_token"]
