"""Who is looking: one person's server or everybody's, and by which address places are counted."""

from types import SimpleNamespace

import pytest

pytest.importorskip("streamlit", reason="the dashboard needs streamlit")

from streamlit.runtime.context import StreamlitCookies, StreamlitHeaders

from dashboard import visitors


@pytest.fixture
def come(monkeypatch):
    """come(peer, listening at, environment, **headers): the visitors module sees a browser that comes so."""

    def arrive(peer=None, listens="localhost", told=(), **headers):
        for name in ("TINYFORMER_SHARED", "TINYFORMER_PROXIES"):
            monkeypatch.delenv(name, raising=False)
        for name, value in dict(told).items():
            monkeypatch.setenv(f"TINYFORMER_{name}", value)
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        context = SimpleNamespace(headers=StreamlitHeaders(pairs), cookies=StreamlitCookies({}), ip_address=peer)
        fake = SimpleNamespace(context=context, get_option=lambda name: listens, session_state={})
        monkeypatch.setattr(visitors, "st", fake)

    return arrive


SHARED, ONE_PROXY, TWO_PROXIES = {"SHARED": "1"}, {"PROXIES": "1"}, {"PROXIES": "2"}


@pytest.mark.parametrize("how, shared", [
    ({}, False),
    ({"Origin": "http://localhost:8501"}, False),
    ({"Origin": "http://127.0.0.1:8501"}, False),
    ({"Origin": "http://[::1]:8501"}, False),
    ({"told": SHARED, "Origin": "http://localhost:8501"}, True),
    ({"listens": "0.0.0.0"}, True),
    ({"listens": None}, True),
    ({"X_Forwarded_For": "192.0.2.1", "peer": "192.0.2.1"}, True),
    ({"Via": "1.1 proxy"}, True),
    ({"Origin": "https://class.example"}, True),  # a proxy that says nothing of itself
    ({"Origin": "http://192.0.2.7:80"}, True),
    ({"Origin": "http://["}, True),
    ({"told": ONE_PROXY}, True),
    ({"told": {"SHARED": "0"}, "Origin": "https://class.example"}, False),
    ({"told": {"SHARED": "0"}, "listens": "0.0.0.0"}, False),
])  # fmt: skip
def test_a_server_is_one_persons_only_where_nobody_else_can_come(come, how, shared):
    come(**how)
    assert visitors.is_shared() == shared
    assert (visitors.current() is visitors.LOCAL) == (not shared)
    assert ("TINYFORMER_SHARED=1" in visitors.mode()) == (not shared)  # how it is changed
    assert ("each browser has its own runs" in visitors.mode()) == shared


@pytest.mark.parametrize("how, address", [
    ({}, None),
    ({"told": SHARED}, "127.0.0.1"),
    ({"peer": "192.0.2.1", "listens": "0.0.0.0"}, "192.0.2.1"),
    ({"peer": "::ffff:192.0.2.1", "listens": "::"}, "192.0.2.1"),
    ({"peer": "2001:db8:1:2:3:4:5:6", "listens": "::"}, "2001:db8:1:2::/64"),  # a household's, whose hosts are many
    ({"peer": "fe80::1%eth0", "listens": "::"}, "fe80::/64"),
    # What was not told is not believed: neither what anybody may write, nor what Streamlit's server makes of it.
    ({"peer": "192.0.2.1", "listens": "0.0.0.0", "X_Forwarded_For": "198.51.100.9"}, "192.0.2.1"),
    ({"peer": "198.51.100.9", "told": SHARED, "X_Forwarded_For": "203.0.113.5, 198.51.100.9"}, "127.0.0.1"),
    # Of what was told, the entry that the outermost of our own proxies has written; before it, anything may stand.
    ({"told": ONE_PROXY, "X_Forwarded_For": "10.9.8.7, 198.51.100.9"}, "198.51.100.9"),
    ({"told": ONE_PROXY, "X_Forwarded_For": "198.51.100.9:4711"}, "198.51.100.9"),
    ({"told": ONE_PROXY, "X_Forwarded_For": "[2001:db8:1:2::3]:4711"}, "2001:db8:1:2::/64"),
    ({"told": TWO_PROXIES, "X_Forwarded_For": "10.9.8.7, 198.51.100.9, 203.0.113.5"}, "198.51.100.9"),
    ({"told": TWO_PROXIES, "X_Forwarded_For": "198.51.100.9", "peer": "203.0.113.5"}, "203.0.113.5"),
    ({"told": ONE_PROXY, "X_Forwarded_For": "unknown"}, "127.0.0.1"),
    ({"told": ONE_PROXY, "peer": "203.0.113.5"}, "203.0.113.5"),  # came without the proxy
])  # fmt: skip
def test_places_are_counted_by_an_address_that_a_visitor_cannot_choose(come, how, address):
    come(**how)
    assert visitors.address() == address


@pytest.mark.parametrize("how, unknown", [
    ({"told": SHARED, "X_Forwarded_For": "192.0.2.1", "peer": "192.0.2.1"}, True),
    ({"told": ONE_PROXY, "X_Forwarded_For": "192.0.2.1", "peer": "192.0.2.1"}, False),
    ({"Origin": "https://class.example"}, True),
    ({"told": SHARED, "Origin": "http://localhost:8501"}, False),
    ({"peer": "192.0.2.1", "listens": "0.0.0.0", "Origin": "http://class.example:8501"}, False),
])  # fmt: skip
def test_a_proxy_that_the_server_was_not_told_of_is_said_to_whoever_runs_it(come, how, unknown):
    come(**how)
    assert ("TINYFORMER_PROXIES=1" in visitors.mode()) == unknown
