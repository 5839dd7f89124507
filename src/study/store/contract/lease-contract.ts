// Contract of leases: the right to run a trial and to write its measurements.
import { measurementPlan } from "../../measurement.js";
import { leased, refusal, type StoreCase, type StoreContract, seriesIn, tokenOf } from "./contract-case.js";
import { exampleEnd, exampleRun, exampleSeries, exampleTrial } from "./store-examples.js";

const stale = "stale-lease: the lease of this trial has passed on or ended";

/** The replies of all writing methods to a token. */
async function writes({ store, id }: Pick<StoreCase, "store" | "id">, number: number): Promise<string[]> {
  const token = { trial: id, number };
  const attempts = [
    store.append(token, { through: 9, series: [exampleSeries(id, [9])] }),
    store.dropAfter(token, 0),
    store.renewLease(token),
    store.finishTrial(token, exampleEnd),
  ];
  return (await Promise.all(attempts.map(refusal))).map((said) => said.slice(0, stale.length));
}

export const leaseContract: StoreContract = {
  async "a trial is leased to one holder at a time"({ world, store, id, expect }) {
    const other = await world.open();
    const { token } = await leased(store, id);
    expect((await store.leaseTrial(id, measurementPlan())).kind).toEqual("busy");
    expect((await other.leaseTrial(id, measurementPlan())).kind).toEqual("busy");
    expect((await other.findTrial(id))?.status).toEqual("running");
    await store.releaseTrial(token);
    expect((await store.findTrial(id))?.status).toEqual("pending");
    const second = await leased(other, id);
    expect(second.token.number > token.number).toEqual(true);
    expect(await refusal(store.leaseTrial("feedface", measurementPlan()))).toEqual(
      'invalid-input: unknown trial "feedface"',
    );
  },

  async "closing gives back the leases that were taken here"({ world, store, id, expect }) {
    const other = await world.open();
    await leased(other, id);
    await other.close();
    expect((await leased(store, id)).kind).toEqual("leased");
  },

  async "whoever was handed the token holds the lease"({ world, store, id, expect }) {
    const { token } = await leased(store, id);
    const other = await world.open();
    const sent = JSON.parse(JSON.stringify(token));
    await other.renewLease(sent);
    await other.append(sent, { through: 1, series: [exampleSeries(id, [1])] });
    await other.finishTrial(sent, exampleEnd);
    expect((await store.findTrial(id))?.status).toEqual("done");
  },

  async "the lease of a dead process is taken over with what it measured, and its token is refused from then on"({
    world,
    store,
    id,
    expect,
  }) {
    const { token } = await leased(store, id);
    const series = [exampleSeries(id, [1, 2])];
    await store.append(token, { through: 2, series });
    world.kill(store);
    const other = await world.open();
    expect((await other.findTrial(id))?.status).toEqual("pending");
    // No other process has taken it over yet, so a late write is accepted.
    await store.renewLease(token);
    const next = await leased(other, id);
    expect([next.through, next.token.number > token.number]).toEqual([2, true]);
    expect(await writes({ store, id }, token.number)).toEqual([stale, stale, stale, stale]);
    await store.failTrial(token, "too late");
    await store.releaseTrial(token);
    expect((await other.leaseTrial(id, measurementPlan())).kind).toEqual("busy");
    expect(await seriesIn(other, id)).toEqual(series);
  },

  async "a token is refused once its lease has ended, and when it was never given"({ store, id, expect }) {
    const { token } = await leased(store, id);
    await store.releaseTrial(token);
    expect(await writes({ store, id }, token.number)).toEqual([stale, stale, stale, stale]);
    const next = await leased(store, id);
    expect(await writes({ store, id }, next.token.number + 1)).toEqual([stale, stale, stale, stale]);
    await store.finishTrial(next.token, exampleEnd);
    expect(await writes({ store, id }, next.token.number)).toEqual([stale, stale, stale, stale]);
  },

  async "a failed trial says why and can be tried again"({ store, id, expect }) {
    await store.failTrial(await tokenOf(store, id), "out of memory");
    const failed = await store.findTrial(id);
    expect([failed?.status, failed?.failure]).toEqual(["failed", "out of memory"]);
    const { token } = await leased(store, id);
    expect(await store.findTrial(id)).toEqual({ id, spec: exampleTrial(0).spec, status: "running" });
    await store.releaseTrial(token);
    expect((await store.findTrial(id))?.failure).toEqual(undefined);
  },

  async "a finished trial is never leased again for what it has"({ world, store, id, expect }) {
    const had = measurementPlan({ steps: { every: 2 } });
    const { token } = await leased(store, id, had);
    await store.finishTrial(token, exampleEnd);
    const later = await world.open();
    for (const wanted of [had, measurementPlan(), measurementPlan({ steps: { every: 4 } })])
      expect(await later.leaseTrial(id, wanted)).toEqual({ kind: "finished" });
    expect(await later.findTrial(id)).toEqual({
      ...{ id, spec: exampleTrial(0).spec, status: "done", measured: had, end: exampleEnd },
    });
  },

  async "a finished trial that does not cover what is wanted is measured again, for all who want it"({
    store,
    run,
    id,
    expect,
  }) {
    const tensors = [{ of: "*.weight", at: "end" as const }];
    await store.finishTrial(await tokenOf(store, id, measurementPlan({ tensors })), exampleEnd);
    const later = await store.createRun(exampleRun);
    const measure = measurementPlan({ steps: { every: 1 } });
    await store.addTrials(later.id, "main", [{ ...exampleTrial(0), measure }]);
    const statuses = async () => {
      const [of, ofLater] = [await store.listTrials(run), await store.listTrials(later.id)];
      return [of[0].status, ofLater[0].status, (await store.findTrial(id))?.status];
    };
    expect(await statuses()).toEqual(["done", "pending", "done"]);
    const lease = await leased(store, id, measure);
    expect(lease.measure).toEqual(measurementPlan({ steps: { every: 1 }, tensors }));
    expect(await statuses()).toEqual(["done", "running", "done"]);
    // It fails, and its measurements stay.
    await store.failTrial(lease.token, "out of memory");
    expect(await statuses()).toEqual(["done", "pending", "done"]);
    await store.finishTrial(await tokenOf(store, id, measure), exampleEnd);
    expect(await statuses()).toEqual(["done", "done", "done"]);
    expect((await store.findTrial(id))?.measured).toEqual(lease.measure);
  },

  async "what was begun under another plan is not gone on with"({ store, id, expect }) {
    const little = await leased(store, id);
    await store.append(little.token, { through: 6, series: [exampleSeries(id, [1, 2])] });
    await store.releaseTrial(little.token);
    const more = await leased(store, id, measurementPlan({ steps: { every: 1 } }));
    expect([more.through, await seriesIn(store, id)]).toEqual([0, []]);
    await store.append(more.token, { through: 3, series: [exampleSeries(id, [1])] });
    await store.releaseTrial(more.token);
    // Conversely, a trial with more measurements than requested is continued.
    const less = await leased(store, id);
    expect([less.through, less.measure]).toEqual([3, more.measure]);
  },
};
