/** What can go wrong with a resource. Pure. */
import { defineErrors } from '../../lib/errors.ts';

export const resourceErrors = defineErrors({
  /** `details.kind`, `details.name`, `details.namespace` say which, here and below. */
  RESOURCE_NOT_FOUND: { message: 'the resource does not exist', retry: 'never' },
  RESOURCE_EXISTS: { message: 'the resource exists already', retry: 'never' },
  /** Somebody changed it meanwhile, or a precondition does not hold. */
  RESOURCE_CONFLICT: { message: 'the resource has changed', retry: 'resync' },
  /** `details.causes`: which fields somebody else applied or wrote; `details.summary`: the same for people. */
  RESOURCE_FIELD_CONFLICT: { message: 'fields have other managers', retry: 'never' },
  /** `details.problems`: everything that is wrong with it. */
  RESOURCE_INVALID: { message: 'the resource is invalid', retry: 'never' },
  /** The kind takes no writes from users. */
  RESOURCE_READ_ONLY: { message: 'the resource is read-only', retry: 'never' },
  /** This one object may not be changed or deleted. */
  RESOURCE_PROTECTED: { message: 'the operation is not supported on this resource', retry: 'never' },
  /** Something else depends on it. */
  RESOURCE_IN_USE: { message: 'the resource is in use', retry: 'never' },
  /** What is stored cannot be understood; `details.problems` says why. */
  RESOURCE_UNREADABLE: { message: 'the stored resource cannot be read', retry: 'never' },
});
