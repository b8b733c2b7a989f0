// Draw the readings of a thermometer as a line over time, with its target.

import { set, svg } from 'element';

const SPAN = 120; // readings from the left edge to the right
const HEIGHT = 100;
const LEAST_RANGE = 2.5; // degrees from the bottom to the top, so that noise stays small
const MARGIN = 0.3; // degrees above and below the lines

/** A chart, to be updated with each new reading. */
export class Chart {
  constructor() {
    this.area = svg('path.area');
    this.target = svg('path.target');
    this.line = svg('path.line');
    this.now = svg('path.now');
    this.node = svg(
      'svg.chart',
      { viewBox: `0 0 ${SPAN - 1} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' },
      this.area, this.target, this.line, this.now,
    );
  }

  update(readings, target) {
    const shown = readings.slice(-SPAN);
    const place = scale([...shown, target]);
    const left = SPAN - shown.length;
    const points = shown.map((reading, index) => `${left + index} ${place(reading)}`);
    const line = `M${points.join('L')}`;
    const last = points.at(-1);
    set(this.line, { d: line });
    set(this.area, { d: `${line}V${HEIGHT}H${left}Z` });
    set(this.now, { d: `M${last}h0` });
    set(this.target, { d: `M0 ${place(target)}H${SPAN - 1}` });
    set(this.node, { 'aria-label': describe(shown, target) });
  }
}

/** Return a function from degrees to the height in the chart, two digits after the point. */
export function scale(values) {
  const low = Math.min(...values) - MARGIN;
  const high = Math.max(...values) + MARGIN;
  const spare = Math.max(0, LEAST_RANGE - (high - low)) / 2;
  const range = high - low + 2 * spare;
  return value => Number(((high + spare - value) / range * HEIGHT).toFixed(2));
}

function describe(readings, target) {
  const [first, last] = [readings[0], readings.at(-1)].map(reading => reading.toFixed(1));
  return `Temperature over the last two minutes: from ${first} to ${last} °C, with a target of ${target.toFixed(1)} °C`;
}
