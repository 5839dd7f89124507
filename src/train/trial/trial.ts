// A trial: one spec trained to its end, as a stream of events. The only way to train, of one network or of many.
import { EnsembleEngine } from "./ensemble-engine.js";
import { TrialHistory } from "./history.js";
import { TrialLoop } from "./loop.js";
import { planTrial } from "./plan.js";
import { SingleEngine } from "./single-engine.js";
import type { Trial, TrialRequest } from "./trial-interface.js";

export type { StopSignal, Trial, TrialRequest } from "./trial-interface.js";

/**
 * Opens a trial. A spec with `ensemble` trains so many networks as one program, any other spec one network. An ensemble of
 * one network has the events, checkpoints and refusals of a single training, but another program: its losses are the
 * same up to rounding, not bit for bit.
 * @throws TrainscopeError before anything is allocated, when something does not fit.
 */
export function openTrial(request: TrialRequest): Trial {
  const plan = planTrial(request);
  const [order] = plan.orders;
  const history = new TrialHistory({
    networks: plan.ensemble ?? 1,
    epochAt: (step) => order.epochAt(step),
    stop: plan.spec.stop,
    keep: plan.spec.keep,
  });
  const { epochs } = history;
  const engine =
    plan.ensemble === undefined
      ? new SingleEngine(plan, epochs, request.threads)
      : new EnsembleEngine(plan, epochs, request.threads);
  return new TrialLoop(plan, engine, history, request);
}
