// Ask the REST API: values come back, and refusals with the words of the server.

const ROOMS = '/api/rooms/';
const PATIENCE = 10_000; // milliseconds for an answer

export const rooms = () => ask('GET', ROOMS);
export const add = settings => ask('POST', ROOMS, settings);
export const change = (room, settings) => ask('PUT', `${ROOMS}${room.id}/`, settings, room.version);
export const remove = room => ask('DELETE', `${ROOMS}${room.id}/`, undefined, room.version);

/** What the server refused, or that it could not be reached; the message is for people. */
export class Refusal extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

async function ask(method, url, value, version) {
  const headers = {};
  if (value !== undefined) headers['Content-Type'] = 'application/json';
  if (version !== undefined) headers['If-Match'] = `"${version}"`;
  let response;
  try {
    response = await fetch(url, {
      method, headers, body: value && JSON.stringify(value), cache: 'no-store', signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Refusal('The server cannot be reached. Try again when the page is live.');
  }
  if (!response.ok) throw await read(response);
  return response.status === 204 ? null : response.json();
}

/** Read a problem document (RFC 9457). */
async function read(response) {
  if (response.status === 412) {
    return new Refusal('Somebody else has just changed this room. Look at it again first.', 412);
  }
  const problem = await response.json().catch(() => ({}));
  return new Refusal(problem.detail ?? problem.title ?? `The server answered ${response.status}.`, response.status);
}
