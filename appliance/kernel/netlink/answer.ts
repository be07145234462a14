/**
 * Netlink's answers: acknowledgements, refusals and the ends of dumps. Pure.
 * Source: linux/netlink.h (struct nlmsgerr, enum nlmsgerr_attrs).
 */
import { type Message, NLM, readAttributes, readString } from './message.ts';

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const ATTRIBUTE = { message: 1, offset: 2, missingType: 5 } as const;

export type Answer =
  /** The kernel's answer to one message: errno 0 acknowledges. `offset`: of the offending attribute, from the message's start. */
  | { readonly type: 'ack'; readonly errno: number; readonly text: string; readonly offset?: number }
  | { readonly type: 'done'; readonly errno: number; readonly text: string }
  | { readonly type: 'data' };

export function readAnswer(message: Message): Answer {
  if (message.type !== NLMSG_ERROR && message.type !== NLMSG_DONE) return { type: 'data' };
  const errno = message.body.length >= 4 ? -message.body.readInt32LE(0) : 0;
  if (message.type === NLMSG_DONE) return { type: 'done', errno, text: extendedText(message, 4) };
  const offset = extended(message, attributesStart(message)).get(ATTRIBUTE.offset);
  const text = extendedText(message, attributesStart(message));
  return { type: 'ack', errno, text, ...(offset === undefined ? {} : { offset: offset.readUInt32LE(0) }) };
}

/** Behind errno comes the header of our message, and its body too unless it was capped. */
function attributesStart(message: Message): number {
  if ((message.flags & NLM.capped) !== 0 || message.body.length < 8) return 20;
  return 4 + ((message.body.readUInt32LE(4) + 3) & ~3);
}

function extended(message: Message, from: number) {
  return (message.flags & NLM.ackHasAttributes) === 0 ? new Map<number, Buffer>() : readAttributes(message.body, from);
}

function extendedText(message: Message, from: number): string {
  const attributes = extended(message, from);
  const missing = attributes.get(ATTRIBUTE.missingType);
  const text = readString(attributes.get(ATTRIBUTE.message));
  return missing === undefined ? text : `${text} missing attribute ${missing.readUInt32LE(0)}`.trim();
}
