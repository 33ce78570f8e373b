"""What a visitor asks for next, made ready while they read: the code of the other pages, and how the models on display
do on every expression there is, and on longer ones. In a thread; a page that comes first waits for what is being made,
and makes the rest.
"""

import gc
import importlib
import logging
import pkgutil
import threading

from dashboard import caches

PAGES = ("evaluate", "explore", "lab", "train")  # packages of the pages
_lock = threading.Lock()
_begun = set()  # ModelFile and names of packages that were taken in hand


def get_ready(models):
    """Return at once. Called in every run: only what is new begins a thread."""
    wanted = [*PAGES, *(shown.file for shown in models)]
    with _lock:
        new = [item for item in wanted if item not in _begun]
        _begun.update(new)
    if new:
        threading.Thread(target=_make, args=(new,), daemon=True).start()


def _make(items):
    for item in items:
        try:
            if item in PAGES:
                _import_all(f"dashboard.{item}")
            else:
                caches.figures(item)
                caches.lengths(item)
        except Exception:  # the page that needs it will say so to the visitor
            logging.getLogger(__name__).debug("not made ready: %s", item, exc_info=True)
        if item == PAGES[-1]:
            # As in Home.py: code stays, and the collector need not look through it after each run. Only once, since
            # whatever lives at that moment is never collected: visitors who leave have to be.
            gc.freeze()


def _import_all(package):
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
