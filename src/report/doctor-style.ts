/** What the doctor's page needs beside the report's style sheet. */
export const DOCTOR_STYLE = `
:root{--error:#b3261e;--error-ground:#fdeceb;--warning:#8a5a00;--warning-ground:#fff5dd;--note:#2f5f8f;--note-ground:#eaf2fb;--good:#1a7f37;--good-ground:#e6f5ea}
@media (prefers-color-scheme:dark){:root{--error:#ff8a80;--error-ground:#3a1b1a;--warning:#f0c060;--warning-ground:#352a10;--note:#8fc0f0;--note-ground:#17283a;--good:#7fd495;--good-ground:#15301d}}
.verdict{padding:14px 16px;border-radius:8px;font-size:1.1rem;font-weight:600;max-width:none;margin:16px 0}
.verdict.good{background:var(--good-ground);color:var(--good)}
.verdict.bad{background:var(--error-ground);color:var(--error)}
.finding{border:1px solid var(--line);border-left:5px solid;border-radius:6px;padding:10px 14px;margin:10px 0;break-inside:avoid;overflow-wrap:anywhere}
.finding.error{border-left-color:var(--error)}
.finding.warning{border-left-color:var(--warning);background:none}
.finding.note{border-left-color:var(--note);color:inherit;font-size:inherit}
.finding p{margin:4px 0;max-width:none}
.finding .says{font-weight:600}
.badge{display:inline-block;font-size:.75rem;font-weight:700;padding:1px 8px;border-radius:10px;margin-right:8px;vertical-align:2px}
.badge.error{background:var(--error-ground);color:var(--error)}
.badge.warning{background:var(--warning-ground);color:var(--warning);border:0}
.badge.note{background:var(--note-ground);color:var(--note)}
.finding code{color:var(--soft);font-size:.8rem;font-weight:400}
.finding details{margin:6px 0 2px}
.finding summary{font-size:.875rem;font-weight:400;margin:0;color:var(--soft)}
.finding ul{margin:6px 0;padding-left:20px;font-size:.875rem}
.properties th{width:1%}
.properties td{text-align:left;white-space:normal}
.legend{font-size:.875rem;margin:8px 0 12px;max-width:none}
.legend span{white-space:nowrap;margin-right:16px}
.cases{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:12px}
.cases figure{margin:0;padding:8px;display:flex;flex-direction:column}
.cases figure.error{border-color:var(--error)}
.cases figure.warning{border-color:var(--warning);background:none;border-left-width:1px;border-radius:8px;padding:8px}
.cases .frame{background:#000;border-radius:4px;display:flex;align-items:center;justify-content:center;aspect-ratio:var(--ratio,1);overflow:hidden}
.cases img{width:100%;height:100%;object-fit:contain;image-rendering:pixelated}
.cases .none{color:#bbb;font-size:.875rem;text-align:center;padding:8px}
.cases figcaption{margin-top:6px;font-size:.8rem;overflow-wrap:anywhere}
.cases figcaption strong{color:var(--ink)}
.cases .flags{display:flex;flex-wrap:wrap;gap:4px;margin-top:4px}
.cases .flags .badge{margin:0;font-weight:600}
@media (max-width:640px){.cases{grid-template-columns:repeat(2,1fr)}.properties th{white-space:normal}}
`;
