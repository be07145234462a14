/** What can go wrong between us and the kernel. Pure. */
import { defineErrors } from '../lib/errors.ts';

export const kernelErrors = defineErrors({
  KERNEL_REFUSED: { message: 'the kernel refused', retry: 'later' },
  KERNEL_UNAVAILABLE: { message: 'the kernel cannot be asked', retry: 'later' },
  KERNEL_ANSWER_LOST: { message: "the kernel's answer was lost", retry: 'resync' },
});
