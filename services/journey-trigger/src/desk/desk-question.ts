/** The questions that other services ask the desk over NATS, and how they are answered. Who may ask what is decided by the asker. */
import { Decimal, parseExactJson } from '@attrium/event';
import { isCodedFailure, OperatingError } from '@attrium/host';
import { z } from 'zod';
import type { PastFiring } from '../clients/firing-history.js';
import { DeskError } from '../errors.js';
import type { DeliveryDesk } from './delivery-desk.js';

const LIMIT_MAX = 500;
const LIMIT_DEFAULT = 50;
const TIME_MAX = 8.64e15;

const name = z.string().min(1).max(300);
const optionalName = z.string().max(300).default('');
const limit = z
  .int()
  .min(0)
  .max(LIMIT_MAX)
  .default(0)
  .transform((asked) => (asked === 0 ? LIMIT_DEFAULT : asked));
const position = z.int().min(0);
const positions = z.array(position).min(1).max(LIMIT_MAX);
const time = z.int().min(0).max(TIME_MAX);
const head = { workspace: name };

export const deskQuestionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('destinations'), ...head }),
  z.strictObject({ kind: z.literal('enable'), ...head, destination: name }),
  z.strictObject({
    kind: z.literal('undelivered'),
    ...head,
    destination: optionalName,
    after: position.default(0),
    limit,
  }),
  z.strictObject({ kind: z.literal('replay-undelivered'), ...head, positions }),
  z.strictObject({ kind: z.literal('discard-undelivered'), ...head, positions }),
  z.strictObject({
    kind: z.literal('replay-firings'),
    ...head,
    destination: name,
    from: time,
    to: time,
    replayId: z
      .string()
      .regex(/^[A-Za-z0-9_-]{0,64}$/)
      .default(''),
  }),
  z
    .strictObject({ kind: z.literal('attempts'), ...head, firingId: optionalName, destination: optionalName, limit })
    .refine(({ firingId, destination }) => firingId !== '' || destination !== '', 'asks for a firing or a destination'),
  z.strictObject({
    kind: z.literal('firings'),
    ...head,
    trigger: optionalName,
    profileId: optionalName,
    outcome: z.enum(['', 'fired', 'suppressed']).default(''),
    page: z.string().max(100).default(''),
    limit,
  }),
  z.strictObject({ kind: z.literal('firing'), ...head, firingId: name }),
  z.strictObject({ kind: z.literal('subscribers'), ...head }),
  z.strictObject({ kind: z.literal('delete-subscriber'), ...head, trigger: name, subscriber: name }),
  z.strictObject({
    kind: z.literal('test'),
    ...head,
    trigger: name,
    profileId: name,
    identifiers: z.array(z.strictObject({ type: z.string(), value: z.string() })).max(1_000),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  }),
]);
export type DeskQuestion = z.infer<typeof deskQuestionSchema>;

/** Throws DeskError for what is no question. */
export function parseDeskQuestion(asked: unknown): DeskQuestion {
  const parsed = deskQuestionSchema.safeParse(asked);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const where = first?.path.join('.') ?? '';
  throw new DeskError('misshapen', `${where === '' ? 'The request' : where}: ${first?.message}`);
}

/** What the desk says, or why it says nothing: with the status that its asker passes on. */
export type DeskAnswer =
  | { readonly answer: unknown }
  | {
      readonly refused: {
        readonly code: string;
        readonly status: string;
        readonly message: string;
        readonly retryable: boolean;
      };
    };

/** Does not throw what callers can be told. */
export async function answerDesk(desk: DeliveryDesk, asked: unknown): Promise<DeskAnswer> {
  try {
    return { answer: await reply(desk, parseDeskQuestion(asked)) };
  } catch (error) {
    if (!isCodedFailure(error) || !(error instanceof OperatingError)) throw error;
    const { code, status, message, retryable } = error;
    return { refused: { code, status, message, retryable } };
  }
}

async function reply(desk: DeliveryDesk, question: DeskQuestion): Promise<unknown> {
  const { workspace } = question;
  switch (question.kind) {
    case 'destinations':
      return { destinations: await desk.destinations(workspace) };
    case 'enable':
      await desk.enable(workspace, question.destination);
      return {};
    case 'undelivered': {
      const found = await desk.undelivered(question);
      // The firing itself stays here: it may carry what a list should not show.
      return { undelivered: found.map(({ body: _body, workspace: _workspace, ...letter }) => letter) };
    }
    case 'replay-undelivered':
      return desk.replayUndelivered(workspace, question.positions);
    case 'discard-undelivered':
      return desk.discardUndelivered(workspace, question.positions);
    case 'replay-firings':
      return desk.replayFirings(question);
    case 'attempts':
      return { attempts: await desk.attempts(question) };
    case 'firings': {
      const { firings, nextPage } = await desk.firings(question);
      return { firings: firings.map(firingJson), nextPage };
    }
    case 'test':
      return desk.test(question);
    case 'subscribers':
      return { subscribers: (await desk.subscribers.list(workspace)).map(({ workspace: _, ...state }) => state) };
    case 'delete-subscriber':
      await desk.subscribers.delete(question);
      return {};
    case 'firing': {
      const { firing, ...rest } = await desk.firing(workspace, question.firingId);
      return { firing: firingJson(firing), ...rest };
    }
  }
}

/** With its values as the firing itself has them: by name, as JSON, what a double does not hold as text. */
function firingJson({ valueNames, valueTexts, before, after, ...firing }: PastFiring): object {
  const json = (text: string | null | undefined): unknown => {
    const value = parseExactJson(text ?? 'null');
    return value instanceof Decimal ? value.toString() : value;
  };
  const attributes = Object.fromEntries(valueNames.map((name, index) => [name, json(valueTexts[index])]));
  return { ...firing, before: json(before), after: json(after), attributes };
}
