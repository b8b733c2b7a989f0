// List the notes and add to them: GET and POST, and the WebSocket of the same URL for what others add.
const URL_OF_NOTES = '/api/notes/';

export async function showNotes(main, signal) {
  const list = document.createElement('ul');
  const form = document.createElement('form');
  form.innerHTML = '<label>New note <input name="text" autocomplete="off"></label> <button>Add</button>';
  const problem = document.createElement('p');
  problem.setAttribute('role', 'alert');
  main.append(form, problem, list);

  form.addEventListener('submit', async event => {
    event.preventDefault();
    const response = await fetch(URL_OF_NOTES, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ text: form.text.value }),
    });
    problem.textContent = response.ok ? '' : (await response.json()).detail;
    if (response.ok) form.reset();
  });

  const show = notes => list.replaceChildren(...notes.map(text => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
  show(await (await fetch(URL_OF_NOTES, { signal })).json());
  if (signal.aborted) return;
  const socket = new WebSocket(new URL(URL_OF_NOTES, location.href.replace(/^http/, 'ws')));
  socket.onmessage = event => show(JSON.parse(event.data));
  signal.addEventListener('abort', () => socket.close());
}
