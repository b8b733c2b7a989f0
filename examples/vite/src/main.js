// Show the page that the address names; links change the address without loading anything.
import './style.css';
import { showNotes } from './notes.js';

const main = document.querySelector('main');
const pages = {
  '/': showNotes,
  '/about': async () => {
    main.textContent = 'Built by Vite, served by Spa.';
  },
};
let leave;

async function show() {
  leave?.abort();
  leave = new AbortController();
  main.replaceChildren();
  const { signal } = leave;
  const page = pages[location.pathname];
  try {
    if (page) await page(main, signal);
    else main.textContent = 'There is no such page.';
  } catch (error) {
    if (!signal.aborted) main.append(`The server cannot be reached: ${error.message}`);
  }
}

addEventListener('popstate', show);
document.querySelector('nav').addEventListener('click', event => {
  const link = event.target.closest('a');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  show();
});
show();
