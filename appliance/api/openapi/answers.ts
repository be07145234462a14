/** What can come back besides success: which codes an operation has, and the text of each. Pure data. */

/** Kubernetes' reason and what it means here, by HTTP status. */
export const failures: Readonly<Record<number, string>> = {
  400: 'BadRequest: a parameter or the body cannot be read; the message names it.',
  401: 'Unauthorized: nobody we know is asking.',
  403: 'Forbidden: no role allows it, or the object is built in.',
  404: 'NotFound: no such object, or what it refers to does not exist.',
  405: 'MethodNotAllowed: this kind is read-only.',
  406: 'NotAcceptable: only application/json is served.',
  409: 'Conflict or AlreadyExists: somebody else was faster, or the object is in use.',
  410: 'Expired: the revision has been compacted; list again.',
  413: 'RequestEntityTooLarge: the body is over 8 MiB.',
  415: 'UnsupportedMediaType: the body is in a form that is not read here.',
  422: 'Invalid: every problem is named in details.causes, each with its field.',
  429: 'TooManyRequests: wait as long as Retry-After says.',
  500: 'InternalError: the log of the server has more; or the stored object cannot be read.',
  501: 'NotImplemented: this server has no key to sign certificates with.',
  503: 'ServiceUnavailable: the store cannot be reached; wait as long as Retry-After says.',
  504: 'Timeout: the revision asked for lies in the future.',
};

const always = [400, 401, 403, 429, 500, 503];
const reading = [...always, 404, 406, 410, 504];
const changing = [...always, 404, 405, 406, 409, 413, 415, 422];

/** Codes by action. */
export const failuresOf: Readonly<Record<string, readonly number[]>> = {
  list: reading,
  get: reading,
  history: reading,
  post: changing,
  put: changing,
  patch: changing,
  delete: changing,
  deletecollection: changing,
  sign: [...changing, 501],
  review: [...always, 413, 415],
  document: always,
};

/** `components.responses`: one for each code. */
export function failureResponses(): Readonly<Record<string, object>> {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Status' } } };
  const headers = { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } };
  return Object.fromEntries(
    Object.entries(failures).map(([code, description]) => [
      `Failure${code}`,
      { description, content, ...(['429', '503'].includes(code) && { headers }) },
    ]),
  );
}
