// Show one room as a card: its temperature, its chart, and the buttons that change its target.

import { element, set, write } from 'element';
import { change } from './api.js';
import { Chart } from './chart.js';
import limits from './limits.json' with { type: 'json' };

const PAUSE = 300; // milliseconds without another press, then the target is sent

/** A card, to be updated with each new value of its room. */
export class Card {
  /**
   * @param {(room: object) => void} edit is called for the room when its name is pressed
   * @param {(error: Error) => void} complain is given what the server refused
   */
  constructor(edit, complain) {
    this.complain = complain;
    this.wanted = null; // the target that was chosen here and is not with the server yet
    this.isSending = false;
    this.chart = new Chart();
    this.name = element('button.name', { type: 'button', click: () => edit(this.room) });
    this.status = element('p.status');
    this.temperature = element('span.degrees');
    this.output = element('output.wanted');
    this.colder = element('button.step', { type: 'button', click: () => this.step(-limits.step) }, '−');
    this.warmer = element('button.step', { type: 'button', click: () => this.step(limits.step) }, '+');
    this.stepper = element(
      'div.stepper', { role: 'group' }, element('span.caption', {}, 'Target'), this.colder, this.output, this.warmer,
    );
    this.node = element(
      'li.card', {},
      element('div.head', {}, element('h3', {}, this.name), this.status),
      element('p.temperature', {}, this.temperature, element('span.unit', {}, '°C')),
      this.chart.node,
      element('p.axis', { 'aria-hidden': 'true' }, element('span', {}, '2 min ago'), element('span', {}, 'now')),
      this.stepper,
    );
  }

  update(room) {
    this.room = room;
    const target = this.wanted ?? room.target;
    write(this.name, room.name);
    write(this.temperature, room.readings.at(-1).toFixed(1));
    write(this.output, `${target.toFixed(1)}°`);
    write(this.status, room.heating ? 'Heating' : 'Resting');
    set(this.node, { 'data-heating': room.heating, 'data-id': room.id });
    set(this.name, { 'aria-label': `Edit ${room.name}`, title: 'Edit' });
    set(this.stepper, { 'aria-label': `Target of ${room.name}` });
    this.setStep(this.colder, `Lower the target of ${room.name}`, target <= limits.coldest);
    this.setStep(this.warmer, `Raise the target of ${room.name}`, target >= limits.warmest);
    this.chart.update(room.readings, target);
  }

  /** Mark a button that can do nothing, without taking the focus from it. */
  setStep(button, label, isAtEnd) {
    set(button, { 'aria-label': label, 'aria-disabled': String(isAtEnd) });
  }

  step(by) {
    const target = (this.wanted ?? this.room.target) + by;
    this.wanted = Math.min(limits.warmest, Math.max(limits.coldest, target));
    this.update(this.room);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), PAUSE);
  }

  /** Send what was chosen, one request at a time; presses meanwhile make it send again. */
  async send() {
    if (this.isSending) return;
    this.isSending = true;
    try {
      while (this.wanted !== null) {
        const target = this.wanted;
        const settings = await change(this.room, { name: this.room.name, target });
        if (this.wanted === target) this.wanted = null;
        this.update({ ...this.room, ...settings });
      }
    } catch (error) {
      this.wanted = null;
      this.update(this.room);
      this.complain(error);
    } finally {
      this.isSending = false;
    }
  }
}
