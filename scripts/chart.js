/* Draws what is used over time: in each chart libraries or tasks on top of each other, and over them what was granted, the limit, and where
 * somebody was denied. Names are only ever text. */
const size = n => n >= 1 << 30 ? (n / (1 << 30)).toFixed(1) + " GB" : n >= 1 << 20 ? (n / (1 << 20)).toFixed(1) + " MB" : (n / 1024).toFixed(1) + " KB";

function drawOverTime(data) {
  const width = Math.max(600, document.body.clientWidth - 20), height = 260, left = 70, bottom = 24, top = 8;
  const points = data.seconds.map((_, at) => at), most = figures => Math.max(0, ...figures.map(n => n ?? 0));
  const x = flame.scaleLinear([0, Math.max(0.001, data.seconds.at(-1))], [left, width - 8]);
  for (const chart of data.charts) {
    const sums = points.map(() => 0), layers = chart.series.map((one, index) => ({
      name: one.name, most: most(one.used), color: `hsl(${index * 137.5 % 360} 60% ${45 + index % 3 * 10}%)`,
      steps: points.map(at => [sums[at], sums[at] += one.used[at]]), used: one.used }));
    /* A limit far beyond what is used is told, and not drawn: the chart would be empty. */
    const used = Math.max(1, most(sums), most(data.used));
    const lines = [["granted", "#06c"], ["limit", "#c00"]].map(([name, color]) => ({ name, color, figures: data[name], most: most(data[name]) }))
      .filter(line => line.figures.some(n => n !== null)).map(line => ({ ...line, drawn: line.most <= 4 * used }));
    const y = flame.scaleLinear([0, 1.05 * Math.max(used, ...lines.filter(line => line.drawn).map(line => line.most))], [height - bottom, top]);
    const step = 2 ** Math.ceil(Math.log2(y.domain()[1] / 8)), ticks = Array.from({ length: 9 }, (_, n) => n * step).filter(n => n <= y.domain()[1]);
    const place = flame.select("#over-time").append("section");
    place.append("h2").text("By " + chart.by);
    const svg = place.append("svg").attr("width", width).attr("height", height).attr("role", "img").attr("aria-label", "used over time by " + chart.by);
    const area = flame.area().curve(flame.curveStepBefore).x(at => x(data.seconds[at]));
    for (const layer of layers)
      svg.append("path").attr("class", "layer").attr("fill", layer.color).attr("d", area.y0(at => y(layer.steps[at][0])).y1(at => y(layer.steps[at][1]))(points))
        .append("title").text(layer.name);
    const line = flame.line().curve(flame.curveStepBefore).x(at => x(data.seconds[at]));
    for (const one of lines.filter(one => one.drawn))
      svg.append("path").attr("class", one.name).attr("fill", "none").attr("stroke", one.color).attr("stroke-width", 1.5)
        .attr("d", line.defined(at => one.figures[at] !== null).y(at => y(one.figures[at]))(points)).append("title").text(one.name);
    points.filter(at => at && data.denials[at] > data.denials[at - 1]).forEach(at =>
      svg.append("line").attr("class", "denied").attr("stroke", "#e60").attr("stroke-dasharray", "2,2").attr("x1", x(data.seconds[at])).attr("x2", x(data.seconds[at]))
        .attr("y1", top).attr("y2", height - bottom).append("title").text("denials: " + (data.denials[at] - data.denials[at - 1])));
    svg.append("g").attr("transform", `translate(0,${height - bottom})`).call(flame.axisBottom(x).ticks(10).tickFormat(n => n + " s"));
    svg.append("g").attr("transform", `translate(${left},0)`).call(flame.axisLeft(y).tickValues(ticks).tickFormat(size));
    const legend = place.append("p").attr("class", "legend");
    const mark = (color, text) => { const one = legend.append("span"); one.append("i").style("background", color); one.append("b").text(text); };
    layers.forEach(layer => mark(layer.color, `${layer.name}: ${size(layer.most)} at most`));
    lines.forEach(one => mark(one.color, `${one.name}: ${size(one.most)}` + (one.drawn ? "" : ", beyond the chart")));
    if (data.denials.at(-1)) mark("#e60", `denials: ${data.denials.at(-1)}`);
    const now = place.append("p").attr("class", "now").text("\u00a0");
    svg.on("mousemove", event => {
      const at = Math.min(points.length - 1, flame.bisectLeft(data.seconds, x.invert(flame.pointer(event)[0])));
      const largest = layers.filter(layer => layer.used[at]).sort((a, b) => b.used[at] - a.used[at]).slice(0, 6);
      now.text(`${data.seconds[at]} s: used ${size(data.used[at])}` + lines.map(one => one.figures[at] === null ? "" : `, ${one.name} ${size(one.figures[at])}`).join("") +
        `, denials: ${data.denials[at]}; ` + largest.map(layer => `${layer.name} ${size(layer.used[at])}`).join(", "));
    });
  }
}
