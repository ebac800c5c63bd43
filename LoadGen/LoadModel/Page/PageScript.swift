/// The script of a page: shows the row of a plot's table that is nearest to the pointer. The page reads without it.
///
/// It has neither `<` nor `&` in it, so that the page stays well-formed XML.
enum PageScript {
    static let element = Markup.element(
        "script",
        [:],
        [
            .constant(
                """

                document.querySelectorAll("figure.plot").forEach(function (figure) {
                  var svg = figure.querySelector("svg");
                  var texts = function (cells) {
                    return Array.from(cells).map(function (cell) { return cell.textContent; });
                  };
                  var names = texts(figure.querySelectorAll("thead th"));
                  var rows = Array.from(figure.querySelectorAll("tbody tr")).map(function (row) {
                    return { x: Number(row.dataset.x), cells: texts(row.children) };
                  });
                  if (rows.length === 0) { return; }
                  var cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
                  cursor.setAttribute("class", "cursor");
                  cursor.setAttribute("y1", "16");
                  cursor.setAttribute("y2", String(svg.viewBox.baseVal.height - 28));
                  var values = document.createElement("div");
                  values.className = "values";
                  svg.addEventListener("pointermove", function (event) {
                    var box = svg.getBoundingClientRect();
                    var x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
                    var nearest = rows.reduce(function (best, row) {
                      return Math.abs(best.x - x) > Math.abs(row.x - x) ? row : best;
                    });
                    cursor.setAttribute("x1", String(nearest.x));
                    cursor.setAttribute("x2", String(nearest.x));
                    svg.appendChild(cursor);
                    values.textContent = names.map(function (name, index) {
                      return name + ": " + nearest.cells[index];
                    }).join("\\n");
                    document.body.appendChild(values);
                    var isRight = event.clientX > window.innerWidth / 2;
                    var left = event.clientX + window.scrollX + (isRight ? -values.offsetWidth - 16 : 16);
                    values.style.left = left + "px";
                    values.style.top = event.clientY + window.scrollY + 16 + "px";
                  });
                  svg.addEventListener("pointerleave", function () {
                    cursor.remove();
                    values.remove();
                  });
                });

                """
            )
        ]
    )
}
