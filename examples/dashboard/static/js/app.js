// Start the dashboard: follow the rooms, keep a card for each, say how the connection is.

import { write } from 'element';
import { rooms } from './api.js';
import { Card } from './card.js';
import { follow } from './live.js';

const WORDS = { connecting: 'Connecting…', live: 'Live', reconnecting: 'Reconnecting…' };
const NOTICE_TIME = 8_000; // milliseconds a notice stays

const [list, notice, state, summary] = ['rooms', 'notice', 'state', 'summary'].map(id => document.getElementById(id));
const cards = new Map();
let noticeTimer;

function show(value) {
  for (const [id, card] of cards) {
    if (!value.some(room => room.id === id)) {
      card.node.remove();
      cards.delete(id);
    }
  }
  for (const room of value) {
    if (!cards.has(room.id)) {
      const card = new Card(edit, complain);
      cards.set(room.id, card);
      list.append(card.node);
    }
    cards.get(room.id).update(room);
  }
  write(summary, summarize(value));
}

function summarize(value) {
  if (!value.length) return 'No rooms yet.';
  const heating = value.filter(room => room.heating).length;
  const mean = value.reduce((sum, room) => sum + room.readings.at(-1), 0) / value.length;
  return `${heating} of ${value.length} heating, ${mean.toFixed(1)} °C on average`;
}

function tell(name) {
  document.documentElement.dataset.state = state.dataset.state = name;
  write(state, WORDS[name]);
}

function complain(error) {
  notice.textContent = error.message;
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { notice.hidden = true; }, NOTICE_TIME);
}

/** Open the form, which is loaded only now: not every visit needs it. */
async function edit(room) {
  try {
    const { open } = await import('./form.js');
    open(room);
  } catch {
    complain(new Error('The form could not be loaded. Is the server there?'));
  }
}

document.getElementById('add').addEventListener('click', () => edit());
follow('/api/rooms/', rooms, show, tell);
