// Follow a resource: GET its value, then take each new one from the WebSocket at the same URL, whatever happens.

const FIRST_DELAY = 500; // milliseconds before the first new attempt, doubled for each that follows
const LONGEST_DELAY = 10_000;
const SILENCE = 6_000; // the server sends each second: one that says nothing for so long is gone

/**
 * Show each value of a resource, and tell how the connection is.
 *
 * Each attempt begins with a GET. It brings the page up to date at once, also where no WebSocket gets through, and a
 * server that refuses says so, while a WebSocket only fails.
 *
 * @param {string} url of the resource
 * @param {() => Promise<unknown>} get asks for its value
 * @param {(value: unknown) => void} show is given each value
 * @param {(state: 'connecting' | 'live' | 'reconnecting') => void} tell is given each state
 */
export function follow(url, get, show, tell) {
  let attempt = 0;
  let isAsking = false;
  let socket = null;
  let timer = 0;

  async function connect() {
    isAsking = true;
    try {
      show(await get());
    } catch {
      wait();
      return;
    } finally {
      isAsking = false;
    }
    const mine = socket = new WebSocket(new URL(url, location.href.replace(/^http/, 'ws')));
    const expectMore = () => {
      clearTimeout(timer);
      timer = setTimeout(lose, SILENCE);
    };
    const lose = () => {
      if (socket !== mine) return; // given up already
      socket = null;
      mine.close();
      wait();
    };
    mine.onclose = lose;
    mine.onmessage = event => {
      if (socket !== mine) return;
      attempt = 0;
      expectMore();
      tell('live');
      show(JSON.parse(event.data));
    };
    expectMore();
  }

  function wait() {
    tell('reconnecting');
    clearTimeout(timer);
    timer = setTimeout(connect, delay(attempt++));
  }

  function hurry() {
    if (socket || isAsking || document.hidden) return;
    attempt = 1;
    clearTimeout(timer);
    timer = setTimeout(connect);
  }

  addEventListener('online', hurry);
  document.addEventListener('visibilitychange', hurry);
  tell('connecting');
  connect();
}

/** Return how long to wait: twice as long each time, and by chance, so that not all pages come back at once. */
export function delay(attempt, chance = Math.random()) {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt) * (0.5 + chance / 2);
}
