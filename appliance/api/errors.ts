/** What can be wrong with a request before any resource is looked at. Pure. */
import { defineErrors } from '../lib/errors.ts';

export const apiErrors = defineErrors({
  API_BAD_REQUEST: { message: 'bad request', retry: 'never' },
  API_UNAUTHENTICATED: { message: 'unauthorized', retry: 'never' },
  API_FORBIDDEN: { message: 'forbidden', retry: 'never' },
  API_TOO_MANY_REQUESTS: { message: 'too many requests', retry: 'later' },
  API_NOT_READY: { message: 'the server is not ready', retry: 'later' },
  API_URL_TOO_LONG: { message: 'the URL is too long', retry: 'never' },
  /** Ends a watch: the client lists again, and sees what it may see now. */
  API_ACCESS_CHANGED: { message: 'access has changed', retry: 'resync' },
  API_NO_SUCH_PATH: { message: 'the server could not find the requested resource', retry: 'never' },
  API_METHOD_NOT_ALLOWED: { message: 'the method is not allowed here', retry: 'never' },
  API_NOT_ACCEPTABLE: { message: 'only application/json is served', retry: 'never' },
  API_UNSUPPORTED_MEDIA_TYPE: { message: 'the body is in a form the server does not read', retry: 'never' },
  API_PATCH_FAILED: { message: 'the patch cannot be applied', retry: 'never' },
  API_VERSION_TOO_LARGE: { message: 'the resource version lies in the future', retry: 'later' },
});
