"""Who is looking. Started for this machine alone, all visitors are one; on a shared server each browser is another.

A browser is told apart by a random cookie. Of a run, only a hash of it is kept, so that nobody who reads a
run directory can pass for its owner. A cookie can be thrown away, so that places are counted by network address too.
"""

import hashlib
import os
import re
import secrets
import threading
from ipaddress import IPv4Address, ip_address, ip_network
from urllib.parse import urlsplit

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

COOKIE = "tinyformer_visitor"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
HERE = IPv4Address("127.0.0.1")  # the address of all whose address is not known, too
LOCAL = None  # the owner of all runs on a server that only this machine can reach, and of those from a terminal
_sessions, _lock = {}, threading.Lock()  # session id → visitor


def is_shared():
    """Whether people who do not know each other may use this server: it listens to other machines, stands behind a
    proxy, or is open in a browser under another name than this machine's. `TINYFORMER_SHARED=1` or `0` settles it."""
    if (told := os.environ.get("TINYFORMER_SHARED")) in ("0", "1"):
        return told == "1"
    return bool(_proxies()) or st.get_option("server.address") not in LOOPBACK or _came_through_a_proxy()


def _proxies():
    """How many proxies stand in front of this server, as it was told."""
    text = os.environ.get("TINYFORMER_PROXIES", "")
    return int(text) if text.isdecimal() and len(text) < 3 else 0


def _came_through_a_proxy():
    """Whether this browser did. A proxy that says nothing of itself cannot hide what the browser calls this server."""
    headers = st.context.headers
    if any(name in headers for name in FORWARDED):
        return True
    try:
        host = urlsplit(headers.get("Origin", "//localhost")).hostname or ""
    except ValueError:
        return True
    is_here = host == "localhost" or host.endswith(".localhost") or getattr(_parsed(host), "is_loopback", False)
    return st.context.ip_address is None and not is_here


def address():
    """What the places of a visitor are counted by, beside the cookie: an IPv4 address, or an IPv6 network of 64 bits,
    which is what one household has. None where all visitors are one."""
    if not is_shared():
        return None
    # A header is believed only if the server was told of proxies, each of which adds an entry at its end.
    entries = ",".join(st.context.headers.get_all("X-Forwarded-For")).replace(",", " ").split()
    found = _parsed(st.context.ip_address or "") or HERE
    if 0 < _proxies() <= len(entries):
        found = _parsed(entries[-_proxies()]) or HERE
    elif found in map(_parsed, entries):  # Streamlit's server believes the header of whoever comes from this machine
        found = HERE
    return str(found if found.version == 4 else ip_network((found.packed, 64), strict=False))


def _parsed(text):
    """An IP address, None if it is none. "1.2.3.4:80" and "[::1]:80" are the same from every port."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0] if "." in text else text
    for host in (text, bare):
        try:
            found = ip_address(host)
            return getattr(found, "ipv4_mapped", None) or found
        except ValueError:
            continue
    return None


def mode():
    """Whose runs one sees on this server, and how whoever runs it changes that."""
    if not is_shared():
        return (
            "This server is for this machine alone: all who open it share these runs. To give each browser its own, "
            "start it with TINYFORMER_SHARED=1; behind a proxy, with TINYFORMER_PROXIES=1."
        )
    shared = "This server is shared: each browser has its own runs."
    if _proxies() or not _came_through_a_proxy():
        return shared
    return (
        f"{shared} You come through a proxy that it was not told of: all who do so have the places of one visitor "
        "together, unless it is started with TINYFORMER_PROXIES=1."
    )


def current():
    """The visitor of this session: LOCAL, or a hash of the cookie's value."""
    if not is_shared():
        return LOCAL
    return hashlib.sha256(_token().encode()).hexdigest()[:32]


def _token():
    if "_visitor" not in st.session_state:
        known = st.context.cookies.get(COOKIE, "")
        st.session_state["_visitor"] = known if re.fullmatch(r"[A-Za-z0-9_-]{32}", known) else secrets.token_urlsafe(24)
    return st.session_state["_visitor"]


def introduce():
    """Once a run of the page: remember that this session is here, and give its browser a cookie if it has none."""
    context = get_script_run_ctx()
    if context is not None:
        with _lock:
            _sessions[context.session_id] = current()
    if is_shared() and st.context.cookies.get(COOKIE) != _token():
        # The value is our own, of 32 letters, digits, - and _.
        cookie = f"{COOKIE}={_token()}; path=/; max-age=31536000; SameSite=Strict"
        st.html(f"<script>document.cookie = '{cookie}'</script>", unsafe_allow_javascript=True)


def is_connected(visitor):
    """Whether a browser of this visitor is connected now."""
    if not exists():  # no server: a test, or a script
        return True
    server = get_instance()
    with _lock:
        here = {session: who for session, who in _sessions.items() if server.is_active_session(session)}
        for session in set(_sessions) - set(here):
            if len(_sessions) > 1000:  # a session that is away for a moment may come back
                del _sessions[session]
    return visitor in here.values()
