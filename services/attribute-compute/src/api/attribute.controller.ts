/** Attribute values over gRPC: `attrium.attribute.v1.AttributeService`. */
import { Access, authorizationOf, PROFILE_ID, ProfileLocator } from '@attrium/host';
import { valueToProto } from '@attrium/processor';
import { attributeV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import type { AttributesAnswer } from '../domain/question.js';
import { AttributeNamesError } from '../errors.js';

const NAMES_MAX = 1_000;
/** Definitions have shorter names. */
const NAME_LENGTH_MAX = 200;

@Controller()
@attributeV1.AttributeServiceControllerMethods()
export class AttributeController implements attributeV1.AttributeServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(ProfileLocator) private readonly locator: ProfileLocator,
  ) {}

  async getAttributes(
    { workspace, profileId, names }: attributeV1.GetAttributesRequest,
    metadata?: Metadata,
  ): Promise<attributeV1.GetAttributesResponse> {
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    if (names.length > NAMES_MAX) throw new AttributeNamesError(`A request has at most ${NAMES_MAX} names.`);
    const long = names.find((name) => name.length > NAME_LENGTH_MAX);
    if (long !== undefined) throw notDefined([`${long.slice(0, NAME_LENGTH_MAX)}…`]);
    const place = await this.locator.require(workspace, { type: PROFILE_ID, value: profileId });
    const question = { kind: 'attributes', workspace, ...(names.length === 0 ? {} : { names }) };
    const { answer, at } = await this.locator.followed<AttributesAnswer>('attribute-compute', place, {
      question,
      mergedInto: (given) => (given.kind === 'merged' ? given.mergedInto : undefined),
    });
    if (answer.kind !== 'merged' && answer.undefinedNames !== undefined) throw notDefined(answer.undefinedNames);
    // Where this stage knows of a merge that identity did not answer by yet, the merge is under way.
    const moved = at.profileId !== place.profileId;
    if (answer.kind !== 'attributes') return { profileId: at.profileId, attributes: {}, merging: moved };
    return { profileId: at.profileId, attributes: messagesOf(answer.attributes), merging: moved || answer.merging };
  }
}

function messagesOf(
  attributes: (AttributesAnswer & { kind: 'attributes' })['attributes'],
): Record<string, attributeV1.AttributeValue> {
  return Object.fromEntries(
    [...attributes].map(([name, { value, effectiveAt }]) => [name, { value: valueToProto(value), effectiveAt }]),
  );
}

const NAMES_SHOWN = 10;

function notDefined(names: readonly string[]): AttributeNamesError {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return new AttributeNamesError(`No attributes of profiles: ${names.slice(0, NAMES_SHOWN).join(', ')}${more}.`);
}
