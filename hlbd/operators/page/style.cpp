#include "operators/page/style.h"

namespace hlb::page {

// The hash is of exactly the text: a test says what it must be.
const std::string_view kStyleHash = "sha256-j0VC6BL+exzQDKHoQdSQgpfWuJRIOmU9jpTbGLfV3ng=";

// Wide: columns align across services. Narrow: each row is a paragraph.
const std::string_view kStyle =
    R"css(:root{color-scheme:light dark;--bg:#fff;--fg:#1c2126;--mut:#5a646e;--line:#d9dee3;--tint:#f4f6f8;
--down:#b0140d;--warn:#875200;--note:#4b3fb0;--up:#1d6b38;--link:#0a55c4}
@media screen and (prefers-color-scheme:dark){:root{--bg:#15181b;--fg:#e2e5e8;--mut:#9aa4ae;
--line:#31383e;--tint:#1d2125;--down:#ff857c;--warn:#eeb054;--note:#b6adff;--up:#7fc894;
--link:#8ab6f9}}
*{box-sizing:border-box}
html{background:var(--bg);-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:.75rem 1.25rem 2rem;max-width:96rem;color:var(--fg);
font:.875rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2,p,ul,dl,dd{margin:0;padding:0}
h1{font-size:1.25rem;font-weight:600;line-height:1.3}
h2{font-size:1rem;font-weight:600;margin:1.75rem 0 .25rem}
small{font-size:inherit;font-weight:400;color:var(--mut)}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:.2em}
th a{color:inherit;text-decoration-color:color-mix(in srgb,currentColor 35%,transparent)}
b{font-weight:600}
.down{color:var(--down)}.degraded,.suspect{color:var(--warn)}.unknown,.drained,.maintenance,
.forced{color:var(--note)}.up{color:var(--up);font-weight:400}.none{color:var(--mut);
font-weight:400}
.v{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
#top{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline}
#daemon,footer{color:var(--mut)}
#asof{margin-left:auto}
#degraded{list-style:none;margin:.5rem 0;padding:.25rem .75rem;border-left:3px solid var(--warn);
background:var(--tint)}
.sum{display:grid;grid-template-columns:8.5rem repeat(5,7rem)}
.sum>:first-child{font-weight:400}
#sum-services{margin-top:.75rem}
nav{display:flex;flex-wrap:wrap;gap:0 1.25rem;margin-top:.75rem}
[aria-current]{color:inherit;font-weight:600;text-decoration:none}
table{border-collapse:collapse;table-layout:fixed;width:100%}
caption{text-align:left;color:var(--mut);padding-top:1rem}
th{text-align:left;font-weight:400}
th,td{padding:.16rem .75rem .16rem 0;vertical-align:baseline}
thead th{color:var(--mut);position:sticky;top:0;background:var(--bg)}
tbody tr:hover>*{background:var(--tint)}
tbody th{font:.8125rem/1.45 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
padding-left:.75rem}
.svc>*{border-top:1px solid var(--line);padding-top:.4rem}
.more>*{border:0;padding-top:0}
tbody:not(:last-child)>tr:last-child>*{padding-bottom:.6rem}
tbody .svc th,.rest th,.fold tbody th{font:inherit}
tbody .svc th,.fold tbody th{padding-left:0}
.bk tbody .svc th{font-weight:600}
th:nth-child(1){width:25%}
th:nth-child(2){width:7.75rem}
th:nth-child(3){width:10.5rem}
th:nth-child(6){width:5.25rem}
th:nth-child(5),th:nth-child(7){width:5.25rem}
th:nth-child(8){width:4rem}
tr>:last-child{padding-right:0}
.d{color:var(--mut)}
:is(th,td):is(:nth-child(5),:nth-child(n+7)){text-align:right}
.ev b{font-weight:400}
.ev th:nth-child(1){width:7.5rem}
.ev th:nth-child(2){width:34%}
.ev th:nth-child(3){width:10.5rem}
time+small{margin-left:.4em}
.ov{display:block}
svg{display:block;width:4.125rem;height:.95rem;fill:none;stroke:var(--mut);stroke-width:4}
.x,.q{stroke:var(--down);stroke-width:1.5}.q{stroke:var(--note)}
footer{border-top:1px solid var(--line);margin-top:2rem;padding-top:.75rem}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:0 1rem;margin-bottom:.5rem}
dt{color:var(--fg)}
@media screen and (min-width:118rem){body{max-width:none;padding:1rem 2rem}main{display:grid;
grid-template-columns:minmax(0,11fr) minmax(0,6fr);grid-template-rows:auto 1fr;gap:0 3rem}
section{grid-column:1}#events{grid-column:2;grid-row:1/3}}
@media screen and (min-width:58.01rem) and (max-width:79rem){td:nth-child(3)>time{display:none}
td:nth-child(3)>small{margin:0;color:inherit}th:nth-child(1){width:24%}th:nth-child(3){
width:4.5rem}}
@media screen and (max-width:58rem){
body{padding:.5rem .75rem 1.5rem}
#asof{margin:0}
.sum{display:flex;flex-wrap:wrap;gap:0 .9rem}.sum>:first-child{width:100%}i{display:none}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{display:flex;flex-wrap:wrap;gap:0 .75rem;border-top:1px solid var(--line);
padding:.3rem 0}
tbody tr>*{width:auto!important;padding:0!important;border:0!important;text-align:left!important}
tbody .svc{border-top:2px solid var(--mut);margin:.75rem -.75rem 0;padding:.3rem .75rem;
background:var(--tint)}
tbody th{flex:1 1 0;min-width:calc(100% - 9rem)}
td:nth-child(3){flex:1 1 calc(100% - 13rem)}
.ev td:nth-child(2){flex:1 1 0;min-width:60%}
td:nth-child(4){order:1;flex:1 0 100%}.fold td:nth-child(4){flex:none}
td:nth-child(n+7){order:2}td:nth-child(7)::before{content:"weight "}td:nth-child(8)::before{
content:"priority "}
.d,td:empty{display:none}
tbody .more{border:0;padding-top:0;margin-top:0}
dl{display:block}
}
@media print{html{font-size:10.8px}body{font-size:7pt;padding:0}tbody th{font-size:6.5pt}nav,.go{
display:none}tr{break-inside:avoid}thead th{position:static}})css";

}  // namespace hlb::page
