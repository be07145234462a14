/** What can go wrong with addresses. Pure. */
import { defineErrors } from '../lib/errors.ts';

export const ipamErrors = defineErrors({
  IPAM_BAD_REQUEST: { message: 'bad request', retry: 'never' },
  /** `details.problems` says what. */
  IPAM_CONFIG_INVALID: { message: 'the IPAM settings are invalid', retry: 'never' },
  IPAM_NO_POOL: { message: 'there is no such IP pool', retry: 'never' },
  /** Full, or all that is left is reserved, or the host has as many blocks as it may. */
  IPAM_NO_ADDRESS: { message: 'there is no address left', retry: 'later' },
  IPAM_NOT_LOCKED: { message: 'the datastore is not locked', retry: 'never' },
  /** Others changed the same blocks all the time. */
  IPAM_CONFLICT: { message: 'too many writers at once', retry: 'later' },
});
