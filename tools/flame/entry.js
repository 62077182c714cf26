export { bisectLeft } from "d3-array";
export { axisBottom, axisLeft } from "d3-axis";
export { default as flamegraph } from "d3-flame-graph";
export { scaleLinear } from "d3-scale";
export { pointer, select } from "d3-selection";
export { area, curveStepBefore, line } from "d3-shape";
