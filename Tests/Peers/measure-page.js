// Runs inside a report's page, after its own script: looks for what a reader would stumble over, and leaves the findings
// in the page as base64 of JSON, for the test that dumps it.
(function () {
  var problems = [];
  var counts = { plots: 0, shapes: 0, texts: 0 };

  function describe(element) {
    var text = element.textContent.trim().slice(0, 30);
    return element.tagName.toLowerCase() + "." + (element.getAttribute("class") || "") + (text ? ' "' + text + '"' : "");
  }

  // Geometry inside of the view box, and not empty.
  document.querySelectorAll("svg").forEach(function (svg) {
    counts.plots += 1;
    var view = svg.viewBox.baseVal;
    var boxes = [];
    svg.querySelectorAll("path, line, circle, text").forEach(function (element) {
      var box = element.getBBox();
      var end = { x: box.x + box.width, y: box.y + box.height };
      var slack = 1;
      if (!isFinite(end.x + end.y) || box.x < view.x - slack || box.y < view.y - slack ||
          end.x > view.x + view.width + slack || end.y > view.y + view.height + slack) {
        problems.push("outside of its view box: " + describe(element) + " at " + [box.x, box.y, end.x, end.y]);
      }
      if (element.tagName === "path") {
        counts.shapes += 1;
        if (box.width < view.width / 20) { problems.push("too narrow to see: " + describe(element)); }
      }
      if (element.tagName === "text") {
        counts.texts += 1;
        boxes.push({ element: element, left: box.x, right: end.x, top: box.y, bottom: end.y });
      }
    });
    boxes.forEach(function (first, index) {
      boxes.slice(index + 1).forEach(function (second) {
        var across = Math.min(first.right, second.right) - Math.max(first.left, second.left);
        var down = Math.min(first.bottom, second.bottom) - Math.max(first.top, second.top);
        if (across > 0 && down > 2) {
          problems.push("overlap: " + describe(first.element) + " and " + describe(second.element));
        }
      });
    });
  });

  // Texts of the page that do not fit where they are.
  document.querySelectorAll("h1, h2, p, li, dt, dd, summary").forEach(function (element) {
    if (element.scrollWidth > element.clientWidth + 1) { problems.push("cut off: " + describe(element)); }
  });
  if (document.documentElement.scrollWidth > window.innerWidth) {
    problems.push("wider than the window: " + document.documentElement.scrollWidth);
  }

  // Contrast of texts with what is behind them: WCAG 2.1, 1.4.3.
  function channels(colour) { return (colour.match(/[\d.]+/g) || []).map(Number); }

  function luminance(rgb) {
    var linear = rgb.slice(0, 3).map(function (channel) {
      var share = channel / 255;
      return share <= 0.03928 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  }

  function background(element) {
    for (var behind = element; behind; behind = behind.parentElement) {
      var colour = channels(getComputedStyle(behind).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) { return colour; }
    }
    return [255, 255, 255];
  }

  document.querySelectorAll("h1, h2, p, li, dt, dd, th, td, summary, svg text").forEach(function (element) {
    if (!element.textContent.trim()) { return; }
    var style = getComputedStyle(element);
    var colour = luminance(channels(element.tagName === "text" ? style.fill : style.color));
    var behind = luminance(background(element));
    var contrast = (Math.max(colour, behind) + 0.05) / (Math.min(colour, behind) + 0.05);
    if (contrast < 4.5) { problems.push("contrast of " + contrast.toFixed(1) + ": " + describe(element)); }
  });

  var findings = {
    problems: problems,
    plots: counts.plots,
    shapes: counts.shapes,
    texts: counts.texts,
    isDark: matchMedia("(prefers-color-scheme: dark)").matches,
    background: getComputedStyle(document.body).backgroundColor,
  };
  var element = document.createElement("pre");
  element.id = "findings";
  element.hidden = true;
  element.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(findings))));
  document.body.appendChild(element);
})();
