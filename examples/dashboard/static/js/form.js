// Add or edit a room in a dialog; loaded when it is first needed.

import { element } from 'element';
import { add, change, remove } from './api.js';
import limits from './limits.json' with { type: 'json' };

const SURE = 'Really delete?'; // the second press deletes

/** Open the dialog for a room, or for a new one if there is none. */
export function open(room) {
  const name = element('input', { id: 'name', name: 'name', autocomplete: 'off', value: room?.name ?? '' });
  const target = element('input', {
    id: 'target', name: 'target', inputmode: 'decimal', autocomplete: 'off', value: room?.target ?? 20,
    'aria-describedby': 'target-hint',
  });
  const problem = element('p.problem', { role: 'alert', hidden: true });
  const erase = element('button.button.danger', { type: 'button' }, 'Delete');
  const form = element(
    'form', { method: 'dialog', novalidate: true },
    element('h2', { id: 'dialog-title' }, room ? `Edit ${room.name}` : 'Add a room'),
    element('label', { for: 'name' }, 'Name'), name,
    element('label', { for: 'target' }, 'Target, °C'), target,
    element('p.hint', { id: 'target-hint' }, `From ${limits.coldest} to ${limits.warmest}`),
    problem,
    element('div.actions', {},
      ...(room ? [erase] : []),
      element('button.button', { type: 'button', click: () => dialog.close() }, 'Cancel'),
      element('button.button.primary', { type: 'submit' }, 'Save')),
  );
  const dialog = element('dialog', { 'aria-labelledby': 'dialog-title', close: () => dialog.remove() }, form);

  /** Close when the server has agreed; else show why it has not. The rules are the server's alone. */
  async function attempt(request) {
    form.inert = true;
    try {
      await request();
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    } finally {
      form.inert = false;
      if (dialog.open) name.focus();
    }
  }

  form.addEventListener('submit', event => {
    event.preventDefault();
    const settings = { name: name.value, target: readNumber(target.value) };
    attempt(() => room ? change(room, settings) : add(settings));
  });
  erase.addEventListener('click', () => {
    if (erase.textContent === SURE) attempt(() => remove(room));
    else erase.textContent = SURE;
  });
  document.body.append(dialog);
  dialog.showModal();
  name.select();
}

/** Read a number as people write it, with a point or a comma; what is none goes to the server as text. */
export function readNumber(text) {
  const number = Number(text.trim().replace(',', '.'));
  return text.trim() && Number.isFinite(number) ? number : text;
}
