/// The style sheet of a page. Its colours are few, and differ in lightness too: the lines are told apart in grey.
enum PageStyle {
    static let sheet = Markup.constant(
        """

        :root {
          --page: #f6f7f9; --card: #ffffff; --text: #1a1f27; --quiet: #5c6673; --rule: #e4e7ec; --edge: #dde1e7;
          --blue: #2463b4; --orange: #c2630f; --teal: #0f8a7e; --amber: #e0a43a; --sky: #7fb0e6; --grey: #a7b0bc;
          --good: #1a7f4b; --good-page: #f0f8f3; --bad: #b3261e; --bad-page: #fdf2f0; --unknown: #8a5a00;
          --unknown-page: #fcf7ea; --shade: 36, 99, 180;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #12151a; --card: #1a1e25; --text: #e6e9ee; --quiet: #98a2b0; --rule: #2a303a; --edge: #2e3541;
            --blue: #6ea8f0; --orange: #f0a35c; --teal: #4cc4b5; --amber: #d9a441; --sky: #3f78bd; --grey: #5d6876;
            --good: #5fcf95; --good-page: #172420; --bad: #ff8f86; --bad-page: #2a1c1d; --unknown: #e8bd67;
            --unknown-page: #272319; --shade: 110, 168, 240;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--page); color: var(--text);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
        }
        main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 56px; }
        header p { margin: 0; color: var(--quiet); }
        header .kind { font-size: 13px; font-weight: 600; letter-spacing: 0.02em; }
        h1 { margin: 2px 0 6px; font-size: 28px; line-height: 1.2; font-weight: 650; overflow-wrap: anywhere; }
        h2 { margin: 0 0 4px; font-size: 17px; font-weight: 650; }
        section, figure {
          margin: 16px 0 0; padding: 20px 24px; background: var(--card); border: 1px solid var(--edge);
          border-radius: 10px;
        }
        section p, figure p { margin: 0 0 12px; color: var(--quiet); }
        .verdict { border-left: 5px solid var(--quiet); margin-top: 20px; }
        .verdict ul { margin: 6px 0 0; padding: 0; list-style: none; color: var(--quiet); }
        .verdict li { padding-left: 22px; position: relative; }
        .verdict li::before { position: absolute; left: 0; font-weight: 700; }
        .verdict li.good::before { content: "\\2713"; color: var(--good); }
        .verdict li.bad::before { content: "\\2717"; color: var(--bad); }
        .verdict li.unknown::before { content: "?"; color: var(--unknown); }
        .verdict li.note::before { content: "\\2013"; }
        .verdict li.bad { color: var(--text); font-weight: 600; }
        .verdict.good { background: var(--good-page); border-left-color: var(--good); }
        .verdict.bad { background: var(--bad-page); border-left-color: var(--bad); }
        .verdict.unknown { background: var(--unknown-page); border-left-color: var(--unknown); }
        .verdict.good h2 { color: var(--good); }
        .verdict.bad h2 { color: var(--bad); }
        .verdict.unknown h2 { color: var(--unknown); }
        .tiles {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(152px, 1fr)); gap: 12px; margin: 16px 0 0;
        }
        .tiles div {
          max-width: 320px; padding: 14px; background: var(--card); border: 1px solid var(--edge);
          border-radius: 10px;
        }
        .tiles dt { font-size: 12.5px; color: var(--quiet); }
        .tiles dd {
          margin: 0; font-size: 22px; font-weight: 650; font-variant-numeric: tabular-nums; white-space: nowrap;
        }
        .legend {
          display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0; list-style: none; font-size: 13px;
        }
        .legend i { display: inline-block; width: 14px; height: 10px; margin-right: 7px; border-radius: 2px; }
        .scroll { overflow-x: auto; }
        .grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 0 16px; }
        svg { display: block; width: 100%; min-width: 640px; height: auto; }
        svg text { fill: var(--quiet); font-size: 12.5px; font-variant-numeric: tabular-nums; }
        svg text.panel { fill: var(--text); font-size: 13px; font-weight: 600; }
        svg text.remark { fill: var(--text); font-size: 13px; }
        .rule { stroke: var(--rule); stroke-width: 1; }
        .cursor { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 3 3; pointer-events: none; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
        .line.resident, .line.handshakes { stroke: var(--blue); }
        .line.ledger, .line.echoes { stroke: var(--orange); }
        .line.heap, .line.generator { stroke: var(--teal); }
        .line.generator { stroke-dasharray: 7 5; }
        .area { stroke: none; }
        .area.resident { fill: var(--blue); fill-opacity: 0.1; }
        .area.established { fill: var(--sky); }
        .area.handshaking { fill: var(--amber); }
        .area.closing { fill: var(--grey); }
        .dot { stroke: var(--card); stroke-width: 1.5; }
        .dot.resident { fill: var(--blue); }
        .dot.ledger { fill: var(--orange); }
        .dot.heap { fill: var(--teal); }
        .dot.open { fill: var(--card); stroke: var(--grey); stroke-width: 2; }
        .legend .resident, .legend .handshakes { background: var(--blue); }
        .legend .ledger, .legend .echoes { background: var(--orange); }
        .legend .heap, .legend .generator { background: var(--teal); }
        .legend .established { background: var(--sky); }
        .legend .handshaking { background: var(--amber); }
        .legend .closing { background: var(--grey); }
        table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
        th, td { padding: 5px 16px 5px 0; text-align: right; white-space: nowrap; font-weight: 400; }
        th:first-child, td:first-child { text-align: left; }
        thead th { color: var(--quiet); font-size: 13px; border-bottom: 1px solid var(--edge); }
        tbody tr + tr th, tbody tr + tr td { border-top: 1px solid var(--rule); }
        .funnel { width: 100%; }
        .funnel .bar { width: 100%; padding-right: 20px; }
        .funnel td:last-child { color: var(--quiet); }
        .funnel .bar span { display: block; min-width: 1px; height: 18px; border-radius: 3px; background: var(--sky); }
        @media (max-width: 640px) {
          section, figure { padding: 16px; }
          .funnel td:last-child { display: none; }
        }
        .matrix td { padding: 7px 14px; text-align: right; }
        .matrix th + th { padding-left: 14px; padding-right: 14px; }
        .shade1 { background: rgba(var(--shade), 0.08); }
        .shade2 { background: rgba(var(--shade), 0.16); }
        .shade3 { background: rgba(var(--shade), 0.24); }
        .shade4 { background: rgba(var(--shade), 0.32); }
        .shade5 { background: rgba(var(--shade), 0.42); }
        details { margin-top: 10px; font-size: 13px; }
        summary { color: var(--quiet); cursor: pointer; width: max-content; }
        details .scroll { max-height: 320px; overflow: auto; margin-top: 8px; }
        details table { font-size: 13px; }
        details thead th { position: sticky; top: 0; background: var(--card); }
        .values {
          position: absolute; z-index: 1; padding: 8px 12px; background: var(--card); border: 1px solid var(--edge);
          border-radius: 8px; font-size: 13px; line-height: 1.45; white-space: pre; pointer-events: none;
          font-variant-numeric: tabular-nums; box-shadow: 0 4px 14px rgba(0, 0, 0, 0.14);
        }
        @media print { body { background: none; } section, figure { break-inside: avoid; } }

        """
    )
}
