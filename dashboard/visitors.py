"""Who is looking. Started for this machine alone, all visitors are one; on a shared server each browser is another.

A browser is told apart by a random cookie. Of a run, only a hash of it is kept, so that nobody who reads a
run directory can pass for its owner.
"""

import hashlib
import os
import re
import secrets
import threading

import streamlit as st
from streamlit.runtime import exists, get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

COOKIE = "tinyformer_visitor"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LOCAL = None  # the owner of all runs on a server that only this machine can reach, and of those from a terminal
_sessions, _lock = {}, threading.Lock()  # session id → visitor


def is_shared():
    """Whether people who do not know each other may use this server: it listens to other machines, or stands behind a
    proxy, or `TINYFORMER_SHARED=1` says so."""
    if os.environ.get("TINYFORMER_SHARED") == "1" or st.get_option("server.address") not in LOOPBACK:
        return True
    return "X-Forwarded-For" in st.context.headers


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
