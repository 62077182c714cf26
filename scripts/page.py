"""One page with a report's charts over time, its flame graph and its largest stacks, as far as it has them. It needs no network, and what is a
name in the report is one in the page."""

import html
import json
import os

import reports
import stacked

HERE = os.path.dirname(os.path.abspath(__file__))

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>memgrant: where the memory went</title>
<style>%(css)s
body{font:14px sans-serif;margin:1em}#chart{margin:1em 0}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left}
td:first-child,td:nth-child(2){text-align:right;white-space:nowrap}h2{font-size:1em;margin:1em 0 .3em}
.legend span{display:inline-block;margin-right:1.5em}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.4em}.legend b{font-weight:normal}
@media(prefers-color-scheme:dark){body{background:#222;color:#ddd}}</style>
<h1>Where the memory went</h1><p>%(process)s</p>
<script>%(library)s</script>
<script>%(js)s</script>
%(parts)s</html>
"""
OVER_TIME = """<h2>How it grew</h2>
<p>Each step is the most there was since the one before: no peak is left out, and what is on top of each other was there in the same step, perhaps not at once.</p>
<div id="over-time"></div>
<script id="history" type="application/json">%(data)s</script>
<script>drawOverTime(JSON.parse(document.getElementById("history").textContent));</script>
"""
STACKS = """<h2>Who asked for what is in use</h2><p>%(what)s</p>
<form id="form"><input id="term" placeholder="function, library or task"> <button>Search</button>
<button type="button" id="reset">Reset zoom</button> <span id="details"></span></form>
<div id="chart"></div><table><tr><th>bytes</th><th>resident</th><th>blocks</th><th>whose</th><th>asked for by</th></tr>%(rows)s</table>
<script id="data" type="application/json">%(data)s</script>
<script>
const data = JSON.parse(document.getElementById("data").textContent);
const chart = flame.flamegraph().width(Math.max(600, document.body.clientWidth - 20)).cellHeight(18).minFrameSize(2).sort(true)
  .setDetailsElement(document.getElementById("details"))
  .label(d => d.data.name + ": " + size(d.value) + " (" + (100 * d.value / data.value).toFixed(1) + " %%)");
flame.select("#chart").datum(data).call(chart);
document.getElementById("form").addEventListener("submit", event => { event.preventDefault(); chart.search(document.getElementById("term").value); });
document.getElementById("reset").addEventListener("click", () => chart.resetZoom());
</script>
"""


def read_beside(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def in_script(value):
    """JSON that ends no script, whatever its names are."""
    return json.dumps(value).replace("<", "\\u003c")


def stacks_part(stacks, names):
    rows = "".join("<tr><td>%s<td>%s<td>%s<td>%s<td>%s" % (f"{row['bytes']:,}", f"{row['resident']:,}" if "resident" in row else "", f"{row['blocks']:,}",
                   html.escape(f"{row['account_name']} {stacked.whose(row)} {row['thread']}"), html.escape(stacked.innermost(row, names)))
                   for row in stacked.largest(stacks, 30))
    return STACKS % {"data": in_script(stacked.bounded(stacked.tree_of(stacks, names))), "rows": rows,
                     "what": html.escape(stacked.summary(stacks))}


def process_of(report):
    process = report.get("process")
    process = process if isinstance(process, dict) else {}
    return f"{reports.printable(process.get('command', ''))[:500]} (process {reports.printable(process.get('pid', ''))[:20]})"


def write(path, report, history, stacks, names):
    """history and stacks may be None."""
    parts = OVER_TIME % {"data": in_script(history.for_page())} if history else ""
    parts += stacks_part(stacks, names) if stacks else ""
    with open(path, "w", encoding="utf-8", errors="replace") as file:
        file.write(PAGE % {"css": read_beside("flame.css"), "library": read_beside("flame.js"), "js": read_beside("chart.js"),
                           "process": html.escape(process_of(report)), "parts": parts})
