/** What can go wrong between the etcd face and the place it listens on. Pure. */
import { defineErrors } from '../lib/errors.ts';

export const faceErrors = defineErrors({
  ETCD_FACE_BAD_ADDRESS: { message: 'the address to listen on cannot be used', retry: 'never' },
  ETCD_FACE_INSECURE: { message: 'the address to listen on needs TLS with client certificates', retry: 'never' },
  ETCD_FACE_IN_USE: { message: 'somebody else listens there', retry: 'never' },
});
