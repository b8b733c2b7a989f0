"""Serve an app with gunicorn and Spa's worker: ``gunicorn app:app`` reads this file from the current directory."""

import os
from pathlib import Path

# bind and workers are left to gunicorn: 0.0.0.0 and PORT where the environment has a PORT, else 127.0.0.1:8000; as many
# as its WEB_CONCURRENCY says, else 1. One process waits for thousands of clients; more use more cores, but share no
# memory, so that WebSockets which meet there do not meet any more.

worker_class = "spa.server.worker.Worker"  # logs WebSockets, and drains them at the end
worker_connections = 4000  # of one worker, open WebSockets included; the limit of descriptors must be higher

# Seconds. A request may take as long as it likes: the timeout is for a worker whose greenlets do not get their turn.
timeout = 30
graceful_timeout = 25  # platforms kill 30 s after SIGTERM; Spa's worker is done 2 s before this time
keepalive = 75  # longer than the proxy keeps its idle connections (60), so that no request meets a closing one

# The sign of life of a worker is a file; on a slow disk it would look stuck.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # a directory of memory
control_socket_disable = True  # nobody asks it, and two apps of one user would fight for one path

# Whose X-Forwarded-Proto gunicorn believes; FORWARDED_ALLOW_IPS names a proxy on another machine. ProxyFix, where the
# app has it, believes whoever connects: let nobody but the proxy reach this port.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")

accesslog = "-"  # stdout
# Client, request, status, bytes, milliseconds, and the name of the request, which the app's log has too.
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s B %(M)s ms [%({x-request-id}i)s]'
