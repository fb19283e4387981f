"""The style sheet of the audit's page."""

from __future__ import annotations

STYLE = """
:root{--paper:#fbfbf9;--card:#fff;--ink:#1d2228;--faint:#6a727c;--rule:#e2e3df;--female:#b1407a;--male:#2b6cb0;
--real:#30363d;--good:#1d7a46;--fair:#a36a00;--bad:#b3261e;--none:#7b828b;--grey:#d9dbd6}
@media (prefers-color-scheme:dark){:root{--paper:#15181c;--card:#1d2126;--ink:#e7e9ec;--faint:#9aa3ad;--rule:#30363d;
--female:#ef8fc0;--male:#7fb6f0;--real:#d4d8dd;--good:#5cc98b;--fair:#e0ae4a;--bad:#f08078;--none:#8a929b;--grey:#3a4048}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px 80px}
h1{font-size:26px;margin:0 0 4px;letter-spacing:-.01em}h2{font-size:19px;margin:0}h3{font-size:13px;margin:14px 0 6px;
color:var(--faint);font-weight:600;text-transform:uppercase;letter-spacing:.05em}
p{margin:6px 0;max-width:78ch}.faint,figcaption{color:var(--faint)}figcaption{font-size:12px;text-align:center}
.chips{display:flex;gap:10px;flex-wrap:wrap;margin:18px 0}
.chip{padding:1px 9px;border-radius:99px;font-size:13px;font-weight:600;border:1px solid;white-space:nowrap}
.chips .chip{font-size:15px;padding:4px 14px}
.transferred{color:var(--good)}.weak{color:var(--fair)}.failed{color:var(--bad)}.still{color:var(--none)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{font-weight:600;text-align:left;color:var(--faint);border-bottom:1px solid var(--rule);padding:6px 8px}
td{padding:5px 8px;border-bottom:1px solid var(--rule);white-space:nowrap}td.n,th.n{text-align:right}
td a{color:inherit;text-decoration:none;font-weight:600}td a:hover{text-decoration:underline}
section{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:18px 20px;margin:18px 0}
.head{display:flex;gap:12px;align-items:center;flex-wrap:wrap}.plots{display:flex;gap:18px;flex-wrap:wrap;align-items:start}
figure{margin:0}svg{display:block}figure svg{border:1px solid var(--rule);border-radius:6px}
.diagonal{stroke:var(--grey);stroke-width:1.2}.dots,.line{stroke:var(--male)}.dots{stroke-width:3.2;stroke-linecap:round;opacity:.55;fill:none}
.dots.female,.line.female{stroke:var(--female)}.dots.male,.line.male{stroke:var(--male)}
.line{fill:none;stroke-width:1.5;vector-effect:non-scaling-stroke}.line.real{stroke:var(--real);stroke-width:2.2;opacity:.8}
.course{width:100%;height:84px;border:1px solid var(--rule);border-radius:6px}
.whisker circle{fill:var(--ink)}.whisker .reach{stroke:var(--ink);stroke-width:2}.whisker .axis{stroke:var(--faint)}
.whisker .control{fill:var(--grey)}
.triplets{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:14px}
.triplet{display:grid;grid-template-columns:repeat(3,1fr);gap:3px}.triplet img{width:100%;aspect-ratio:1;
border-radius:4px;display:block}.triplet span{font-size:12px;color:var(--faint);text-align:center}
.triplet .about{grid-column:1/-1;text-align:left}
.key i{display:inline-block;width:14px;height:3px;border-radius:2px;margin:0 5px 3px 14px}
details{margin:8px 0}summary{cursor:pointer;color:var(--faint)}dl{display:grid;grid-template-columns:max-content 1fr;
gap:2px 14px;margin:8px 0;font-size:13.5px}dt{color:var(--faint)}dd{margin:0}
@media (min-width:900px){.triplets{grid-template-columns:1fr}.triplet{grid-template-columns:repeat(3,256px)}}
@media print{section{break-inside:avoid}}
"""
