import { count } from './count.js';

document.querySelector('h1').append(` (${count('li')})`);
