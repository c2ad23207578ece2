/** Dry runs of triggers over gRPC: `attrium.trigger.v1.TriggerDryRunService`. */
import { Access, authorizationOf } from '@attrium/host';
import { triggerV1 } from '@attrium/proto';
import type { Metadata } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { type AskedTrigger, TriggerDryRun } from '../trigger-dry-run.js';
import { dryRunOf } from './dry-run-request.js';
import { bodyText } from './request-body.js';
import { conditionOf } from './segment-request.js';

@Controller()
@triggerV1.TriggerDryRunServiceControllerMethods()
export class TriggerRpcController implements triggerV1.TriggerDryRunServiceController {
  constructor(
    @Inject(Access) private readonly access: Access,
    @Inject(TriggerDryRun) private readonly dryRuns: TriggerDryRun,
  ) {}

  async dryRunTrigger(
    request: triggerV1.DryRunTriggerRequest,
    metadata?: Metadata,
  ): Promise<triggerV1.DryRunTriggerResponse> {
    const { workspace, days, sampleMax, trigger } = request;
    this.access.require(authorizationOf(metadata), { workspace, role: 'read' });
    const asked: AskedTrigger =
      trigger?.$case === 'definitionJson'
        ? { definition: conditionOf(bodyText(trigger.value), 'json') }
        : { name: trigger?.value ?? '' };
    const terms = dryRunOf({ days: days || undefined, sample: sampleMax || undefined });
    const run = await this.dryRuns.run(workspace, asked, terms);
    return {
      ...{ revision: run.revision, trigger: run.trigger, from: run.from, to: run.to, counts: run.counts },
      days: run.days.map(({ day, ...counts }) => ({ day, counts })),
      samples: run.samples.map(({ occasion, outcome }) => ({
        ...{ outcome, profileId: occasion.profile, on: occasion.kind, at: occasion.at },
      })),
      caveats: [...run.caveats],
      mergedProfiles: run.mergedProfiles,
    };
  }
}
