namespace OfflinePatch.Windows.Reports;

/// <summary>The style sheet of the HTML report: system fonts, two palettes, print.</summary>
internal static class HtmlStyle
{
    public const string Css = """
        :root {
          color-scheme: light dark;
          --page: #f6f7f9; --paper: #ffffff; --ink: #1b2330; --soft: #5b6675; --line: #dde2e9;
          --good: #13714a; --good-bg: #e5f4ec; --bad: #b3261e; --bad-bg: #fdeceb; --warn: #8a5a00; --warn-bg: #fdf3dc;
          --info: #1f5fa8; --info-bg: #e6effa; --mute: #5b6675; --mute-bg: #eceff3;
          --windows: #2f6fb7; --system: #7a52b3; --data: #3a8f7b; --recovery: #c58a2b; --reserved: #98a2b0; --locked: #b3261e;
            --on-disk: #ffffff; --on-disk-shadow: 0 0 3px rgb(0 0 0 / .55);
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #12161c; --paper: #1a2028; --ink: #e6eaf0; --soft: #9ba7b6; --line: #2d3642;
            --good: #6fd3a3; --good-bg: #14332a; --bad: #ff9a92; --bad-bg: #3d1c1b; --warn: #f0c063; --warn-bg: #38290d;
            --info: #8dbdf5; --info-bg: #172b45; --mute: #9ba7b6; --mute-bg: #262e38;
            --windows: #5b9be0; --system: #a98be0; --data: #5fb8a2; --recovery: #dba94f; --reserved: #6d7785; --locked: #ff9a92;
              --on-disk: #0c1118; --on-disk-shadow: none;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
        main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
        article + article { margin-top: 4rem; }
        .scroll + article { margin-top: 3rem; }
        h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; text-wrap: balance; }
        h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
        h3 { font-size: 1rem; margin: 0 0 .25rem; }
        p { margin: .25rem 0; }
        a { color: var(--info); }
        code { font: .9em ui-monospace, SFMono-Regular, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
        .verdict { display: flex; gap: 1.25rem; align-items: flex-start; padding: 1.5rem; border-radius: .75rem; }
        .verdict .mark { flex: none; width: 3rem; height: 3rem; margin: 0; border-radius: 50%; font-size: 1.6rem; line-height: 3rem;
          text-align: center; }
        .verdict .mark { background: var(--tone); }
        .verdict h1, .verdict p { color: var(--ink); }
        .verdict .mark { color: var(--paper); }
        .verdict .file { color: var(--soft); overflow-wrap: anywhere; }
        .good { --tone: var(--good); --tint: var(--good-bg); } .bad { --tone: var(--bad); --tint: var(--bad-bg); }
        .warn { --tone: var(--warn); --tint: var(--warn-bg); } .info { --tone: var(--info); --tint: var(--info-bg); }
        .mute { --tone: var(--mute); --tint: var(--mute-bg); }
        .verdict { background: var(--tint); }
        .badge { display: inline-block; padding: .05rem .5rem; border-radius: 1rem; font-size: .8rem; font-weight: 600;
          white-space: nowrap; color: var(--tone); background: var(--tint); }
        .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem 1.5rem; margin: 1.5rem 0 0; }
        .facts dt { color: var(--soft); font-size: .85rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
        .card { background: var(--paper); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.25rem; margin: .75rem 0;
          overflow-wrap: anywhere; }
        .card.bad, .card.warn { border-color: var(--tone); }
        .remedy { margin-top: .5rem; padding: .6rem .8rem; border-radius: .4rem; background: var(--tint, var(--mute-bg)); }
        .id { color: var(--soft); font: .8rem ui-monospace, SFMono-Regular, Consolas, monospace; }
        .change { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; margin-top: .6rem; }
        .change > div { border-top: 1px solid var(--line); padding-top: .4rem; font-size: .92rem; }
        .change span { color: var(--soft); font-size: .8rem; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-size: .92rem; background: var(--paper); border: 1px solid var(--line); }
        th, td { text-align: left; vertical-align: top; padding: .45rem .75rem; border-bottom: 1px solid var(--line);
          overflow-wrap: break-word; }
        td code { display: block; min-width: 15rem; } .checks td:last-child { min-width: 15rem; } .checks code { display: inline; }
        .legend td, .legend th, .images td, .images th { white-space: nowrap; }
        .checks .id { overflow-wrap: normal; }
        .batch { margin-bottom: 1.25rem; } .batch p { margin-top: .6rem; }
        th { color: var(--soft); font-weight: 600; font-size: .85rem; }
        .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        .key td { background: var(--mute-bg); }
        .checks td:first-child { width: 6rem; } .checks td:nth-child(2) { width: 34%; }
        details { margin: .75rem 0; } summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }
        .map { position: relative; }
        .map span { position: absolute; top: 0; height: 100%; padding: 0 .6rem; line-height: 3.5rem; font-size: .85rem;
          color: var(--on-disk); overflow: hidden; white-space: nowrap; text-overflow: ellipsis; pointer-events: none;
          text-shadow: var(--on-disk-shadow); }
        .scale { display: flex; justify-content: space-between; margin: .25rem 0 .75rem; color: var(--soft); font-size: .78rem;
          font-variant-numeric: tabular-nums; }
        .disk { width: 100%; height: 3.5rem; border-radius: .4rem; display: block; }
        .unused { fill: var(--page); opacity: .24; }
        .free { fill: var(--line); background: var(--line); } .p-windows { fill: var(--windows); background: var(--windows); }
        .p-system { fill: var(--system); background: var(--system); } .p-data { fill: var(--data); background: var(--data); }
        .p-recovery { fill: var(--recovery); background: var(--recovery); }
        .p-reserved { fill: var(--reserved); background: var(--reserved); }
        .p-locked { fill: var(--locked); background: var(--locked); }
        .disk rect:not(.unused) { stroke: var(--page); stroke-width: 1; vector-effect: non-scaling-stroke; }
        .swatch { display: inline-block; width: .9rem; height: .9rem; border-radius: .2rem; vertical-align: -.1rem; }
        footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
        @media (max-width: 40rem) { .change { grid-template-columns: 1fr; } .verdict { padding: 1.1rem; }
          main { padding: 1rem .9rem 2rem; } }
        @media print { body { background: none; } details > * { display: block; } .card, tr { break-inside: avoid; } }

        """;
}
