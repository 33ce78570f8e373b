"""Hostile texts, and a dashboard that is full of them: file names, checkpoints, runs, sweeps and links."""

import json
import random
from urllib.parse import quote

import numpy as np

from tinyformer import TrainingConfig, Transformer, save_checkpoint
from tinyformer.checkpoints.array_file import METADATA
from tinyformer.checkpoints.checkpoint import FORMAT
from tinyformer.runs import create_run

HOST = "example.invalid"
TEXTS = (
    f"![](//{HOST}/a.png)", f"![x](http://{HOST}/b.png)", f"[x](http://{HOST})", f"<http://{HOST}>",
    f"http://{HOST}/bare", f"www.{HOST}/x", f"me@{HOST}", f"mailto:me@{HOST}", f"<img src=http://{HOST}/i.png>",
    f"<a href='//{HOST}'>x</a>", f"<script src=//{HOST}/s.js></script>", f"<iframe src=//{HOST}></iframe>",
    f"<style>@import url(//{HOST}/c)</style>", f"![x][r]\n\n[r]: //{HOST}/r.png", f"\\![x](//{HOST}/e.png)",
    f"`` ![](//{HOST}/c.png)", f"[![](//{HOST}/d.png)](//{HOST})", f"$\\href{{http://{HOST}}}{{x}}$",
    f"$\\includegraphics{{//{HOST}/g.png}}$", f":red[![](//{HOST}/f.png)]", f"HTTP://{HOST}",
    f"\u202ehttp://{HOST}", f"ht\u200btp://{HOST}", f"javascript:fetch('//{HOST}')", ":material/delete:",
    ":streamlit:", ":smile:", "# head", "> quote", "- item", "1. item", "| a |\n|---|\n| b |", "```\ncode\n```",
    "{0} %s {x!r}", "image", "v1.2", "a:b[0]", "datum.x", '"\\\'', "x" * 300, "\x00\x1b[31m", "__proto__",
)  # fmt: skip
FILE_NAMES = [text[:80] for text in TEXTS if not set(text) & set("/\0")] + ["![](x)[y](z)", "<img src=x>", "www.x.org"]
# What must not be there: pictures and links from texts, and pages that died.
SUSPECT = f"""() => {{
  const all = (selector, told) => [...document.querySelectorAll(selector)].map(told);
  const inside = '[data-testid=stMain], [data-testid=stSidebar]';
  return [
    ...all('a[href], img, iframe, script[src], link[href]', e => e.href || e.src)
      .filter(url => url && (new URL(url).host.includes('{HOST}') || /^(mailto|javascript):/.test(url))),
    ...all('img', e => e.closest(inside) && !e.closest('[data-testid*=Logo]') ? 'picture ' + e.src : '')
      .filter(text => text),
    ...all('[data-testid=stException], .stException', e => 'died: ' + e.innerText),
    ...all('.katex', e => 'formula ' + e.innerHTML).filter(text => text.includes('{HOST}')),  // the lab has its own
    ...all('[data-testid=stMarkdownContainer] blockquote', e => 'quote ' + e.innerText),
  ];
}}"""


def fill(data):
    """Hostile files in a data folder → (names of models that can be shown, of damaged ones, ids of damaged runs)."""
    models, damaged = data / "checkpoints", []
    models.mkdir(parents=True)
    for seed, name in enumerate(FILE_NAMES):
        model = Transformer(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=16, seed=seed)
        save_checkpoint(models / f"{name}.npz", model, training=TrainingConfig(seed=seed, model=model.config))
    for place, text in enumerate(TEXTS):
        _damaged_checkpoint(models / f"damaged-{place}.npz", text)
        run = create_run(TrainingConfig(), label=text)
        config = run.path / "config.json"
        described = json.loads(config.read_text())
        if place % 2:
            described["config"]["optimizer"] = text
        else:
            (run.path / "status.json").write_text(json.dumps({"state": "failed", "reason": text, "total_steps": 1}))
        config.write_text(json.dumps(described))
        damaged.append(run.id)
    rows = f"seed,{TEXTS[0]},problem\n1,2,{TEXTS[1]}\n"
    (data / "sweeps").mkdir()
    for name in FILE_NAMES[:4]:
        (data / "sweeps" / f"{name}.csv").write_text(rows)
    return FILE_NAMES, [f"damaged-{place}" for place in range(len(TEXTS))], damaged


def look(page, address, seconds=60):
    """Open a link and wait until it stands → what is there and must not be."""
    page.goto(address)
    page.wait_for_selector("[data-testid=stMain] h1", timeout=1000 * seconds)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')")
    page.wait_for_timeout(300)
    return page.evaluate(SUSPECT)


def _damaged_checkpoint(path, text):
    """One that says a hostile version, or a hostile setting."""
    description = {"format": FORMAT, "version": text}
    np.savez(path, **{METADATA: np.frombuffer(json.dumps(description).encode(), np.uint8)})


def link(page, parameters):
    """The address of a page with [(name, value)]."""
    return f"{page}?" + "&".join(f"{name}={quote(str(value), safe='', errors='replace')}" for name, value in parameters)


def sprinkled(names, places):
    """[[(name, value)]] for links: each parameter of a page has another hostile text in each."""
    generator = random.Random(len(names))
    return [[(name, generator.choice(TEXTS)) for name in names] for _ in range(places)]
