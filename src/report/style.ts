/** The report's style sheet: readable on a phone, in print and at night. Figures keep their white ground. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--ink:#1d1d1f;--soft:#5b5b61;--ground:#fff;--card:#f4f5f7;--line:#d9dade;--warn:#fff3d6;--warn-edge:#c98a00}
@media (prefers-color-scheme:dark){:root{--ink:#ececf0;--soft:#a9a9b2;--ground:#161618;--card:#212124;--line:#3a3a40;--warn:#3b2f10;--warn-edge:#e0a526}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
main{max-width:1100px;margin:0 auto;padding:24px 16px 48px}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:40px 0 8px}
h3{font-size:1rem;margin:0 0 8px}
p{margin:8px 0;max-width:75ch}
.subtitle,.note,figcaption{color:var(--soft)}
.note,figcaption{font-size:.875rem}
.warning{background:var(--warn);border-left:4px solid var(--warn-edge);padding:10px 14px;border-radius:4px;max-width:none}
.headline strong{font-size:2rem;font-variant-numeric:tabular-nums;margin-right:6px}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px;margin:20px 0}
dl div{background:var(--card);border-radius:8px;padding:10px 12px}
dt{font-size:.8rem;color:var(--soft)}
dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:10px 0;border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:7px 10px;text-align:right;vertical-align:bottom;border-bottom:1px solid var(--line)}
td{white-space:nowrap}
td small{display:block;color:var(--soft)}
.summary{font-size:1.1rem}
.narrow{max-width:320px;align-self:start}
.controls{display:flex;flex-wrap:wrap;gap:10px 18px;align-items:center;margin:12px 0}
.controls[hidden],.case[hidden]{display:none}
.controls select,.controls input{font:inherit;color:inherit;background:var(--ground);border:1px solid var(--soft);border-radius:6px;padding:4px 8px;max-width:100%}
.cards{display:grid;gap:16px}
.case{display:grid;grid-template-columns:minmax(0,1.8fr) minmax(0,1fr);gap:0 16px;border:1px solid var(--line);border-radius:8px;padding:12px;min-width:0;break-inside:avoid;align-items:start}
.case h3{grid-column:1/-1}
.case .scroll{margin:0;grid-column:2;grid-row:2/span 2}
details>section>h2{display:none}
.case .picture img{width:100%}
.case .picture{background:#18181b}
.case td,.case th{padding:4px 8px}
.rule{white-space:normal;min-width:16rem;text-align:left}
thead th{background:var(--card);font-weight:600}
tbody td,tbody th{vertical-align:top}
tbody th,thead th:first-child{text-align:left;position:sticky;left:0;background:var(--ground);font-weight:600;white-space:nowrap}
thead th:first-child{background:var(--card)}
tbody tr:last-child>*{border-bottom:0}
.swatch{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.5em;border:1px solid rgba(127,127,127,.6);print-color-adjust:exact;-webkit-print-color-adjust:exact}
figure{margin:16px 0;padding:12px;border:1px solid var(--line);border-radius:8px;break-inside:avoid}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:16px}
.figures figure{margin:0;min-width:0}
.figures .wide{grid-column:1/-1}
.picture{background:#fff;border-radius:4px;overflow-x:auto}
.picture svg,.picture img{display:block;max-width:100%;height:auto;margin:0 auto}
.wide .picture svg,.wide .picture img{min-width:min(100%,900px)}
figcaption{margin-top:8px}
.config td,.config th{text-align:left;white-space:normal;overflow-wrap:anywhere;position:static}
.config th{width:40%;font-weight:500}
pre{background:var(--card);border-radius:8px;padding:12px;overflow-x:auto;font-size:.875rem;margin:8px 0}
summary{cursor:pointer;font-size:1.25rem;font-weight:700;margin:40px 0 8px}
footer{margin-top:48px;border-top:1px solid var(--line);padding-top:12px;color:var(--soft);font-size:.875rem}
@media (max-width:800px){.case{grid-template-columns:minmax(0,1fr)}.case .scroll{margin:8px 0 0;grid-column:1;grid-row:auto}}
@media (max-width:640px){.wide .picture svg,.wide .picture img{width:760px;min-width:0;max-width:none}}
@media print{
:root{--ink:#000;--soft:#444;--ground:#fff;--card:#f2f2f2;--line:#bbb;--warn:#fff;--warn-edge:#000}
main{max-width:none;padding:0}
table{font-size:8pt}th,td{padding:3px 4px}td,tbody th{white-space:normal}
.scroll,.picture{overflow:visible;border:0}
.controls{display:none}
.cards,.figures,.case{display:block}
.case,.figures figure{margin:0 0 10px}
.case .picture,.figures figure{max-width:150mm}
.wide .picture svg,.wide .picture img{min-width:0;max-width:100%}
pre{white-space:pre-wrap}
h2,tr{break-after:avoid;break-inside:avoid}
}
`;
